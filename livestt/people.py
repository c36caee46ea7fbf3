"""Who the numbered speakers are: names, and numbers that are one person after all. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from livestt.events import (
    Event,
    SpeakerNamed,
    SpeakerRecognized,
    SpeakerSeparated,
    SpeakersMerged,
)

Told = SpeakerNamed | SpeakersMerged | SpeakerSeparated
"""What somebody who knows the speakers can say about them."""


class People:
    """What somebody who knows the speakers has said about them; a fold of events.

    Args:
        told: what has been said already.
    """

    def __init__(self, told: Iterable[Event] = ()) -> None:
        self._given: dict[int, str] = {}
        """By hand; empty for people who are to have no name."""
        self._recognized: dict[int, SpeakerRecognized] = {}
        self._same: dict[int, int] = {}
        for event in told:
            self.apply(event)

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
    def told(self) -> list[Event]:
        """What makes another fold of events know the same."""
        return [
            *(SpeakersMerged(speaker, into) for speaker, into in self._same.items()),
            *self._recognized.values(),
            *(SpeakerNamed(person, name) for person, name in self._given.items()),
        ]

    @property
    def overruled(self) -> Mapping[int, SpeakerRecognized]:
        """The people who sound like somebody, and were given another name or none."""
        return {p: event for p, event in self._recognized.items() if p in self._given}

    @property
    def alike(self) -> Mapping[int, SpeakerRecognized]:
        """The people who sound like somebody, whatever name they were given."""
        return self._recognized

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
                # Whoever has become another person has no name of their own to take away.
                if name or speaker not in self._same:
                    self._given[self._same.get(speaker, speaker)] = name
            case SpeakerRecognized(speaker, name):
                person = self._same.get(speaker, speaker)
                self._recognized.pop(person, None)
                if name:
                    self._recognized[person] = replace(event, speaker=person)
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
        """The name of the one that stays stays too; only if it has none, the other's is its."""
        if person == into:
            return False
        moved = {one: into if to == person else to for one, to in self._same.items()}
        names, by_voice = self.names, self.recognized
        both = (person, into) if person in names and into not in names else (into, person)
        self._same = {**moved, person: into}
        given = [self._given.pop(one) for one in both if one in self._given]
        known = [self._recognized.pop(one) for one in both if one in self._recognized]
        if given and both[0] not in by_voice:
            self._given[into] = given[0]
        if known:
            self._recognized[into] = replace(known[0], speaker=into)
        return True


def regrouped(told: Iterable[Event], wanted: Mapping[int, int | None]) -> list[Told]:
    """What to say so that speakers are these people.

    Args:
        told: what has been said about them already.
        wanted: speakers, and the number of the person that each is; None for a person of its own.
    """
    people = People(told)
    said: list[Told] = []

    def say(event: Told) -> None:
        people.apply(event)
        said.append(event)

    for speaker, into in wanted.items():
        now = people.same.get(speaker)
        person = people.person(into)
        if now is not None and now != person:
            others = [one for one, to in people.same.items() if to == now and one != speaker]
            say(SpeakerSeparated(now))
            for one in others:
                say(SpeakersMerged(one, now))
        if person is not None and person != people.person(speaker):
            say(SpeakersMerged(speaker, person))
    return said
