"""What ``PATCH /transcripts/ID`` may change of a transcript. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from livestt.errors import BadRequest
from livestt.events import Event, SpeakerNamed
from livestt.people import People, Told, regrouped
from livestt.protocols.native import MAX_SPEAKER

LONGEST_NAME = 200
"""Characters of a title, and of a speaker's name."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants to be different."""

    title: str | None = None
    """None leaves it."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Names of speakers, by number; an empty one takes the name away."""
    merged: Mapping[int, int | None] = field(default_factory=dict)
    """Speakers, and the person that each is; None for a person of its own."""

    def said_of(self, known: Iterable[Event]) -> list[Told]:
        """What a session says of its speakers when this is done.

        Names are those of the speakers before they become one person, and after they are taken
        apart, so that nobody loses a name to another of the same edit.

        Args:
            known: what it has said of them already.
        """
        known = list(known)
        person = People(known).person
        leaving = [
            one for one, to in self.merged.items() if to is None or person(to) != person(one)
        ]
        said = regrouped(known, dict.fromkeys(leaving))
        said += self._named(People([*known, *said]))
        return [*said, *regrouped([*known, *said], self.merged)]

    def _named(self, people: People) -> list[Told]:
        """The names to give these people; the name of a speaker who stays merged into another only
        if that other has none."""
        asked = {one for one, to in self.merged.items() if to is not None}
        same = {one: to for one, to in people.same.items() if one in asked}
        own = {one: name for one, name in self.names.items() if one not in same}
        named = {**people.names, **own}
        rest = {
            one: self.names[one] for one in same if one in self.names and not named.get(same[one])
        }
        return [SpeakerNamed(speaker, name) for speaker, name in {**own, **rest}.items()]


def parse_edit(body: Mapping[str, object]) -> Edit:
    """An edit as JSON writes it: ``{"title": "Monday", "speakers": {"1": "Ann"}, "merged": {"3": 1,
    "2": null}}``.

    Raises:
        BadRequest: a value that is none; says what to send.
    """
    title = body.get("title")
    if title is not None and not _is_name(title):
        raise BadRequest(f"title must be text of at most {LONGEST_NAME} characters, without NUL")
    return Edit(title, _names(body.get("speakers")), _merged(body.get("merged")))


def _names(value: object) -> dict[int, str]:
    names = _by_speaker("speakers", value)
    if not all(map(_is_name, names.values())):
        raise BadRequest(f"speakers must map numbers to names of at most {LONGEST_NAME} characters")
    return {number: " ".join(str(name).split()) for number, name in names.items()}


def _merged(value: object) -> dict[int, int | None]:
    merged: dict[int, int | None] = {}
    for speaker, into in _by_speaker("merged", value).items():
        if into is not None and not (type(into) is int and 1 <= into <= MAX_SPEAKER):
            raise BadRequest("merged must map numbers of speakers to such numbers, or to null")
        if into == speaker:
            raise BadRequest(f"merged: speaker {speaker} with itself; null undoes a merge")
        merged[speaker] = into
    return merged


def _by_speaker(field: str, value: object) -> dict[int, object]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(map(_is_speaker, value)):
        raise BadRequest(f"{field} must have speakers as keys, from 1 to {MAX_SPEAKER}")
    return {int(number): one for number, one in value.items()}


def _is_speaker(number: str) -> bool:
    digits = number.isascii() and number.isdecimal() and len(number) <= len(str(MAX_SPEAKER))
    return digits and 1 <= int(number) <= MAX_SPEAKER


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= LONGEST_NAME and _is_text(value)


def _is_text(value: str) -> bool:
    """Whether a database can keep it, and JSON show it: no NUL, no half of a character."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
