"""What a session's columns hold that say who its speakers are. Pure.

They hold JSON, by the speaker's number. What no livestt has written there is left out: a damaged
row costs the names in it, and nobody else anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from livestt.events import SpeakerRecognized, SpeakersMerged
from livestt.people import People, Told
from livestt.store.entries import Stored, clean

T = TypeVar("T")


def names_of(column: Mapping[str, Any]) -> dict[int, str]:
    """The names that people have."""
    return _by_speaker(column, str)


def merged_of(column: Mapping[str, Any]) -> Mapping[int, int]:
    """Speakers, and the person that each is. A session and somebody who changes its transcript may
    have merged the same ones, neither knowing of the other."""
    return People(SpeakersMerged(n, into) for n, into in _by_speaker(column, int).items()).same


def recognized_of(column: Mapping[str, Any], *, given: bool) -> dict[int, SpeakerRecognized]:
    """Whom people were recognised as.

    Args:
        column: of all of them.
        given: those who have a name, or none, by hand; or else the others.
    """
    every = {n: _recognized(n, known, given) for n, known in _by_speaker(column, dict).items()}
    return {n: event for n, event in every.items() if event is not None}


def _recognized(n: int, known: Mapping[str, Any], given: bool) -> SpeakerRecognized | None:
    match known:
        case {"name": str(name), "voice": str(voice), "similarity": float() | int() as similarity}:
            mine = known.get("given", False) is given
            return SpeakerRecognized(n, name, voice, similarity) if mine else None
    return None


def _by_speaker(column: Mapping[str, Any], kind: type[T]) -> dict[int, T]:
    return {
        int(n): value for n, value in column.items() if n.isdecimal() and isinstance(value, kind)
    }


def told_columns(row: Stored, told: Iterable[Told]) -> dict[str, Any]:
    """The columns, after somebody said this of the speakers."""
    people = People([*row.told, *told])
    return {
        "speakers": {str(person): clean(name) for person, name in people.names.items()},
        "merged": {str(speaker): into for speaker, into in people.same.items()},
        "recognized": {
            str(p): written(event, given=p in people.overruled) for p, event in people.alike.items()
        },
    }


def written(event: SpeakerRecognized, *, given: bool = False) -> dict[str, Any]:
    """Whom a speaker was recognised as, as its column holds it.

    Args:
        event: said it.
        given: whether the speaker's name, or want of one, comes from somebody all the same.
    """
    return {
        "given": given,
        "name": clean(event.name),
        "voice": event.voice,
        "similarity": round(event.similarity, 4),
    }


def changed(known: Mapping[str, Any], changes: Iterable[tuple[int, Any]]) -> dict[str, Any]:
    """A column with these changes; what is empty is taken away."""
    now = {**known, **{str(speaker): value for speaker, value in changes}}
    return {speaker: value for speaker, value in now.items() if value}
