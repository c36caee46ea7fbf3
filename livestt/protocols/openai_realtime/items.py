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

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import log
from typing import Any, Literal

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
from livestt.protocols.openai_rest.answer import speaker_of
from livestt.timebase import to_ms, to_seconds

Message = dict[str, Any]

TRANSCRIPTION = "conversation.item.input_audio_transcription"
LEAST_SCORE = 1e-6
"""A logarithm needs more than nothing."""


@dataclass(slots=True)
class Item:
    """Audio ``[start, end)`` and what was said in it."""

    id: str
    start: int
    end: int | None = None
    text: str = ""
    words: list[Word] = field(default_factory=list)
    """Kept where they are told one by one at the end."""
    languages: Counter[str] = field(default_factory=Counter)
    fault: str | None = None
    """Why some of it could not be transcribed."""


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
            self._say(f"{TRANSCRIPTION}.delta", item, delta=fresh, **self._sure(words))

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
                self._speech("stopped", self._open, audio_end_ms=self._later(self._owed[0].at))
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
        self._speech("started", item, audio_start_ms=self._later(at))
        return item

    def _stop(self, at: int) -> None:
        """Speech has ended, so the server commits it."""
        item = self._open
        if item is None or item.end is not None:
            return
        item.end = max(item.start, at)
        self._speech("stopped", item, audio_end_ms=self._later(at))
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
        content = [{"type": "input_audio", "transcript": None}]
        whole = {
            "id": item.id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": content,
        }
        self._messages.append(
            {
                "type": "input_audio_buffer.committed",
                "previous_item_id": before,
                "item_id": item.id,
            }
        )
        for step in ("created",) if self.beta else ("added", "done"):
            self._messages.append(
                {"type": f"conversation.item.{step}", "previous_item_id": before, "item": whole}
            )

    def _complete(self, item: Item, end: int) -> None:
        if item.fault is not None and not item.text:
            error = {"type": "server_error", "code": EngineError.code}
            self._say(
                f"{TRANSCRIPTION}.failed",
                item,
                error={**error, "message": item.fault, "param": None},
            )
            return
        self._segments(item)
        self._say(
            f"{TRANSCRIPTION}.completed",
            item,
            transcript=item.text,
            usage={"type": "duration", "seconds": to_seconds(max(0, end - item.start))},
            languages=[{"code": code} for code, _ in item.languages.most_common()],
            **self._sure(item.words),
        )

    def _segments(self, item: Item) -> None:
        """Who said what, where that is known."""
        runs: list[list[Word]] = []
        for word in item.words:
            if word.speaker is None:
                continue
            if not runs or runs[-1][-1].speaker != word.speaker:
                runs.append([])
            runs[-1].append(word)
        for number, run in enumerate(runs):
            self._say(
                f"{TRANSCRIPTION}.segment",
                item,
                id=f"seg_{item.id}_{number}",
                text="".join(word.text for word in run).strip(),
                speaker=speaker_of(run[0].speaker),
                start=to_seconds(run[0].start),
                end=to_seconds(run[-1].end),
            )

    def _sure(self, words: Iterable[Word]) -> dict[str, Any]:
        """``logprobs``, one for each word, if the client wants them."""
        if not self.logprobs:
            return {}
        return {
            "logprobs": [
                {
                    "token": word.text,
                    "logprob": log(max(LEAST_SCORE, min(1.0, word.score))),
                    "bytes": list(word.text.encode()),
                }
                for word in words
            ]
        }

    def _later(self, at: int) -> int:
        """A time in milliseconds. What was told never goes back."""
        self._clock = max(self._clock, at)
        return to_ms(self._clock)

    def _speech(self, what: str, item: Item, **fields: Any) -> None:
        self._messages.append(
            {"type": f"input_audio_buffer.speech_{what}", **fields, "item_id": item.id}
        )

    def _say(self, kind: str, item: Item, **fields: Any) -> None:
        self._messages.append({"type": kind, "item_id": item.id, "content_index": 0, **fields})

    def _take(self) -> list[Message]:
        messages, self._messages = self._messages, []
        return messages
