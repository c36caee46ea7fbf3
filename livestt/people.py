"""Who the numbered speakers are: names, and numbers that are one person after all. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from livestt.events import Event, SpeakerNamed, SpeakerSeparated, SpeakersMerged


class People:
    """What somebody who knows the speakers has said about them; a fold of events."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._same: dict[int, int] = {}

    @property
    def names(self) -> Mapping[int, str]:
        """The people who have a name."""
        return self._names

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
                self._rename(self._same.get(speaker, speaker), name)
            case SpeakersMerged(speaker, into):
                return self._merge(self._same.get(speaker, speaker), self._same.get(into, into))
            case SpeakerSeparated(speaker):
                before = len(self._same)
                self._same = {one: to for one, to in self._same.items() if to != speaker}
                return len(self._same) != before
            case _:
                pass
        return False

    def _rename(self, person: int, name: str) -> None:
        self._names = {**self._names, person: name}
        if not name:
            del self._names[person]

    def _merge(self, person: int, into: int) -> bool:
        if person == into:
            return False
        moved = {one: into if to == person else to for one, to in self._same.items()}
        self._same = {**moved, person: into}
        name = self._names.get(into) or self._names.get(person) or ""
        self._rename(person, "")
        self._rename(into, name)
        return True
