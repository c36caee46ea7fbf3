"""The tables, and the migrations of older databases.

::

    sessions 1 ──── n words     append-only: word n of a session is written once; whose it is,
         │                      by the number that it was heard under, may change
         ├──────── n lines      closed lines, as readers saw them: words [first, first + count)
         └──────── n session_voices   what its speakers sound like, while it may be resumed
    voices                      profiles that people enrolled
    folders                     of recordings, that belong to this store


Times of audio are samples at 16 kHz, times of day milliseconds since 1970 (UTC).

A change of the schema adds a function to `MIGRATIONS`, which brings a database from the version
that is its index to the next. `SCHEMA` always describes the newest version.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Column,
    Connection,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    insert,
    inspect,
    select,
    text,
    update,
)

from livestt.errors import BadStore

log = logging.getLogger(__name__)

SCHEMA = MetaData()
STALLED_MS = 60_000
"""For which a server may stand still while it opens PostgreSQL."""


class _Json(TypeDecorator[Any]):
    """JSON that is an object or a list. Anything else, which no livestt has written, is read as an
    empty one: a damaged row must not keep anybody from the others.

    Args:
        shape: ``dict`` or ``list``.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, shape: type) -> None:
        super().__init__()
        self.shape = shape

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        read = self.impl_instance.result_processor(dialect, coltype)

        def readable(value: Any) -> Any:
            try:
                found = value if read is None else read(value)
            except ValueError:
                found = None
            if isinstance(found, self.shape):
                return found
            # Not what it is: there may be names in it.
            log.warning("a session in the store is damaged: some of it is read as %r", self.shape())
            return self.shape()

        return readable


_OBJECT, _LIST = _Json(dict), _Json(list)

meta = Table("livestt", SCHEMA, Column("version", Integer, nullable=False))

