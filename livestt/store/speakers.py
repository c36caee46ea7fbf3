"""Writes who says the words of many sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from livestt.store import reading
from livestt.store.entries import Entry, clean
from livestt.store.notes import noted
from livestt.store.schema import session_voices, sessions, words
from livestt.store.speaker_columns import changed, told_columns, written

_VOICE = (
    update(words)
    .where(words.c.session == bindparam("of"), words.c.n == bindparam("number"))
    .values(speaker=bindparam("whose"))
)


def write_speakers(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write whose the words are, and who that is.

    Args:
        connection: in a transaction, in which the words are written already.
        entries: in order.
    """
    heard: list[dict[str, Any]] = []
    for entry in entries:
        heard += [{"of": entry.session, "number": n, "whose": whose} for n, whose in entry.voices]
        _write_people(connection, entry)
        _write_voices(connection, entry)
    if heard:
        connection.execute(_VOICE, heard)


def _write_people(connection: Connection, entry: Entry) -> None:
    """Who the speakers of one session are."""
    learned = (entry.names, entry.merged, entry.recognized, entry.overruled, entry.told)
    if not (any(learned) or entry.ended):
        return
    this = sessions.c.id == entry.session
    columns = sessions.c.speakers, sessions.c.merged, sessions.c.recognized, sessions.c.notes
    names, merged, recognized, notes = connection.execute(select(*columns).where(this)).one()
    known = dict.fromkeys(person for person, _ in (*entry.recognized, *entry.overruled))
    known |= {p: written(event, given=True) for p, event in entry.overruled if event}
    known |= {p: written(event) for p, event in entry.recognized if event}
    new = {
        "speakers": changed(names, [(person, clean(name)) for person, name in entry.names]),
        "merged": changed(merged, entry.merged),
        "recognized": {} if entry.ended else changed(recognized, known.items()),
    }
    if new != {"speakers": names, "merged": merged, "recognized": recognized}:
        connection.execute(update(sessions).where(this).values(new))
    if entry.told and notes and not entry.ended:
        row = reading.stored(connection, entry.session)
        assert row is not None, "it has just been written to"
        later = told_columns(row, entry.told) | {"notes": noted(notes, entry.told)}
        connection.execute(update(sessions).where(this).values(later))


def _write_voices(connection: Connection, entry: Entry) -> None:
    """What the speakers of one session sound like; nothing once it has ended."""
    mine = session_voices.c.session == entry.session
    if entry.ended:
        connection.execute(delete(session_voices).where(mine))
        return
    newest = {event.speaker: event for event in entry.heard}
    if not newest:
        return
    connection.execute(delete(session_voices).where(mine, session_voices.c.speaker.in_(newest)))
    rows = [
        {
            "session": entry.session,
            "speaker": event.speaker,
            "heard": event.heard,
            "model": event.model,
            "vector": event.vector,
        }
        for event in newest.values()
    ]
    connection.execute(insert(session_voices), rows)
