"""Writes the entries of many sessions in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from livestt.events import Word
from livestt.people import Told
from livestt.store.entries import Entry, Line, Opening, clean, milliseconds
from livestt.store.notes import Note, told_by
from livestt.store.schema import lines, sessions, words
from livestt.store.speakers import write_speakers

_WORD = insert(words)
_LINE = insert(lines)
_SESSION = insert(sessions)
_TRANSLATION = (
    update(lines)
    .where(lines.c.session == bindparam("of"), lines.c.n == bindparam("number"))
    .values(translation=bindparam("reads"), translation_language=bindparam("tongue"))
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
        unfinished=bindparam("left_over"),
    )
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """When entries are written, and what came before.

    Attributes:
        now: by the clock of the database.
        lost: words of sessions that could not be kept.
        again: whether the database may have them already: a connection can be lost between a
            transaction and the news that it was done.
    """

    now: datetime
    lost: Mapping[str, int] = field(default_factory=dict)
    again: bool = False


def write(connection: Connection, entries: Sequence[Entry], attempt: Attempt) -> set[int]:
    """Write entries, in order.

    Args:
        connection: in a transaction, which the caller commits.
        entries: of any sessions.
        attempt: when, and whether it is the first.

    Returns:
        Positions of the entries that were refused: their session was deleted, or another server
        goes on with it.
    """
    seen = milliseconds(attempt.now)
    _open(connection, entries, attempt)
    known = _known(connection, {entry.session for entry in entries})
    refused = {
        i
        for i, e in enumerate(entries)
        if e.session not in known or known[e.session].epoch != e.epoch
    }
    taken = [entry for i, entry in enumerate(entries) if i not in refused]
    _unsweep(connection, taken, known)
    if attempt.again:
        taken = _without_written(connection, taken, known)
    said = [_word(e.session, e.first + i, w) for e in taken for i, w in enumerate(e.words)]
    closed = [line_row(entry.session, line) for entry in taken for line in entry.lines]
    if said:
        connection.execute(_WORD, said)
    if closed:
        connection.execute(_LINE, closed)
    write_speakers(connection, taken)
    _write_translations(connection, taken)
    last = {entry.session: entry for entry in taken}
    if last:
        connection.execute(
            _PROGRESS,
            [_progress(e, seen, attempt.lost.get(e.session, 0)) for e in last.values()],
        )
    empty = [entry.session for entry in last.values() if entry.ended and not _count(entry)]
    if empty:
        connection.execute(delete(sessions).where(sessions.c.id.in_(empty)))
    return refused


def _write_translations(connection: Connection, entries: Sequence[Entry]) -> None:
    """What closed lines are in another language: the newest that is known of each."""
    newest = {(entry.session, one.line): one for entry in entries for one in entry.translated}
    if newest:
        rows = [
            {
                "of": session,
                "number": line,
                "reads": clean(one.text) or None,
                "tongue": one.language or None,
            }
            for (session, line), one in newest.items()
        ]
        connection.execute(_TRANSLATION, rows)


@dataclass(frozen=True, slots=True)
class Touched:
    """What has become of sessions that were looked after."""

    lost: Mapping[str, int]
    """Those that are another server's by now, or were deleted, and the epoch they had here."""
    told: Mapping[str, Sequence[Told]]
    """What other servers were told of the speakers of the rest."""


def touch(connection: Connection, own: Mapping[str, int], now: datetime) -> Touched:
    """Say that these sessions are still looked after, and take the notes that were left for them.

    Args:
        connection: in a transaction.
        own: sessions and their epochs.
        now: by the clock of the database.
    """
    known = _known(connection, set(own))
    mine = [name for name, epoch in own.items() if _owns(known.get(name), epoch)]
    notes = {name: known[name].notes for name in mine if known[name].notes}
    told = {name: said for name in notes if (said := told_by(notes[name]))}
    if mine:
        connection.execute(
            update(sessions)
            .where(sessions.c.id.in_(mine), sessions.c.ended.is_(None))
            .values(seen=milliseconds(now))
        )
    if notes:
        connection.execute(update(sessions).where(sessions.c.id.in_(notes)).values(notes=[]))
    lost = {name: epoch for name, epoch in own.items() if name not in mine}
    return Touched(lost, told)


