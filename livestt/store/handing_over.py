"""What a server that stops leaves to the next one. Pure.

It transcribes what it has heard to the end, because perhaps nobody comes back. But the audio stops
anywhere, in the middle of a word too, and its last words are heard without what would have come
after them. Where the audio can be sent again these words are therefore not committed but left
(`livestt.events.Ended`): readers see them as words that may still change, the store has them, and
the next server takes them back and hears them again. Words after which there was a pause, or which
the client wanted to be final, are whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from livestt.events import (
    Attributed,
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    Progress,
    SpeechStarted,
    Voice,
    Word,
)


class HandingOver:
    """Holds back what a session commits once its server stops.

    Args:
        words: how many were committed before the session's first event.

    Attributes:
        begun: whether the server stops.
    """

    def __init__(self, words: int = 0) -> None:
        self.begun = False
        self._next = words
        self._left: list[Word] = []
        self._known = 0  # of these, the first, whose speaker was told

    def follow(self, events: Sequence[Event]) -> list[Event]:
        """The session's events, as they are to be said."""
        return [said for event in events for said in self._follow(event)]

    def _follow(self, event: Event) -> list[Event]:
        match event:
            case Committed(words) if self.begun:
                self._left += words
                return [Interim(tuple(self._left))]
            case Committed(words):
                self._next += len(words)
            case Interim(words) if self._left:
                return [Interim((*self._left, *words))]
            case Progress() if self._left:
                return [replace(event, committed=min(event.committed, self._left[0].start))]
            case Attributed(first, voices) if self._left:
                known = max(0, self._next - first)
                self._attribute(max(0, first - self._next), voices[known:])
                return [Attributed(first, voices[:known])] if known else []
            case SpeechStarted() | Flushed() if self._left:
                return [*self._commit(), event]
            case Ended() if self._left:
                return [replace(event, left=tuple(self._left))]
        return [event]

    def _attribute(self, first: int, voices: Sequence[Voice]) -> None:
        """Whose the words are that are left, from this one of them on."""
        for i, voice in enumerate(voices, first):
            self._left[i] = replace(self._left[i], speaker=voice.speaker, over=voice.over)
            self._known = max(self._known, i + 1)

    def _commit(self) -> list[Event]:
        """What was left so far is said after all."""
        words, first = tuple(self._left), self._next
        voices = tuple(Voice(word.speaker, word.over) for word in words[: self._known])
        self._next += len(words)
        self._left, self._known = [], 0
        return [Committed(words), *([Attributed(first, voices)] if voices else [])]
