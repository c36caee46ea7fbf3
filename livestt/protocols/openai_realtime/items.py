"""Conversation items: what was said, cut by pauses or by the client's commits.

While the server detects turns, each utterance is an item. Its words are told as they are
committed, while speech goes on, so an item's deltas come before the event that commits it::

    speech_started, delta*, speech_stopped, committed, item added, delta*, completed

While the client commits, an item is all that was said between two commits, silence or not::

    delta*, committed, item added, delta*, completed

A commit is a flush of the session: words that come before its answer belong to its item. So
are the changes that must not mix what was said before with what is said after them: clearing
the buffer, and letting the other side detect turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from livestt.errors import EngineError
from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    SpeechEnded,
    SpeechStarted,
    UtteranceEnded,
    Warned,
    Word,
)
from livestt.protocols.openai_realtime.item import Item, Message
from livestt.timebase import to_ms


@dataclass(slots=True)
class Owed:
    """A flush that the session has not answered yet."""

    kind: Literal["commit", "clear", "turns"]
    at: int
    """Samples received before it."""
    item: Item | None = None
    """What a client that commits by itself gets."""
    announced: bool = False
    """Whether the client has been told of ``item``."""
    detects: bool = False
    """Kind ``turns``: whether the server detects them afterwards."""


class Items:
    """The items of one session, from its events.

    Args:
        name: makes the items' ids unique.
        detects: whether the server detects turns.

    Attributes:
        beta: whether items are announced in the words of the beta.
        logprobs: whether deltas and transcripts tell how sure the engine is.
    """

    def __init__(self, name: str, *, detects: bool) -> None:
        self.beta = False
        self.logprobs = False
        self._name = name
        self._detects = detects
        self._count = 0
        self._open: Item | None = None
        self._owed: deque[Owed] = deque()
        self._last_committed: str | None = None
        self._clock = 0
        self._messages: list[Message] = []

    def receive_events(self, events: Iterable[Event]) -> list[Message]:
        """What the session says, in order."""
        for event in events:
            self._receive(event)
        return self._take()

    def receive_commit(self, start: int, at: int, *, detects: bool) -> list[Message]:
        """The client commits the audio up to sample ``at``; a flush follows.

        Args:
            start: where the audio since the last commit starts.
            at: samples received.
            detects: whether, as far as the client knows, the server detects turns.
        """
        if detects:
            self._owed.append(Owed("commit", at))
            return []
        item = None
        if not self._owed and not self._detects:
            item, self._open = self._open, None
        item = item or self._new(start)
        item.start = start
        self._owed.append(Owed("commit", at, item))
        self._advance()
        return self._take()

    def receive_clear(self, at: int) -> list[Message]:
        """The client wants what it has not committed forgotten; a flush follows."""
        self._owed.append(Owed("clear", at))
        self._advance()
        return self._take()

    def receive_turns(self, at: int, *, detects: bool) -> None:
        """The other side detects turns from sample ``at`` on; a flush follows if it is not 0."""
        if at == 0:
            self._detects = detects
            return
        self._owed.append(Owed("turns", at, detects=detects))

    def abandon(self, reason: str) -> list[Message]:
        """The session is over before its time: what it still owes will not come."""
        for item in [*(owed.item for owed in self._owed), self._open]:
            if item is not None:
                item.fault = reason
                item.text = ""
                self._complete(item, item.start)
        self._owed.clear()
        self._open = None
        return self._take()

    def _receive(self, event: Event) -> None:
        match event:
            case SpeechStarted(at):
                if self._by_speech:
                    self._open = self._begin(at)
            case Committed(words):
                self._add(words)
            case SpeechEnded(at):
                if self._by_speech:
                    self._stop(at)
            case UtteranceEnded(_, end):
                if self._detects:
                    self._close(end)
            case Flushed():
                self._answer()
            case Ended(at):
                self._close(at)
            case Warned(EngineError.code, message):
                item = self._current
                if item is not None:
                    item.fault = message
            case _:
                pass

    @property
    def _by_speech(self) -> bool:
        """Whether what comes now is cut into items by pauses."""
        return self._detects and not self._clearing

    @property
    def _clearing(self) -> bool:
        """Whether what comes now is to be forgotten."""
        return bool(self._owed) and self._owed[0].kind == "clear"

    @property
    def _current(self) -> Item | None:
        """The item that words belong to now, if there is one already."""
        return (self._owed[0].item if self._owed else None) or self._open

    def _add(self, words: tuple[Word, ...]) -> None:
        item = self._current
        if self._clearing and (item is None or item.end is None):
            return
        if item is None:
            start = words[0].start
            item = self._open = self._begin(start) if self._detects else self._new(start)
        fresh = "".join(word.text for word in words)
        fresh = fresh if item.text else fresh.lstrip()
        item.languages.update(word.language for word in words if word.language)
        if self.logprobs or words[0].speaker is not None:
            item.words += words
        if fresh:
            item.text += fresh
            self._messages.append(item.delta(fresh, words, logprobs=self.logprobs))

    def _answer(self) -> None:
        """The oldest flush has been answered: what it was for is complete."""
        if not self._owed:
            return
        owed = self._owed.popleft()
        if owed.item is not None:
            self._complete(owed.item, owed.at)
        elif owed.kind == "commit" and self._open is None:
            silent = self._new(owed.at)
            self._commit(silent)
            self._complete(silent, owed.at)
        elif owed.kind != "clear":
            self._close(owed.at)
        if owed.kind == "turns":
            self._detects = owed.detects
        self._advance()

    def _advance(self) -> None:
        """Do what can be done before the next answer comes."""
        if self._clearing and self._open is not None and self._open.end is None:
            if self._detects:
                self._messages.append(self._open.stopped(self._later(self._owed[0].at)))
            self._open = None
        for owed in self._owed:
            if owed.kind == "turns" or (owed.kind == "commit" and owed.item is None):
                break  # it will commit an item that comes before the later ones
            if owed.item is not None and not owed.announced:
                owed.announced = True
                self._commit(owed.item)

    def _new(self, start: int) -> Item:
        self._count += 1
        return Item(f"item_{self._name}_{self._count}", start)

    def _begin(self, at: int) -> Item:
        """Somebody starts to speak, or goes on after a commit in the middle of it."""
        item = self._new(at)
        self._messages.append(item.started(self._later(at)))
        return item

    def _stop(self, at: int) -> None:
        """Speech has ended, so the server commits it."""
        item = self._open
        if item is None or item.end is not None:
            return
        item.end = max(item.start, at)
        self._messages.append(item.stopped(self._later(at)))
        self._commit(item)

    def _close(self, at: int) -> None:
        """What is open, if anything, is complete."""
        item = self._open
        if item is None:
            return
        if self._detects:
            self._stop(at)
        else:
            self._commit(item)
        self._open = None
        self._complete(item, item.end or at)

    def _commit(self, item: Item) -> None:
        before, self._last_committed = self._last_committed, item.id
        self._messages += item.committed(before, beta=self.beta)

    def _complete(self, item: Item, end: int) -> None:
        self._messages += item.completed(end, logprobs=self.logprobs)

    def _later(self, at: int) -> int:
        """A time in milliseconds. What was told never goes back."""
        self._clock = max(self._clock, at)
        return to_ms(self._clock)

    def _take(self) -> list[Message]:
        messages, self._messages = self._messages, []
        return messages