sessions = Table(
    "sessions",
    SCHEMA,
    Column("id", Text, primary_key=True),
    Column("started", BigInteger, nullable=False, index=True),
    Column("seen", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("title", Text, nullable=False, default=""),
    Column("owner", Text),
    Column("language", Text),
    Column("engine", Text, nullable=False, default=""),
    Column("model", Text, nullable=False, default=""),
    Column("audio", _OBJECT, nullable=False),
    Column("options", _OBJECT, nullable=False),
    Column("speakers", _OBJECT, nullable=False),
    Column("merged", _OBJECT, nullable=False, server_default=text("'{}'")),
    Column("recognized", _OBJECT, nullable=False, server_default=text("'{}'")),
    Column("received", BigInteger, nullable=False, default=0),
    Column("committed", BigInteger, nullable=False, default=0),
    Column("words", Integer, nullable=False, default=0),
    Column("missing", Integer, nullable=False, default=0),
    Column("unfinished", Integer, nullable=False, server_default=text("0")),
    Column("epoch", Integer, nullable=False, default=1),
    Column("notes", _LIST, nullable=False, server_default=text("'[]'")),
)

words = Table(
    "words",
    SCHEMA,
    Column("session", Text, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("language", Text),
    Column("speaker", Integer),
    sqlite_with_rowid=False,
)

lines = Table(
    "lines",
    SCHEMA,
    Column("key", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("session", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("first", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("text", Text),
    Column("translation", Text),
    Column("translation_language", Text),
    UniqueConstraint("session", "n"),
    Index("lines_by_time", "session", "start"),
)

voices = Table(
    "voices",
    SCHEMA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("heard", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    UniqueConstraint("owner", "name"),
)

session_voices = Table(
    "session_voices",
    SCHEMA,
    Column("session", Text, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("speaker", Integer, primary_key=True),
    Column("heard", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
)

folders = Table(
    "folders",
    SCHEMA,
    Column("id", Text, primary_key=True),
    Column("visits", Integer, nullable=False),
)

# The vowel signs of Hindi and others are marks (M*), which are part of a word.
_SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE lines_fts USING fts5(text, content='lines', content_rowid='key', "
    "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co M*'\")"
)
_SQLITE_SEARCH = (
    _SQLITE_INDEX,
    "CREATE TRIGGER lines_insert AFTER INSERT ON lines BEGIN "
    "INSERT INTO lines_fts(rowid, text) VALUES (new.key, new.text); END",
    "CREATE TRIGGER lines_delete AFTER DELETE ON lines BEGIN "
    "INSERT INTO lines_fts(lines_fts, rowid, text) VALUES ('delete', old.key, old.text); END",
    "CREATE TRIGGER lines_update AFTER UPDATE OF text ON lines BEGIN "
    "INSERT INTO lines_fts(lines_fts, rowid, text) VALUES ('delete', old.key, old.text); "
    "INSERT INTO lines_fts(rowid, text) VALUES (new.key, new.text); END",
)
_POSTGRES_SEARCH = (
    "CREATE INDEX lines_search ON lines USING gin (to_tsvector('simple', coalesce(text, '')))",
)


def _ddl(statement: str, dialect: str) -> Any:
    ddl: Any = DDL  # SQLAlchemy does not annotate it
    return ddl(statement).execute_if(dialect=dialect)


for _statement in _SQLITE_SEARCH:
    event.listen(lines, "after_create", _ddl(_statement, "sqlite"))
for _statement in _POSTGRES_SEARCH:
    event.listen(lines, "after_create", _ddl(_statement, "postgresql"))


def _add_people(connection: Connection) -> None:
    for name in ("merged", "recognized"):
        column = f"ALTER TABLE sessions ADD COLUMN {name} JSON NOT NULL DEFAULT '{{}}'"
        connection.execute(text(column))


def _add_voices(connection: Connection) -> None:
    SCHEMA.create_all(connection, [voices, session_voices])


def _add_folders(connection: Connection) -> None:
    SCHEMA.create_all(connection, [folders])


def _add_translations(connection: Connection) -> None:
    for column in (lines.c.translation, lines.c.translation_language):
        connection.execute(text(f"ALTER TABLE lines ADD COLUMN {column.name} TEXT"))


def _add_unfinished(connection: Connection) -> None:
    connection.execute(
        text("ALTER TABLE sessions ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0")
    )


def _add_notes(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE sessions ADD COLUMN notes JSON NOT NULL DEFAULT '[]'"))


def _add_vowel_signs(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TABLE lines_fts"))
        connection.execute(text(_SQLITE_INDEX))
        connection.execute(text("INSERT INTO lines_fts(lines_fts) VALUES ('rebuild')"))


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _add_voices,
    _add_folders,
    _add_translations,
    _add_people,
    _add_unfinished,
    _add_notes,
    _add_vowel_signs,
)
"""``MIGRATIONS[i]`` brings version ``i + 1`` to version ``i + 2``."""


def newest(migrations: tuple[Callable[[Connection], None], ...] = MIGRATIONS) -> int:
    """The version that this program writes."""
    return len(migrations) + 1


def found(
    connection: Connection, migrations: tuple[Callable[[Connection], None], ...] = MIGRATIONS
) -> int | None:
    """The version of the tables that are there; None if there are none. Changes nothing.

    Raises:
        BadStore: the database is newer than this program, or belongs to another.
    """
    tables = set(inspect(connection).get_table_names())
    if meta.name not in tables:
        if tables & set(SCHEMA.tables):
            raise BadStore("the database holds tables of another program; choose another --store")
        return None
    version = int(connection.execute(select(meta.c.version)).scalar_one())
    if version > newest(migrations):
        raise BadStore(
            f"the database was written by a newer livestt (version {version}, this one knows "
            f"{newest(migrations)}); upgrade livestt, or choose another --store"
        )
    return version


def prepare(
    connection: Connection, migrations: tuple[Callable[[Connection], None], ...] = MIGRATIONS
) -> None:
    """Create the tables, or bring them up to date; to be called in a transaction.

    Raises:
        BadStore: the database is newer than this program, or belongs to another.
    """
    if connection.dialect.name == "postgresql":
        # A machine that stalls while it starts is not one that froze in the middle of its work.
        connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {STALLED_MS}"))
        # Two servers that start together must not both create the tables.
        connection.execute(text("SELECT pg_advisory_xact_lock(620100)"))
    version = found(connection, migrations)
    if version is None:
        SCHEMA.create_all(connection)
        connection.execute(insert(meta).values(version=newest(migrations)))
        return
    if version < newest(migrations):
        log.info("the store goes from version %d to version %d", version, newest(migrations))
    for step in migrations[version - 1 :]:
        step(connection)
    connection.execute(update(meta).values(version=newest(migrations)))
