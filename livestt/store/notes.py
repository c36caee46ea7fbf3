"""Names given on one server to speakers of a session that runs on another. Pure.

It writes that into the session's row like everything that is learned of a transcript, and leaves a
note there for the other server, which reads it when it next says that it looks after the session
(`livestt.store.transaction.touch`), and tells whoever reads along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
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
    return [*notes, *({"say": _NAMES[type(event)], **asdict(event)} for event in told)][-MOST:]


def told_by(notes: Iterable[Note]) -> list[Told]:
    """What notes say, in order."""
    return [
        _KINDS[note["say"]](**{name: value for name, value in note.items() if name != "say"})
        for note in notes
    ]
