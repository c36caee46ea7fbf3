"""The former numbers of the speakers of a resumed session. Pure.

A process that goes on with a session tells speakers apart anew. What it hears again ends with words
whose speaker is stored: whoever it hears there is who was heard there before. Nobody else can be
known again by that; they get numbers that nobody had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from livestt.events import Attributed, Ended, Event, SpeakerTurn, Voice, Word


class Renumbering:
    """The numbers of a session's second half.

    Args:
        known: words that are heard again and whose speaker is stored; they count from 0.
        speakers: highest number that anybody had before.
    """

    def __init__(self, known: Sequence[Word], speakers: int) -> None:
        self._known = [word.speaker for word in known]
        self._settled = not known
        """Whether it is known whom the known words were heard from."""
        self._numbers: dict[int, int] = {}
        """By the number in the second half."""
        self._following = speakers + 1
        self._turns: list[SpeakerTurn] = []
        """Of who may turn out to have a number."""

    def follow(self, event: Event) -> list[Event]:
        """What the diarizer says, in the numbers of the whole session; the words that were known
        keep the speaker they have."""
        match event:
            case SpeakerTurn() if not self._settled:
                self._turns.append(event)
                return []
            case SpeakerTurn(speaker):
                return [replace(event, speaker=self._number(speaker))]
            case Attributed(first, voices):
                self._recognize(first, voices)
                new = max(first, len(self._known))
                rest = tuple(map(self._renumbered, voices[new - first :]))
                return [*self._turns_by(), *([Attributed(new, rest)] if rest else [])]
            case Ended():
                self._settled = True
                return [*self._turns_by(), event]
        return [event]

    def _recognize(self, first: int, voices: Sequence[Voice]) -> None:
        """Take notice of whose the known words are said to be now."""
        for stored, voice in zip(self._known[first:], voices, strict=False):
            new = voice.speaker is not None and voice.speaker not in self._numbers
            if voice.speaker and new and stored and stored not in self._numbers.values():
                self._numbers[voice.speaker] = stored
        last = voices[max(0, len(self._known) - 1 - first) :]
        self._settled = self._settled or any(voice.speaker is not None for voice in last)

    def _turns_by(self) -> list[Event]:
        if not self._settled:
            return []
        turns, self._turns = self._turns, []
        return [replace(turn, speaker=self._number(turn.speaker)) for turn in turns]

    def _renumbered(self, voice: Voice) -> Voice:
        speaker = None if voice.speaker is None else self._number(voice.speaker)
        return Voice(speaker, tuple(sorted(map(self._number, voice.over))))

    def _number(self, speaker: int) -> int:
        if speaker not in self._numbers:
            self._numbers[speaker] = self._following
            self._following += 1
        return self._numbers[speaker]
