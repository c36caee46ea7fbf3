"""For protocols that cannot correct: words are committed once their speaker is known. Pure.

A fold from a session's events to events of the same kind, in which `Committed` words carry their
speaker and no `Attributed` follows. Until then committed words are shown as interim ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Event,
    Interim,
    LanguageDetected,
    Progress,
    SpeakerRecognized,
    SpeakerTurn,
    VoiceHeard,
    Warned,
    Word,
)


class Gate:
    """Holds committed words, and what came after them, until it is known whose they are."""

    def __init__(self) -> None:
        self._held: deque[Word] = deque()
        self._behind: deque[tuple[int, Event]] = deque()  # after so many words in all
        self._passed = 0
        self._interim: tuple[Word, ...] = ()
        self._shown: tuple[Word, ...] = ()

    def follow(self, events: Iterable[Event]) -> list[Event]:
        """The events that can be said now."""
        said: list[Event] = []
        for event in events:
            match event:
                case Committed(words):
                    self._held += words
                    self._interim = ()
                case Interim(words):
                    self._interim = words
                case Attributed():
                    said += self._release(event)
                case Diarized():
                    pass
                case Progress() if self._held:
                    committed = min(event.committed, self._held[0].start)
                    said.append(replace(event, committed=committed))
                case Progress() | LanguageDetected() | Warned():
                    said.append(event)
                case SpeakerTurn() | SpeakerRecognized() | VoiceHeard():
                    said.append(event)
                case _:
                    said += self._say_interim()
                    self._behind.append((self._passed + len(self._held), event))
                    said += self._let_by()
        return said + self._say_interim()

    def _release(self, event: Attributed) -> list[Event]:
        """Words whose speaker is known now; a correction comes too late."""
        voices = event.voices[max(0, self._passed - event.first) :]
        words = [
            replace(self._held.popleft(), speaker=voice.speaker, over=voice.over)
            for voice in voices
        ]
        said: list[Event] = []
        while words:
            until = self._behind[0][0] - self._passed if self._behind else len(words)
            ready, words = words[:until], words[until:]
            if ready:
                self._shown = ()
                said.append(Committed(tuple(ready)))
            self._passed += len(ready)
            said += self._let_by()
        return said

    def _let_by(self) -> list[Event]:
        said = []
        while self._behind and self._behind[0][0] <= self._passed:
            said.append(self._behind.popleft()[1])
        return said

    def _say_interim(self) -> list[Event]:
        """What is not committed here, if that is something new."""
        shown = (*self._held, *self._interim)
        if shown == self._shown:
            return []
        self._shown = shown
        return [Interim(shown)]
