"""Who the numbered speakers are: names, and numbers that are one person after all. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from livestt.events import (
    Event,
    SpeakerNamed,
    SpeakerRecognized,
    SpeakerSeparated,
    SpeakersMerged,
)


class People:
    """What somebody who knows the speakers has said about them; a fold of events."""

    def __init__(self) -> None:
        self._given: dict[int, str] = {}
        """By hand; empty for people who are to have no name."""
        self._recognized: dict[int, SpeakerRecognized] = {}
        self._same: dict[int, int] = {}

    @property
    def names(self) -> Mapping[int, str]:
        """The people who have a name; one that was given counts more than one recognised."""
        names = {person: event.name for person, event in self._recognized.items()} | self._given
        return {person: name for person, name in names.items() if name}

    @property
    def recognized(self) -> Mapping[int, SpeakerRecognized]:
        """The people whose name comes from their voice."""
        return {p: event for p, event in self._recognized.items() if p not in self._given}

    @property
    def same(self) -> Mapping[int, int]:
        """Speakers merged into another person, and that person's number."""
        return self._same

    def person(self, speaker: int | None) -> int | None:
        """The number of the person a speaker is; None stays None."""
        return None if speaker is None else self._same.get(speaker, speaker)

    def apply(self, event: Event) -> bool:
        """Take one event; whether it merged or separated anybody."""
        match event:
            case SpeakerNamed(speaker, name):
                self._given[self._same.get(speaker, speaker)] = name
            case SpeakerRecognized(speaker, name):
                person = self._same.get(speaker, speaker)
                self._recognized.pop(person, None)
                if name:
                    self._recognized[person] = event
            case SpeakersMerged(speaker, into):
                return self._merge(self._same.get(speaker, speaker), self._same.get(into, into))
            case SpeakerSeparated(speaker):
                before = len(self._same)
                self._same = {one: to for one, to in self._same.items() if to != speaker}
                return len(self._same) != before
            case _:
                pass
        return False

    def _merge(self, person: int, into: int) -> bool:
        if person == into:
            return False
        moved = {one: into if to == person else to for one, to in self._same.items()}
        self._same = {**moved, person: into}
        given = [name for one in (into, person) if (name := self._given.pop(one, ""))]
        known = [self._recognized.pop(one, None) for one in (into, person)]
        if given:
            self._given[into] = given[0]
        for event in filter(None, reversed(known)):
            self._recognized[into] = event
        return True