def _open(connection: Connection, entries: Sequence[Entry], attempt: Attempt) -> None:
    """Make new sessions known."""
    opened = {e.session: e.opening for e in entries if e.opening is not None}
    if attempt.again and opened:
        opened = {name: opened[name] for name in opened.keys() - _known(connection, set(opened))}
    if opened:
        seen = milliseconds(attempt.now)
        connection.execute(_SESSION, [_opening(opening, seen) for opening in opened.values()])


class _Known(NamedTuple):
    """What others may have changed of a session."""

    epoch: int
    ended: int | None
    words: int
    notes: Sequence[Note]


def _owns(known: _Known | None, epoch: int) -> bool:
    """Whether who writes with this epoch may."""
    return known is not None and known.epoch == epoch


def _known(connection: Connection, ids: set[str]) -> dict[str, _Known]:
    """These sessions, which nobody else may change until the transaction ends."""
    rows = connection.execute(
        select(
            sessions.c.id, sessions.c.epoch, sessions.c.ended, sessions.c.words, sessions.c.notes
        )
        .where(sessions.c.id.in_(sorted(ids)))
        .order_by(sessions.c.id)  # servers lock in the same order, so that none waits for another
        .with_for_update()
    )
    return {row.id: _Known(row.epoch, row.ended, row.words, row.notes) for row in rows}


def _unsweep(connection: Connection, entries: Sequence[Entry], known: Mapping[str, _Known]) -> None:
    """Another server has ended sessions that this one could not write to, and closed their lines;
    but they go on, and close their lines themselves."""
    first = {entry.session: entry for entry in reversed(entries)}
    for entry in first.values():
        if known[entry.session].ended is not None:
            swept = (lines.c.session == entry.session) & (lines.c.n >= entry.next_line)
            connection.execute(delete(lines).where(swept))


def _without_written(
    connection: Connection, entries: Sequence[Entry], known: Mapping[str, _Known]
) -> list[Entry]:
    """The entries without the words and lines that the database has."""
    ids = {entry.session for entry in entries}
    query = select(lines.c.session, func.max(lines.c.n)).where(lines.c.session.in_(sorted(ids)))
    rows = connection.execute(query.group_by(lines.c.session))
    closed: dict[str, int] = {row[0]: row[1] for row in rows}
    return [
        replace(
            entry,
            first=entry.first + written,
            words=entry.words[written:],
            lines=tuple(x for x in entry.lines if x.segment.id > closed.get(entry.session, -1)),
        )
        for entry in entries
        for written in [min(len(entry.words), max(0, known[entry.session].words - entry.first))]
    ]


def _opening(opening: Opening, seen: int) -> dict[str, Any]:
    return {
        "id": opening.id,
        "started": milliseconds(opening.started),
        "seen": seen,
        "owner": opening.owner,
        "language": opening.options.get("language"),
        "engine": opening.engine,
        "model": opening.model,
        "title": opening.title,
        "audio": dict(opening.audio),
        "options": dict(opening.options),
        "speakers": {},
        "merged": {},
        "recognized": {},
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
        "text": clean(word.text),
        "score": word.score,
        "language": word.language,
        "speaker": word.speaker,
    }


def line_row(session: str, line: Line) -> dict[str, Any]:
    """A closed line as its table holds it. Its translation follows, when it is of the whole."""
    segment = line.segment
    return {
        "session": session,
        "n": segment.id,
        "start": segment.start,
        "end": segment.end,
        "first": line.first,
        "count": len(segment.words) + line.lost,
        "text": None if segment.text is None else clean(segment.text),
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
        "left_over": entry.left,
    }


def _count(entry: Entry) -> int:
    """Words of the session so far."""
    return entry.first + len(entry.words)
