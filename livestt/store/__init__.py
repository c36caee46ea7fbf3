"""The transcript store: sessions and their committed words, kept beyond the process.

SQLite by default, PostgreSQL by URL. Writing is append-only and goes through one thread that
shares transactions among sessions (`livestt.store.writer`); reading takes any thread.

Words are numbered through a session, and closed lines keep the numbers that live readers saw, so
that a session can be reopened by another process exactly where the first one left it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, update

from livestt.errors import StillRunning, StoreUnavailable, UnknownSession
from livestt.people import Told
from livestt.pipeline import layout
from livestt.segments import Segment
from livestt.settings import Settings
from livestt.store import reading
from livestt.store.connections import Connections
from livestt.store.database import address, now, still_there
from livestt.store.entries import Asked, Entry, Line, Opening, Resumed, Stored
from livestt.store.folders import Folders
from livestt.store.notes import noted
from livestt.store.outcomes import Answer, Outcome, StoreStats
from livestt.store.ownership import (
    Clock,
    end_abandoned,
    forget,
    is_looked_after,
    open_lines,
    take_over,
)
from livestt.store.reading import Found
from livestt.store.schema import sessions
from livestt.store.speaker_columns import told_columns
from livestt.store.voices import VoiceProfiles
from livestt.store.writer import RETRY, Writer
from livestt.transcript import Layout

__all__ = [
    "Asked",
    "Entry",
    "Found",
    "Line",
    "Opening",
    "Outcome",
    "Resumed",
    "Store",
    "StoreStats",
    "Stored",
    "StoredTranscript",
    "open_store",
]


@dataclass(frozen=True, slots=True)
class StoredTranscript:
    """A transcript, or a part of one, that `livestt.subtitles` can write down."""

    row: Stored
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments if segment.text)

    @property
    def language(self) -> str | None:
        return self.row.language

    @property
    def duration(self) -> int:
        """Samples."""
        return self.row.received


class Store:
    """All transcripts of one server, or of several that share a PostgreSQL.

    Args:
        place: what ``--store`` names: ``auto``, a path for SQLite, or a URL.
        layout: how words that were left over by a crash are put in lines.
        retry: seconds between attempts to write while the disk fails.

    Attributes:
        voices: the profiles that people enrolled.
        folders: of recordings, that belong to it.

    Raises:
        BadStore: it cannot be opened; says why.
    """

    def __init__(self, place: str, layout: Layout | None = None, retry: float = RETRY) -> None:
        url = address(place)
        self._connections = Connections(url)
        self.voices = VoiceProfiles(self._connections)
        self.folders = Folders(self._connections.changing)
        self._layout = layout or Layout()
        self._opened = time.monotonic()
        self.place = url.render_as_string(hide_password=True)
        self._writer = Writer(self._connections.engine, still_there(url), retry)

    @property
    def stats(self) -> StoreStats:
        return self._writer.stats

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written just now; None if all is well."""
        return self._writer.trouble

    def listen(
        self,
        on_lost: Callable[[Mapping[str, int]], None],
        on_told: Callable[[Mapping[str, Sequence[Told]]], None],
    ) -> None:
        """Be told, in the writer's thread, of sessions that run here.

        Args:
            on_lost: told those that turn out to be another server's, and the epoch they had here.
            on_told: told what other servers were told of the speakers, by session.
        """
        self._writer.on_lost, self._writer.on_told = on_lost, on_told

    def append(self, entry: Entry, answer: Answer) -> None:
        """Have an entry written. Never waits; see `Writer.submit`."""
        self._writer.submit(entry, answer)

    def close(self, timeout: float = 10.0) -> bool:
        """Write what waits; whether that worked in time. Blocking."""
        written = self._writer.close(timeout)
        self._connections.close()
        return written

    def reopen(self, asked: Asked, grace: timedelta, view: int) -> Resumed | None:
        """Take over a session that another process had; from now on that one writes nothing to it.

        Args:
            asked: which, and by whom.
            grace: how long ago it may have ended, or have been looked after if this process has
                run for longer.
            view: samples of closed lines to bring back, before the session's end.

        Returns:
            None if there is no such session.

        Raises:
            StoreUnavailable: the database does not answer, or words of this session still wait for
                it here.
        """
        if self._writer.owes(asked.session):
            raise StoreUnavailable("what was said last is not stored yet; try again in a moment")
        with self._connections.changing() as connection:
            clock = Clock(now(connection), self._running)
            return take_over(connection, asked, clock, grace, view)

    def is_taken(self, session: str, epoch: int) -> bool:
        """Whether another process has taken a session over from the one that had this epoch.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with self._connections.reading() as connection:
            row = reading.stored(connection, session)
            return row is not None and row.epoch != epoch

    def get(self, session: str) -> Stored:
        """What is known about one session.

        Raises:
            UnknownSession: there is none.
            StoreUnavailable: the database does not answer.
        """
        with self._connections.reading() as connection:
            return _known(reading.stored(connection, session))

    def newest(
        self, limit: int, before: str | None = None, owner: str | None = None
    ) -> list[Stored]:
        """Sessions, newest first; see `reading.newest`.

        Raises:
            UnknownSession: there is no session ``before``.
            StoreUnavailable: the database does not answer.
        """
        with self._connections.reading() as connection:
            older = None if before is None else _known(reading.stored(connection, before))
            return reading.newest(connection, limit, older, owner)

    def beginnings(self, chosen: Sequence[str]) -> dict[str, str]:
        """The first words of sessions, as far as any are in a closed line, by the session's id.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with self._connections.reading() as connection:
            return reading.beginnings(connection, chosen)

    def looked_after(self, rows: Sequence[Stored]) -> set[str]:
        """Ids of those sessions that some server has now, as far as it has said so lately.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        if all(row.ended is not None for row in rows):
            return set()
        with self._connections.reading() as connection:
            moment = now(connection)
        return {row.id for row in rows if is_looked_after(row, moment)}

    def read(self, session: str, start: int = 0, end: int | None = None) -> StoredTranscript:
        """The lines of a session that overlap ``[start, end)`` samples, closed or not.

        Raises:
            UnknownSession: there is none.
            StoreUnavailable: the database does not answer.
        """
        with self._connections.reading() as connection:
            row = _known(reading.stored(connection, session))
            closed = reading.segments(connection, session, start, end, row.merged)
            rest = [
                line.segment for line in open_lines(connection, session, self._layout, row.merged)
            ]
        rest = [s for s in rest if s.end > start and (end is None or s.start < end)]
        return StoredTranscript(row, (*closed, *rest))

    def read_ended(self, session: str, grace: timedelta, view: int) -> StoredTranscript | None:
        """The end of a session that is over, but not for longer than this.

        Args:
            session: which.
            grace: how long ago it may have ended.
            view: samples before its end, of which the lines are read.

        Raises:
            UnknownSession: it was deleted this very moment.
            StoreUnavailable: the database does not answer.
        """
        with self._connections.reading() as connection:
            row = reading.stored(connection, session)
            if row is None or row.ended is None or row.ended < now(connection) - grace:
                return None
        return self.read(session, max(0, row.received - view))

    def search(self, query: str, limit: int, owner: str | None = None) -> list[Found]:
        """Lines that hold all words of a query, newest session first.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        query = query.replace("\0", " ")  # no line holds one, and no database takes one
        if not query.strip():
            return []
        with self._connections.reading() as connection:
            return reading.search(connection, query, limit, owner)

    def edit(
        self,
        session: str,
        title: str | None = None,
        told: Iterable[Told] = (),
        epoch: int | None = None,
    ) -> Stored:
        """Give a session a title, or say who its speakers are.

        Args:
            session: which.
            title: None leaves it.
            told: of its speakers.
            epoch: with which this process writes to it, if it runs here. The process that has it
                now is left a note otherwise.

        Raises:
            UnknownSession: there is none.
            StoreUnavailable: the database does not answer.
        """
        with self._connections.changing() as connection:
            row, told = _known(reading.stored(connection, session, lock=True)), list(told)
            changes = told_columns(row, told)
            if title is not None:
                changes["title"] = title
            if told and row.ended is None and row.epoch != epoch:
                changes["notes"] = noted(row.notes, told)
            connection.execute(update(sessions).where(sessions.c.id == session).values(changes))
            return _known(reading.stored(connection, session))

    def delete(self, session: str) -> None:
        """Forget a session and everything said in it.

        Raises:
            UnknownSession: there is none.
            StillRunning: some server looks after it.
            StoreUnavailable: the database does not answer.
        """
        with self._connections.changing() as connection:
            row = _known(reading.stored(connection, session, lock=True))
            if is_looked_after(row, now(connection)):
                raise StillRunning("this session is still running; end it before you delete it")
            connection.execute(delete(sessions).where(sessions.c.id == session))
        self._connections.deleted()
        self._connections.overwrite()

    def sweep(self, grace: timedelta, keep: timedelta | None) -> list[str]:
        """End sessions that nobody came back to, and forget old ones, but not too many at once.

        Args:
            grace: after which a session that nobody looks after has ended.
            keep: after which an ended session is forgotten; None keeps all.

        Returns:
            Ids of the sessions forgotten. Unless there are none, there may be more.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with self._connections.changing() as connection:
            moment = now(connection)
            if self._running >= grace:
                end_abandoned(connection, moment, grace, self._writer.open, self._layout)
        forgotten: list[str] = []
        if keep is not None:
            with self._connections.changing() as connection:
                forgotten = forget(connection, moment - keep)
        if forgotten:
            self._connections.deleted()
        else:
            self._connections.overwrite()
        return forgotten

    @property
    def _running(self) -> timedelta:
        """For how long this server has had the store; whatever is done to its clock."""
        return timedelta(seconds=time.monotonic() - self._opened)


def open_store(settings: Settings) -> Store | None:
    """The store that the settings name; None if nothing is to be kept.

    Raises:
        BadStore: it cannot be opened; says why.
        MissingExtra: its driver is not installed.
    """
    if settings.store == "none":
        return None
    return Store(settings.store, layout(settings))


def _known(row: Stored | None) -> Stored:
    if row is None:
        raise UnknownSession("there is no such transcript, or it was deleted")
    return row
