"""Queries. Blocking; each takes a connection in a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, text

from livestt.events import Translated, Word
from livestt.segments import Segment, main_language, main_speaker
from livestt.store.entries import Stored, moment
from livestt.store.schema import lines, sessions, words
from livestt.store.speaker_columns import merged_of, names_of, recognized_of
from livestt.writing import is_unspaced

OPENING_LINES = 4
"""Of a session, among which the first that is no pause is."""
CANDIDATES = 10_000
"""Lines found that are put in order; of words that everybody says there are millions."""


@dataclass(frozen=True, slots=True)
class Found:
    """A line that a search found."""

    session: str
    line: int
    start: int
    end: int
    text: str
    title: str
    """Of its session."""
    started: datetime


def stored(connection: Connection, session: str, *, lock: bool = False) -> Stored | None:
    """What is known about one session.

    Args:
        connection: in a transaction.
        session: which.
        lock: whether nobody else may write to it until the transaction ends.
    """
    query = select(sessions).where(sessions.c.id == session)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _stored(row)


def newest(
    connection: Connection, limit: int, before: Stored | None, owner: str | None
) -> list[Stored]:
    """Sessions, newest first.

    Args:
        connection: in a transaction.
        limit: most of them.
        before: only sessions older than this one.
        owner: only sessions of this key; None takes all.
    """
    query = select(sessions).order_by(sessions.c.started.desc(), sessions.c.id.desc())
    if owner is not None:
        query = query.where(sessions.c.owner == owner)
    if before is not None:
        row = _moment_of(connection, before.id)
        older = and_(sessions.c.started == row, sessions.c.id < before.id)
        query = query.where(or_(sessions.c.started < row, older))
    return [_stored(row) for row in connection.execute(query.limit(limit))]


def segments(
    connection: Connection,
    session: str,
    start: int,
    end: int | None,
    same: Mapping[int, int] | None = None,
) -> list[Segment]:
    """Closed lines that overlap ``[start, end)``, with their words.

    Args:
        connection: in a transaction.
        session: which.
        start: sample.
        end: sample; None for all that follows.
        same: speakers who are another person, and that person's number.
    """
    of = [lines.c.session == session, lines.c.end > start]
    if end is not None:
        of.append(lines.c.start < end)
    rows = connection.execute(select(lines).where(*of).order_by(lines.c.n)).all()
    if not rows:
        return []
    first, last = rows[0].first, max(row.first + row.count for row in rows)
    by_number = _numbered(connection, session, words.c.n >= first, words.c.n < last)
    for number, word in by_number.items():
        if same and word.speaker is not None:
            by_number[number] = replace(word, speaker=same.get(word.speaker, word.speaker))
    return [_segment(row, by_number) for row in rows]


def beginnings(connection: Connection, chosen: Sequence[str]) -> dict[str, str]:
    """The first closed line in which each of these sessions says something."""
    rows = connection.execute(
        select(lines.c.session, lines.c.text)
        .where(lines.c.session.in_(chosen), lines.c.n < OPENING_LINES, lines.c.text.is_not(None))
        .order_by(lines.c.session, lines.c.n.desc())
    )
    return {row.session: row.text for row in rows}


def tail(connection: Connection, session: str) -> tuple[int, dict[int, Word]]:
    """What follows the last closed line.

    Returns:
        Number of the next line, and the words by their numbers, in order.
    """
    line = connection.execute(
        select(lines.c.n, lines.c.first, lines.c.count)
        .where(lines.c.session == session)
        .order_by(lines.c.n.desc())
        .limit(1)
    ).one_or_none()
    first = 0 if line is None else line.first + line.count
    rest = _numbered(connection, session, words.c.n >= first)
    return (0 if line is None else line.n + 1), rest


def last_end(connection: Connection, session: str) -> int:
    """Sample where the last closed line ends; 0 if there is none."""
    ends = select(func.max(lines.c.end)).where(lines.c.session == session)
    return connection.execute(ends).scalar_one() or 0


def speakers(connection: Connection, session: str) -> int:
    """The highest number that a speaker of this session has; 0 if there are none."""
    highest = select(func.max(words.c.speaker)).where(words.c.session == session)
    told = select(sessions.c.speakers, sessions.c.merged).where(sessions.c.id == session)
    row = connection.execute(told).one()
    merged = merged_of(row.merged)
    numbers = *names_of(row.speakers), *merged, *merged.values()
    return max(connection.execute(highest).scalar_one() or 0, *numbers, 0)


def search(connection: Connection, query: str, limit: int, owner: str | None) -> list[Found]:
    """Lines that hold all words of a query, newest session first; of more than `CANDIDATES`, those
    that were written last."""
    where = [_matches(connection.dialect.name, query, CANDIDATES if owner is None else -1)]
    if owner is not None:
        where.append(sessions.c.owner == owner)
    rows = connection.execute(
        select(lines, sessions.c.title, sessions.c.started)
        .join(sessions, sessions.c.id == lines.c.session)
        .where(*where)
        .order_by(sessions.c.started.desc(), sessions.c.id, lines.c.n)
        .limit(limit)
    )
    return [
        Found(row.session, row.n, row.start, row.end, row.text, row.title, moment(row.started))
        for row in rows
    ]


def _matches(dialect: str, query: str, most: int) -> ColumnElement[bool]:
    """Whole words, the last one as a beginning; pieces of text where a script has no spaces.

    Args:
        dialect: of the database.
        query: as somebody typed it.
        most: lines, the newest of those that match, if the database can tell before it has found
            all; -1 for any number.
    """
    if any(map(is_unspaced, query)):
        return lines.c.text.contains(query, autoescape=True)
    terms = query.split()
    if dialect == "sqlite":
        quoted = ['"' + term.replace('"', '""') + '"' for term in terms]
        matching = text(
            "SELECT rowid FROM lines_fts WHERE lines_fts MATCH :terms "
            "ORDER BY rowid DESC LIMIT :most"
        )
        return lines.c.key.in_(matching.bindparams(terms=" ".join(quoted) + "*", most=most))
    document = func.to_tsvector(text("'simple'"), func.coalesce(lines.c.text, text("''")))
    quoted = ["'" + term.replace("\\", "\\\\").replace("'", "''") + "'" for term in terms]
    return document.op("@@")(func.to_tsquery(text("'simple'"), " & ".join(quoted) + ":*"))


def _numbered(connection: Connection, session: str, *where: ColumnElement[bool]) -> dict[int, Word]:
    rows = connection.execute(
        select(words).where(words.c.session == session, *where).order_by(words.c.n)
    )
    return {
        row.n: Word(row.text, row.start, row.end, row.score, row.language, row.speaker)
        for row in rows
    }


def _segment(row: Row[Any], by_number: dict[int, Word]) -> Segment:
    numbers = range(row.first, row.first + row.count)
    said = tuple(by_number[n] for n in numbers if n in by_number)
    speaker = main_speaker(said)
    translation = None
    if row.translation is not None:
        translation = Translated(row.n, row.translation, row.translation_language)
    language = main_language(said)
    return Segment(row.n, row.start, row.end, row.text, speaker, language, said, translation)


def _moment_of(connection: Connection, session: str) -> int:
    found = connection.execute(select(sessions.c.started).where(sessions.c.id == session))
    return int(found.scalar_one())


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        id=row.id,
        started=moment(row.started),
        seen=moment(row.seen),
        ended=None if row.ended is None else moment(row.ended),
        title=row.title,
        owner=row.owner,
        language=row.language,
        engine=row.engine,
        model=row.model,
        audio=row.audio,
        options=row.options,
        speakers=names_of(row.speakers),
        received=row.received,
        committed=row.committed,
        words=row.words,
        missing=row.missing,
        epoch=row.epoch,
        merged=merged_of(row.merged),
        recognized=recognized_of(row.recognized, given=False),
        overruled=recognized_of(row.recognized, given=True),
        left=row.unfinished,
        notes=tuple(row.notes),
    )
