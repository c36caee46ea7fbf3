"""Where a store lives: its address, a connection pool for it, and its clock."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
    StatementError,
)

from livestt.errors import BadStore, MissingExtra
from livestt.store.schema import found, prepare

PATIENCE = 5.0
"""Seconds to wait for another writer, or for a server to let us in."""
CACHE = 512
"""KiB of pages that a connection to SQLite keeps; the system caches the file for all of them."""
SOON = 0.2
"""Seconds for which others may have to wait so that what was deleted is overwritten."""
BREATH = 0.02
"""Seconds between two attempts where SQLite does not wait by itself."""
KEPT = 2
"""Connections of a pool that stay open while nobody uses them."""
LINES: Mapping[str, int] = {
    "connect_timeout": int(PATIENCE),
    "keepalives_idle": int(PATIENCE),
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": int(2000 * PATIENCE),
}
"""How soon a PostgreSQL that has vanished from the network is noticed; a URL may say otherwise."""


def default_path() -> Path:
    """``transcripts.db`` in the folder that this system keeps for a user's data."""
    from platformdirs import user_data_path

    return user_data_path("livestt", appauthor=False) / "transcripts.db"


def address(store: str) -> URL:
    """The URL of what ``--store`` names: ``auto``, a path, or a URL.

    Raises:
        BadStore: a URL of a database that livestt does not speak to.
    """
    if "://" not in store:
        path = default_path() if store == "auto" else Path(store).expanduser()
        return URL.create("sqlite", database=str(path.absolute()))
    try:
        url = make_url(store)
    except ArgumentError as error:
        raise BadStore(f"--store: this is not the address of a database: {error}") from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database and url.database != ":memory:":
        return url
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise BadStore(
        f"--store cannot be {url.drivername}: write a path for SQLite, or a postgresql:// address"
    )


def connect(url: URL, most: int) -> Engine:
    """A pool of connections to a database whose tables are there and up to date.

    Args:
        url: of the database.
        most: connections; who needs one more waits, and after `PATIENCE` for nothing.

    Raises:
        BadStore: it cannot be opened; says why.
        MissingExtra: the driver is not installed.
    """
    with ExitStack() as failed:
        try:
            engine = another(url, most)
            failed.callback(engine.dispose)
            with writing(engine) as connection:
                prepare(connection)
        except (SQLAlchemyError, OSError) as error:
            raise _refused(url, error) from error
        failed.pop_all()
    return engine


def another(url: URL, most: int) -> Engine:
    """One more pool of connections to a database that `connect` has opened: who waits for one of
    these keeps nobody of the others waiting."""
    pool = {
        "pool_size": KEPT,
        "max_overflow": most - KEPT,
        "pool_timeout": PATIENCE,
        "pool_use_lifo": True,
    }
    return _sqlite(url, pool) if url.get_backend_name() == "sqlite" else _postgres(url, pool)


def probe(url: URL) -> int | None:
    """The version of the tables in a database that can be written to; changes nothing.

    Returns:
        None if there are no tables yet, but could be.

    Raises:
        BadStore: neither; says why. Also where the tables are of a newer livestt.
        MissingExtra: the driver is not installed.
    """
    try:
        if url.get_backend_name() == "sqlite":
            engine = _readable_sqlite(url)
            if engine is None:
                return None
        else:
            engine = _postgres(url, {})
        try:
            with engine.connect() as connection:
                return found(connection)
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        raise _refused(url, error) from error


def _readable_sqlite(url: URL) -> Engine | None:
    """A pool of connections that change nothing; None if there is no such file, but could be."""
    path = Path(url.database or "")
    there = next(place for place in (path, *path.parents) if place.exists())
    if not os.access(there, os.W_OK):
        raise PermissionError(f"{there} cannot be written to")
    if there != path:
        if not there.is_dir():
            raise NotADirectoryError(f"{there} is no folder")
        return None
    return create_engine(_as_file(url, "ro"), connect_args={"timeout": PATIENCE})


def _as_file(url: URL, mode: str) -> URL:
    """The address of a file that is there, and is not made where it is not."""
    # Written as one string, it would be decoded once more, and "a#b" open, or even make, "a".
    path = Path(url.database or "").absolute()
    return url.set(database=path.as_uri(), query={**url.query, "mode": mode, "uri": "true"})


def _refused(url: URL, error: Exception) -> BadStore:
    place = url.render_as_string(hide_password=True)
    reason = " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".")
    return BadStore(
        f"transcripts cannot be kept in {place}: {reason}. Name another place with --store, "
        "or keep none with --no-store."
    )


def _sqlite(url: URL, pool: Mapping[str, Any]) -> Engine:
    path = Path(url.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # What people say is for the server's own user; SQLite gives its other files the same mode.
        # Whoever opens and closes a file that is there gives up the process's locks on it, and the
        # next program that reads it takes itself for the last one and deletes the log.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    arguments = {"timeout": PATIENCE, "check_same_thread": False}
    there = _as_file(url, "rw")
    engine = create_engine(there, hide_parameters=True, connect_args=arguments, **pool)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        _keep_a_log(cursor)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON",
                       f"cache_size=-{CACHE}"):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _keep_a_log(cursor: sqlite3.Cursor) -> None:
    """Write ahead of the file. While another server does the same to a new file, SQLite says that
    it is locked without waiting for it."""
    until = monotonic() + PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
        sleep(BREATH)


def still_there(url: URL) -> Callable[[], None]:
    """A check that a database which is open has not gone; raises an OSError if it has.

    SQLite goes on writing into a file that was deleted or replaced; nobody would find it. A server
    says by itself that it is gone.
    """
    if url.get_backend_name() != "sqlite":
        return lambda: None
    path = Path(url.database or "")
    file = os.stat(path).st_ino

    def check() -> None:
        if os.stat(path).st_ino != file:
            raise OSError(f"{path} was replaced by another file; restart the server")

    return check


def empty_log(path: Path) -> bool:
    """Bring everything from SQLite's log into its file; whether nobody had to be waited for."""
    there = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(there, timeout=SOON, uri=True)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _postgres(url: URL, pool: Mapping[str, Any]) -> Engine:
    missing = {name: value for name, value in LINES.items() if name not in url.query}
    try:
        engine = create_engine(
            url, hide_parameters=True, pool_pre_ping=True, connect_args=missing, **pool
        )
    except (ImportError, NoSuchModuleError) as error:
        raise MissingExtra("a store in PostgreSQL", "postgres") from error

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        # A server that stops in the middle of a transaction must not keep its sessions from others.
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(1000 * PATIENCE)}")
            cursor.execute(f"SET idle_in_transaction_session_timeout = {int(500 * PATIENCE)}")
        connection.commit()

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that goes by what it reads: nobody changes that before it has ended.

    PostgreSQL locks the rows that are read for update. SQLite has one lock for all, and takes it by
    itself not before the first change.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes nothing, and sees nothing of what is changed meanwhile: a line
    that closes between two of its questions would be in the answer to neither."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # it begins one by itself not before a change
        yield connection


def blames_values(error: Exception) -> bool:
    """Whether a database works, but does not take what was to be written."""
    if isinstance(error, DataError | IntegrityError):
        return True
    if isinstance(error, DBAPIError):
        too_large = "54"  # class 54 of PostgreSQL: a limit of the program was exceeded
        return str(getattr(error.orig, "sqlstate", None)).startswith(too_large)
    return isinstance(error, StatementError)  # it did not even get there


def now(connection: Connection) -> datetime:
    """The time of day where the database is: servers that share it need not agree on the time."""
    if connection.dialect.name == "postgresql":
        found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return found
    return datetime.now(UTC)
