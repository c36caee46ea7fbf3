"""One transaction for what many sessions have to say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from livestt.events import Word
from livestt.store.entries import Entry, Line, Opening, milliseconds
from livestt.store.schema import lines, sessions, words

_WORD = insert(words)
_LINE = insert(lines)
_SESSION = insert(sessions)
_VOICE = (
    update(words)
    .where(words.c.session == bindparam("of"), words.c.n == bindparam("number"))
    .values(speaker=bindparam("whose"))
)
_PROGRESS = (
    update(sessions)
    .where(sessions.c.id == bindparam("of"))
    .values(
        seen=bindparam("now"),
        received=bindparam("heard"),
        committed=bindparam("done"),
        words=bindparam("count"),
        language=func.coalesce(bindparam("spoken"), sessions.c.language),
        ended=bindparam("over"),
        missing=sessions.c.missing + bindparam("lost"),
    )
)


def write(
    connection: Connection, entries: Sequence[Entry], lost: dict[str, int], now: datetime
) -> set[int]:
    """Write entries, in order.

    Args:
        connection: in a transaction, which the caller commits.
        entries: of any sessions.
        lost: words of sessions that could not be kept.
        now: the time of day.

    Returns:
        Positions of the entries that were refused: their session was deleted, or another server
        goes on with it.
    """
    seen = milliseconds(now)
    opened = [e.opening for e in entries if e.opening is not None]
    if opened:
        connection.execute(_SESSION, [_opening(opening, seen) for opening in opened])
    epochs = _epochs(connection, {entry.session for entry in entries})
    refused = {i for i, e in enumerate(entries) if epochs.get(e.session) != e.epoch}
    taken = [entry for i, entry in enumerate(entries) if i not in refused]
    said = [_word(e.session, e.first + i, w) for e in taken for i, w in enumerate(e.words)]
    closed = [line_row(entry.session, line) for entry in taken for line in entry.lines]
    if said:
        connection.execute(_WORD, said)
    if closed:
        connection.execute(_LINE, closed)
    heard = [
        {"of": entry.session, "number": number, "whose": whose}
        for entry in taken
        for number, whose in entry.voices
    ]
    if heard:
        connection.execute(_VOICE, heard)
    for entry in taken:
        _write_people(connection, entry)
    last = {entry.session: entry for entry in taken}
    if last:
        connection.execute(
            _PROGRESS,
            [_progress(entry, seen, lost.get(entry.session, 0)) for entry in last.values()],
        )
    empty = [entry.session for entry in last.values() if entry.ended and not _count(entry)]
    if empty:
        connection.execute(delete(sessions).where(sessions.c.id.in_(empty)))
    return refused


def _write_people(connection: Connection, entry: Entry) -> None:
    """Who the speakers of one session are."""
    for speaker, into in entry.merged:
        mine = (words.c.session == entry.session) & (words.c.speaker == speaker)
        connection.execute(update(words).where(mine).values(speaker=into))
    if not entry.names:
        return
    this = sessions.c.id == entry.session
    known = dict(connection.execute(select(sessions.c.speakers).where(this)).scalar_one())
    known |= {str(speaker): _clean(name) for speaker, name in entry.names}
    kept = {speaker: name for speaker, name in known.items() if name}
    connection.execute(update(sessions).where(this).values(speakers=kept))


def touch(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """Say that these sessions are still looked after."""
    if ids:
        connection.execute(
            update(sessions)
            .where(sessions.c.id.in_(ids), sessions.c.ended.is_(None))
            .values(seen=milliseconds(now))
        )


def _epochs(connection: Connection, ids: set[str]) -> dict[str, int]:
    rows = connection.execute(
        select(sessions.c.id, sessions.c.epoch)
        .where(sessions.c.id.in_(sorted(ids)))
        .order_by(sessions.c.id)  # servers lock in the same order, so that none waits for another
        .with_for_update()
    )
    return {row.id: row.epoch for row in rows}


def _opening(opening: Opening, seen: int) -> dict[str, Any]:
    return {
        "id": opening.id,
        "started": milliseconds(opening.started),
        "seen": seen,
        "title": "",
        "owner": opening.owner,
        "language": opening.options.get("language"),
        "engine": opening.engine,
        "model": opening.model,
        "audio": dict(opening.audio),
        "options": dict(opening.options),
        "speakers": {},
        "received": 0,
        "committed": 0,
        "words": 0,
        "missing": 0,
        "epoch": 1,
    }


def _word(session: str, n: int, word: Word) -> dict[str, Any]:
    return {
        "session": session,
        "n": n,
        "start": word.start,
        "end": word.end,
        "text": _clean(word.text),
        "score": word.score,
        "language": word.language,
        "speaker": word.speaker,
    }


def line_row(session: str, line: Line) -> dict[str, Any]:
    """A closed line as its table holds it."""
    segment = line.segment
    return {
        "session": session,
        "n": segment.id,
        "start": segment.start,
        "end": segment.end,
        "first": line.first,
        "count": len(segment.words),
        "text": None if segment.text is None else _clean(segment.text),
    }


def _progress(entry: Entry, now: int, lost: int) -> dict[str, Any]:
    return {
        "of": entry.session,
        "now": now,
        "heard": entry.received,
        "done": entry.committed,
        "count": _count(entry),
        "spoken": entry.language,
        "over": now if entry.ended else None,
        "lost": lost,
    }


def _count(entry: Entry) -> int:
    """Words of the session so far."""
    return entry.first + len(entry.words)


def _clean(text: str) -> str:
    """PostgreSQL takes every character but this one."""
    return text.replace("\x00", "")
