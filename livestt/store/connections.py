"""The connections of one server to its database. Blocking.

Two pools: whoever reads, however many they are, keeps nobody waiting who writes. Each has a bound,
because a PostgreSQL has only so many connections for all servers together.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from livestt.errors import StoreUnavailable
from livestt.limiters import MAX_BROWSING, MAX_LOOKING
from livestt.store.database import another, connect, empty_log, reading, writing

CHANGING = MAX_BROWSING + 4
"""Connections that may write: the thread that writes words, requests that change transcripts, and
one each to take a session over, to tidy up, to change voices, and to spare."""
READING = MAX_BROWSING + MAX_LOOKING + 2
"""Connections that read: requests, those who look for a session, and who reads beside them."""

log = logging.getLogger(__name__)


class Connections:
    """Opens transactions.

    Args:
        url: of the database, whose tables are made or upgraded.

    Attributes:
        engine: the pool for those who write.

    Raises:
        BadStore: it cannot be opened; says why.
        MissingExtra: its driver is not installed.
    """

    def __init__(self, url: URL) -> None:
        self.engine = connect(url, CHANGING)
        self._readers = another(url, READING)
        self._file = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        self._deleted = False

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that reads, all of it as at one moment.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        return _said(reading(self._readers))

    def changing(self) -> AbstractContextManager[Connection]:
        """A transaction that goes by what it reads; see `livestt.store.database.writing`.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        return _said(writing(self.engine))

    def deleted(self) -> None:
        """Something was deleted."""
        self._deleted = True

    def overwrite(self) -> None:
        """Have what was deleted overwritten in SQLite's files, unless others would have to wait for
        that; then it is for a later call. PostgreSQL does it in its own time."""
        if self._deleted and self._file is not None:
            self._deleted = (
                False  # before it is done: others may delete meanwhile, in other threads
            )
            try:
                done = empty_log(self._file)
            except sqlite3.Error as error:
                log.warning("what was deleted is overwritten later: %s", error)
                done = False
            if not done:
                self._deleted = True

    def close(self) -> None:
        """End the connections that nobody uses."""
        for engine in (self.engine, self._readers):
            engine.dispose()


@contextmanager
def _said(transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
    try:
        with transaction as connection:
            yield connection
    except SQLAlchemyError as error:
        # Why names files, hosts and users, which are nothing for a client.
        reason = getattr(error, "orig", None) or error
        log.warning("the transcripts cannot be reached: %s", reason)
        raise StoreUnavailable(
            "the transcripts cannot be reached at the moment; try again shortly"
        ) from error
