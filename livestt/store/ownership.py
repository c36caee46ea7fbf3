"""Which server a session belongs to. Blocking; each function takes a connection in a transaction.

A session belongs to the server that took it last. Taking it raises its epoch, and a server with an
older epoch writes nothing any more, however long it was cut off and whatever it still believes. Its
consent is not asked for: a client feeds one server at a time and comes back to another only when
it has lost the first, so waiting for a lease to run out would only keep it from its captions.

Servers say every few seconds that they look after their sessions. One that cannot reach the
database looks as dead as one that is: others end its sessions after a while, and when it writes
again they go on as if nothing had been (`livestt.store.transaction.write`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, or_, select, update

from livestt.events import Committed, Ended, SpeakersMerged
from livestt.store import reading
from livestt.store.entries import Asked, Line, Resumed, Stored, milliseconds
from livestt.store.schema import lines, session_voices, sessions, words
from livestt.store.speaker_columns import merged_of
from livestt.store.transaction import line_row
from livestt.transcript import Layout, Transcript

SILENT = timedelta(minutes=1)
"""After which a server that has not said that it looks after a session does so no more."""

AT_ONCE, WORDS_AT_ONCE = 500, 10_000
"""Sessions forgotten in one transaction, and words after which no other one is: who writes waits
for it, and SQLite takes a tenth of a second over so many."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When it is, and for how long this server has been there.

    The time of day is the database's, which is the same for all servers. It may be set while they
    run: a moment that is yet to come was written before that, and says nothing of how long ago it
    was.
    """

    now: datetime
    running: timedelta
    """For which this server has had the store open."""


def take_over(
    connection: Connection, asked: Asked, clock: Clock, grace: timedelta, view: int
) -> Resumed | None:
    """Make a session this server's own; see `livestt.store.Store.reopen`."""
    row = reading.stored(connection, asked.session, lock=True)
    if row is None or not _may_go_on(row, asked, clock, grace):
        return None
    taken = connection.execute(
        update(sessions)
        .where(sessions.c.id == row.id, sessions.c.epoch == row.epoch)
        .values(epoch=row.epoch + 1, seen=milliseconds(clock.now), ended=None, notes=[])
    )
    if not taken.rowcount:
        return None
    row = _without_left(connection, replace(row, epoch=row.epoch + 1))
    next_line, numbered = reading.tail(connection, row.id)
    growing = tuple(numbered.values())
    shown = reading.segments(connection, row.id, row.received - view, None)
    next_word = max([row.words, *(number + 1 for number in numbered)])
    return Resumed(
        row,
        tuple(shown),
        next_line,
        next_word,
        growing,
        max(reading.last_end(connection, row.id), *(word.end for word in growing[-1:]), 0),
        reading.speakers(connection, row.id),
    )


def _may_go_on(row: Stored, asked: Asked, clock: Clock, grace: timedelta) -> bool:
    since = clock.now - grace
    # While this server was not there, perhaps nobody could come back.
    in_time = (
        row.seen >= since or clock.running <= grace if row.ended is None else row.ended >= since
    )
    return in_time and (row.audio, row.owner) == (asked.audio, asked.owner)


def _without_left(connection: Connection, row: Stored) -> Stored:
    """The session without the words that are heard again, which nobody was told are final."""
    if not row.left:
        return row
    count = row.words - row.left
    of, said = lines.c.session == row.id, lines.c.count > 0
    connection.execute(delete(lines).where(of, said, lines.c.first >= count))
    connection.execute(delete(words).where(words.c.session == row.id, words.c.n >= count))
    this = update(sessions).where(sessions.c.id == row.id)
    connection.execute(this.values(words=count, unfinished=0))
    return replace(row, words=count, left=0)


def is_looked_after(row: Stored, now: datetime) -> bool:
    """Whether some server has the session now."""
    return row.ended is None and now - SILENT < row.seen < now + SILENT


def end_abandoned(
    connection: Connection, now: datetime, grace: timedelta, own: Collection[str], layout: Layout
) -> None:
    """End the sessions that no server has looked after for so long, but for one's own.

    Their last words get lines, as in any session that ends, so that they can be found.
    """
    left = connection.execute(
        select(sessions.c.id, sessions.c.seen, sessions.c.merged)
        .where(
            sessions.c.ended.is_(None),
            or_(
                sessions.c.seen < milliseconds(now - grace),
                sessions.c.seen > milliseconds(now + SILENT),
            ),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in left:
        if row.id in own:  # silent only because nothing could be written
            continue
        same = merged_of(row.merged)
        rest = [line_row(row.id, line) for line in open_lines(connection, row.id, layout, same)]
        if rest:
            connection.execute(insert(lines), rest)
        this = update(sessions).where(sessions.c.id == row.id)
        ended = min(row.seen, milliseconds(now))
        connection.execute(this.values(ended=ended, recognized={}))
        connection.execute(delete(session_voices).where(session_voices.c.session == row.id))


def forget(connection: Connection, before: datetime) -> list[str]:
    """Delete some of the sessions that ended before then, and say which; none if there are none."""
    old = (
        select(sessions.c.id, sessions.c.words)
        .where(sessions.c.ended < milliseconds(before))
        .order_by(sessions.c.ended)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    forgotten: list[str] = []
    words = 0
    for row in connection.execute(old).all():
        if words < WORDS_AT_ONCE:
            forgotten.append(row.id)
            words += row.words
    if forgotten:
        connection.execute(delete(sessions).where(sessions.c.id.in_(forgotten)))
    return forgotten


def open_lines(
    connection: Connection, session: str, layout: Layout, same: Mapping[int, int]
) -> list[Line]:
    """The words after the last closed line, in lines.

    Args:
        connection: in a transaction.
        session: which.
        layout: when lines close.
        same: speakers who are another person, and that person's number.
    """
    next_line, rest = reading.tail(connection, session)
    transcript = Transcript(layout, next_line)
    transcript.apply(SpeakersMerged(speaker, into) for speaker, into in same.items())
    transcript.apply([Committed(tuple(rest.values())), Ended(0)])
    found, at = [], 0
    numbers = [*rest, max(rest, default=-1) + 1]
    for segment in transcript.segments:
        own = numbers[at : at + len(segment.words)]
        lost = own[-1] + 1 - own[0] - len(own) if own else 0
        found.append(Line(segment, numbers[at], lost))
        at += len(own)
    return found
