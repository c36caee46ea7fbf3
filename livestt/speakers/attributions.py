"""Which person said which words, as what the diarizer said of channels is corrected. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from livestt.events import Attributed, Voice, Word
from livestt.speakers.channels import Channels


@dataclass(slots=True)
class _Said:
    middle: int
    """Sample."""
    heard: Voice | None = None
    """By channel; None until it is known."""
    said: Voice | None = None
    """By person, as it was told."""


class Attributions:
    """The words of one session whose speaker may still change.

    Args:
        channels: which person a channel is.
        memory: samples after which a word stays whose it is.
    """

    def __init__(self, channels: Channels, memory: int) -> None:
        self._channels = channels
        self._memory = memory
        self._words: deque[_Said] = deque()
        self._first = 0

    def receive(self, words: Iterable[Word]) -> None:
        """Take committed words, in order."""
        self._words += [_Said((word.start + word.end) // 2) for word in words]
        while self._words[0].middle < self._words[-1].middle - self._memory:
            self._words.popleft()
            self._first += 1

    def attribute(self, event: Attributed) -> Attributed:
        """What was said of channels, said of people."""
        people = []
        for number, voice in enumerate(event.voices, event.first):
            if number < self._first:
                people.append(self._of(voice, 0))
                continue
            word = self._words[number - self._first]
            word.heard, word.said = voice, self._of(voice, word.middle)
            people.append(word.said)
        return Attributed(event.first, tuple(people))

    def revised(self) -> list[Attributed]:
        """The words that are somebody else's now, in runs."""
        runs: list[tuple[int, list[Voice]]] = []
        for number, word in enumerate(self._words, self._first):
            if word.heard is None:
                continue
            voice = self._of(word.heard, word.middle)
            if voice == word.said:
                continue
            word.said = voice
            if runs and runs[-1][0] + len(runs[-1][1]) == number:
                runs[-1][1].append(voice)
            else:
                runs.append((number, [voice]))
        return [Attributed(first, tuple(voices)) for first, voices in runs]

    def _of(self, voice: Voice, at: int) -> Voice:
        if voice.speaker is None and not voice.over:
            return voice
        person = self._channels.person
        speaker = None if voice.speaker is None else person(voice.speaker, at)
        over = tuple(sorted({person(other, at) for other in voice.over} - {speaker}))
        return Voice(speaker, over)
