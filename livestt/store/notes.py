"""Names given on one server to speakers of a session that runs on another. Pure.

It writes that into the session's row like everything that is learned of a transcript, and leaves a
note there for the other server, which reads it when it next says that it looks after the session
(`livestt.store.transaction.touch`), and tells whoever reads along.

Who is told last is believed, and the order is that of the writing. While notes wait, what the other
server itself is told joins them, behind them; what it is told while it takes them, it says again
after them. It never writes what they say: the row has it, and may have something newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from livestt.events import SpeakerNamed, SpeakerSeparated, SpeakersMerged
from livestt.people import Told

MOST = 256
"""Notes that wait in a row. Who reads along does not learn of older ones; the row has their sum."""

Note = Mapping[str, Any]
_KINDS: Mapping[str, type[Told]] = {
    "named": SpeakerNamed,
    "merged": SpeakersMerged,
    "separated": SpeakerSeparated,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def noted(notes: Sequence[Note], told: Iterable[Told]) -> list[Note]:
    """These notes, and one for each of these events."""
    return [*notes, *map(_note, told)][-MOST:]


def told_by(notes: Iterable[Note]) -> list[Told]:
    """What notes say, in order; but not those that only a newer livestt understands."""
    return [event for note in notes if (event := _told(note)) is not None]


def _told(note: Note) -> Told | None:
    said = {"say": None, **note} if isinstance(note, Mapping) else {}
    try:
        event = _KINDS[said.pop("say")](**said, noted=True)
    except (KeyError, TypeError):
        return None
    kinds = {"name": str}
    known = all(isinstance(value, kinds.get(name, int)) for name, value in said.items())
    return event if known else None


def _note(event: Told) -> Note:
    said = {one.name: getattr(event, one.name) for one in fields(event) if one.name != "noted"}
    return {"say": _NAMES[type(event)], **said}
