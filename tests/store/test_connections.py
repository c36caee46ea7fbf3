"""How many connections a store has, what each of them sees, and what becomes of the file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from server.running import wait_until
from sqlalchemy import event

from livestt.errors import StoreUnavailable
from livestt.store import Entry, Outcome, Store
from livestt.store.connections import CHANGING, READING
from livestt.store.database import KEPT

from .conftest import PATIENCE, Open, line, tell, words, write

IN_A_FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def test_words_are_written_however_many_people_read(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livestt.store.database.PATIENCE", 0.5)
    store = open_store()
    with ExitStack() as stack:
        for _ in range(READING):
            stack.enter_context(store._connections.reading())
        with pytest.raises(StoreUnavailable):
            store.newest(1)
        tell(store, "a", "good morning")
        assert store.trouble is None
    assert [row.id for row in store.newest(1)] == ["a"]


def test_those_who_write_have_so_many(store: Store) -> None:
    with ExitStack() as stack:
        for _ in range(CHANGING):
            stack.enter_context(store._connections.engine.connect())
        pool: Any = store._connections.engine.pool
        assert pool.checkedout() == CHANGING
    assert pool.checkedin() == KEPT, "the others are closed when nobody uses them"


def test_a_line_that_closes_while_somebody_reads_is_read_once(store: Store) -> None:
    """Or it would be neither among the closed ones nor among what follows."""
    tell(store, "a", "one two", ended=False)
    said = words("three four", 2)
    assert write(store, Entry("a", 1, 2, said, next_line=1)) is Outcome.STORED
    closing = threading.Thread(
        target=lambda: write(store, Entry("a", 1, 4, (), (line(1, said, 2),), next_line=1))
    )

    def close_it(*statement: object) -> None:
        if "FROM lines" in str(statement[2]) and not closing.ident:
            closing.start()
            closing.join(PATIENCE)

    event.listen(store._connections._readers, "after_cursor_execute", close_it)
    assert [segment.text for segment in store.read("a").segments] == ["one two", "three four"]
    assert closing.ident


@IN_A_FILE
def test_who_reads_makes_no_new_file_where_it_was_deleted(store: Store, tmp_path: Path) -> None:
    """The new one would be empty, and for everybody to read."""
    tell(store, "a", "one", ended=False)
    os.rename(tmp_path / "transcripts.db", tmp_path / "moved.db")
    store._connections.close()
    with pytest.raises(StoreUnavailable):
        store.newest(1)
    assert not (tmp_path / "transcripts.db").exists()
    os.rename(tmp_path / "moved.db", tmp_path / "transcripts.db")
    assert store.read("a").text == "one"


@IN_A_FILE
def test_a_connection_that_can_only_read_is_given_up(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was opened while the disk could not be written to, and would stay so for ever."""
    store = open_store(retry=0.02)
    tell(store, "a", "one", ended=False)
    engine, only = store._connections.engine, threading.Event()
    only.set()

    def read_only(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA query_only = {int(only.is_set())}")

    event.listen(engine, "connect", read_only)
    engine.dispose()
    assert write(store, Entry("a", 1, 1, words("two", 1), next_line=1)) is Outcome.DEFERRED
    assert "readonly" in (store.trouble or "")
    only.clear()
    wait_until(lambda: store.trouble is None)
    assert store.read("a").text == "one two"


@IN_A_FILE
def test_servers_that_make_the_file_together_wait_for_each_other(
    open_store: Open, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("livestt.store.database.sleep", lambda _: other.close())
    tell(open_store(), "a", "one")


@IN_A_FILE
def test_other_programs_that_read_the_file_take_nothing_away(store: Store, place: str) -> None:
    """Whoever takes itself for the last one deletes the log, and what is written to it is gone."""

    def sessions() -> int:
        look = "import sqlite3, sys; from contextlib import closing\n"
        look += "with closing(sqlite3.connect(sys.argv[1])) as db:\n"
        look += "    print(db.execute('SELECT count(*) FROM sessions').fetchone()[0])"
        return int(subprocess.check_output([sys.executable, "-c", look, place]))

    for number, session in enumerate("abc", 1):
        tell(store, session, "one")
        assert sessions() == number
        assert Path(f"{place}-wal").exists()


@IN_A_FILE
class TestWhatIsDeleted:
    def found(self, tmp_path: Path, what: bytes) -> bool:
        return any(what in path.read_bytes() for path in tmp_path.glob("transcripts.db*"))

    def test_is_overwritten(self, store: Store, tmp_path: Path) -> None:
        tell(store, "zebrafinch", "secret", owner="anna")
        assert self.found(tmp_path, b"zebrafinch")
        store.delete("zebrafinch")
        assert not self.found(tmp_path, b"zebrafinch")
        tell(store, "zebrafinch", "secret")
        while store.sweep(timedelta(0), timedelta(days=-1)):
            pass
        assert not self.found(tmp_path, b"zebrafinch")

    def test_is_overwritten_later_if_somebody_reads(
        self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("livestt.store.database.SOON", 0.01)
        tell(store, "zebrafinch", "secret")
        with store._connections.reading() as connection:
            connection.exec_driver_sql("SELECT id FROM sessions").all()
            store.delete("zebrafinch")
        assert self.found(tmp_path, b"zebrafinch")
        store.sweep(timedelta(0), None)
        assert not self.found(tmp_path, b"zebrafinch")

    def test_is_overwritten_though_it_is_deleted_while_others_are(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        emptied: list[Path] = []

        def empty(path: Path) -> bool:
            emptied.append(path)
            if len(emptied) == 1:
                store._connections.deleted()
            return True

        monkeypatch.setattr("livestt.store.connections.empty_log", empty)
        store._connections.deleted()
        for _ in range(3):
            store._connections.overwrite()
        assert len(emptied) == 2
