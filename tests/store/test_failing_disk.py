"""A disk that fails silences nobody: words wait, and are written when it works again."""

from __future__ import annotations

import gc
import os
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from livestt.errors import StoreUnavailable
from livestt.store import Entry, Outcome, Store, backlog, writer
from livestt.store.transaction import Attempt

from .conftest import Open, opening, tell, words, write

pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store(retry=0.02)


class Full:
    """Makes a database as full as a full disk, and empties it again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def fill(self) -> None:
        self._limit("PRAGMA max_page_count=1")

    def make_room(self) -> None:
        self._limit("PRAGMA max_page_count=1000000")

    def _limit(self, pragma: str) -> None:
        # The limit belongs to a connection, and the pool may have several.
        self._store._connections.engine.dispose()
        from sqlalchemy import event

        @event.listens_for(self._store._connections.engine, "connect")
        def limit(connection: sqlite3.Connection, record: object) -> None:
            connection.execute(pragma)


def test_words_wait_while_the_disk_is_full(store: Store) -> None:
    tell(store, "a", "before", ended=False)
    disk = Full(store)
    disk.fill()
    big = "x" * 100_000
    assert write(store, Entry("a", 1, 1, words(big, 1))) is Outcome.DEFERRED
    assert write(store, Entry("a", 1, 2, words("after", 2))) is Outcome.DEFERRED
    assert store.trouble is not None
    assert "full" in store.trouble
    assert store.stats.backlog == 2
    disk.make_room()
    wait_until(lambda: store.trouble is None)
    assert write(store, Entry("a", 1, 3, words("again", 3))) is Outcome.STORED
    assert store.read("a").text == f"before {big} after again"
    assert store.stats.lost_words == 0


def test_what_holds_no_words_does_not_gather_without_end_either(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent session says every five seconds how far it is, and a disk may be full for days."""
    monkeypatch.setattr(backlog, "MAX_KEPT", 10)
    tell(store, "a", "before", ended=False)
    disk = Full(store)
    disk.fill()
    assert write(store, Entry("a", 1, 1, words("x" * 100_000, 1))) is Outcome.DEFERRED
    silent = [write(store, Entry("a", 1, 2, received=at)) for at in range(30)]
    assert silent == [Outcome.DEFERRED] * 9 + [Outcome.LOST] * 21
    new = Entry("b", 1, opening=opening("b"))
    assert write(store, new) is Outcome.DEFERRED, "or all else of it would be refused"
    disk.make_room()
    wait_until(lambda: store.trouble is None)
    assert write(store, Entry("b", 1, 0, words("after"))) is Outcome.STORED
    assert store.stats.lost_words == 0


def test_a_disk_that_works_again_is_well_though_words_keep_coming(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many sessions some words always come while others are written."""
    tell(store, "a", "before", ended=False)
    transact, numbers, waiting = store._writer._transaction, iter(range(2, 1000)), threading.Event()

    def speak(*_: object) -> None:
        n = next(numbers)
        store.append(Entry("a", 1, n, words("more", n)), lambda _: None)

    def busy(entries: Sequence[Entry], again: bool) -> set[int]:
        if again:
            speak()
            waiting.set()
        return transact(entries, again)

    disk = Full(store)
    disk.fill()
    assert write(store, Entry("a", 1, 1, words("x" * 100_000, 1))) is Outcome.DEFERRED
    monkeypatch.setattr(store._writer, "_transaction", busy)
    disk.make_room()
    assert waiting.wait(60)
    wait_until(lambda: store.trouble is None)
    spoken = next(numbers)
    assert spoken < 100
    wait_until(lambda: store.get("a").words == spoken)


def test_what_cannot_be_kept_is_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_BACKLOG", 2)
    tell(store, "a", "before", ended=False)
    disk = Full(store)
    disk.fill()
    big = "x" * 100_000
    assert write(store, Entry("a", 1, 1, words(f"{big} two", 1))) is Outcome.DEFERRED
    assert write(store, Entry("a", 1, 3, words("three", 3))) is Outcome.LOST
    disk.make_room()
    wait_until(lambda: store.trouble is None)
    write(store, Entry("a", 1, 4, words("four", 4)))
    assert store.read("a").text == f"before {big} two four"
    assert (store.get("a").missing, store.stats.lost_words) == (1, 1)


def test_a_session_that_ends_while_nothing_can_be_kept_has_ended(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would seem to run until the server is restarted."""
    monkeypatch.setattr(backlog, "MAX_BACKLOG", 1)
    monkeypatch.setattr(backlog, "MAX_KEPT", 1)
    tell(store, "a", "before", ended=False)
    disk = Full(store)
    disk.fill()
    said = words("x" * 100_000, 1)
    assert write(store, Entry("a", 1, 1, said)) is Outcome.DEFERRED
    assert write(store, Entry("a", 1, 2, words("end", 2), ended=True)) is Outcome.LOST
    disk.make_room()
    wait_until(lambda: store.trouble is None and store.get("a").ended is not None)
    row = store.get("a")
    assert (row.words, row.missing) == (3, 1)
    assert store._writer.open == frozenset()
    store.delete("a")


def test_a_session_whose_end_cannot_be_written_is_tidied_up(store: Store) -> None:
    tell(store, "a", "one", ended=False)
    twice = Entry("a", 1, 0, words("one"), ended=True)
    assert write(store, twice) is Outcome.LOST
    store.sweep(timedelta(0), None)
    assert store.get("a").ended is not None


def test_a_locked_database_is_a_failing_one(
    open_store: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livestt.store.database.PATIENCE", 0.05)
    store = open_store(retry=0.02)
    tell(store, "a", "one", ended=False)
    other = sqlite3.connect(tmp_path / "transcripts.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert write(store, Entry("a", 1, 1, words("two", 1))) is Outcome.DEFERRED
    other.execute("COMMIT")
    other.close()
    wait_until(lambda: store.trouble is None)
    assert store.read("a").text == "one two"


def test_a_file_that_was_deleted_is_noticed(store: Store, tmp_path: Path) -> None:
    tell(store, "a", "one", ended=False)
    os.rename(tmp_path / "transcripts.db", tmp_path / "moved.db")
    assert write(store, Entry("a", 1, 1, words("two", 1))) is Outcome.DEFERRED
    assert "transcripts.db" in (store.trouble or "")
    os.rename(tmp_path / "moved.db", tmp_path / "transcripts.db")
    wait_until(lambda: store.trouble is None)
    assert store.read("a").text == "one two"


def test_a_bad_entry_harms_only_its_own_session(store: Store) -> None:
    tell(store, "a", "one", ended=False)
    tell(store, "b", "one", ended=False)
    gate, outcomes = threading.Event(), {}
    store.append(Entry("a", 1, 1, words("two", 1)), lambda _: gate.wait(60))
    for name, first in (("a", 0), ("b", 1)):  # word 0 of a is there already
        entry = Entry(name, 1, first, words("three", 5))
        store.append(entry, lambda outcome, name=name: outcomes.update({name: outcome}))
    gate.set()
    wait_until(lambda: len(outcomes) == 2)
    assert outcomes == {"a": Outcome.LOST, "b": Outcome.STORED}
    assert store.trouble is None


def test_what_is_settled_before_the_disk_fails_is_settled_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad entry makes all of its batch be written one by one, and then the disk fails."""
    for name in "abc":
        tell(store, name, "one", ended=False)
    write_all, failures = writer.write, [OSError("the disk is gone")]

    def fragile(connection: Connection, entries: Sequence[Entry], attempt: Attempt) -> set[int]:
        if [entry.session for entry in entries] == ["c"] and failures:
            raise failures.pop()
        return write_all(connection, entries, attempt)

    monkeypatch.setattr(writer, "write", fragile)
    gate, outcomes = threading.Event(), {}
    store.append(Entry("a", 1, 1, words("two", 1)), lambda _: gate.wait(60))
    for name, first in (("a", 0), ("b", 1), ("c", 1)):  # word 0 of a is there already
        entry = Entry(name, 1, first, words("three", 5))
        store.append(entry, lambda outcome, name=name: outcomes.update({name: outcome}))
    gate.set()
    wait_until(lambda: len(outcomes) == 3)
    assert outcomes == {"a": Outcome.LOST, "b": Outcome.STORED, "c": Outcome.DEFERRED}
    wait_until(lambda: store.trouble is None)
    assert [store.read(name).text for name in "abc"] == ["one two", "one three", "one three"]
    assert store.stats.lost_words == 1
    assert not failures


def test_sessions_share_transactions(store: Store) -> None:
    busy, gate = threading.Event(), threading.Event()

    def hold_up(outcome: Outcome) -> None:
        busy.set()
        gate.wait(60)

    tell(store, "a", "one", ended=False)
    store.append(Entry("a", 1, 1, words("two", 1)), hold_up)
    assert busy.wait(60)
    before = store.stats.transactions
    done: list[Outcome] = []
    for name in map(str, range(100)):
        store.append(Entry(name, 1, 0, words("hello"), opening=opening(name)), done.append)
    gate.set()
    wait_until(lambda: len(done) == 100)
    assert set(done) == {Outcome.STORED}
    assert store.stats.transactions - before == 1
    assert store.stats.largest == 100


def test_closing_writes_what_waits(open_store: Open) -> None:
    store = open_store()
    done: list[Outcome] = []
    for name in map(str, range(50)):
        store.append(Entry(name, 1, 0, words("hello"), opening=opening(name)), done.append)
    assert store.close()
    assert done == [Outcome.STORED] * 50
    assert len(open_store().newest(100)) == 50


def test_closing_waits_for_no_disk_that_owes_nothing(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, stuck, gate = open_store(), threading.Event(), threading.Event()
    touch = writer.touch

    def hang(*args: Any) -> Any:
        stuck.set()
        assert gate.wait(60)
        return touch(*args)

    tell(store, "a", "one", ended=False)
    monkeypatch.setattr(writer, "touch", hang)
    monkeypatch.setattr(writer, "TOUCH", 0.0)
    tell(store, "b", "wakes it")
    assert stuck.wait(60)
    assert store.close(timeout=60), "all that was said is stored"
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "livestt-store":
            thread.join(60)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # the connection that hung comes back to a pool which is gone


def test_an_answer_to_nobody_stops_nothing(store: Store) -> None:
    def gone(outcome: Outcome) -> None:
        raise RuntimeError("Event loop is closed")

    store.append(Entry("a", 1, 0, words("one"), opening=opening("a")), gone)
    assert write(store, Entry("a", 1, 1, words("two", 1))) is Outcome.STORED


def test_what_waited_is_written_before_what_came_later(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last entry comes when the disk is known to fail, but nobody has been told yet."""
    tell(store, "a", "one", ended=False)
    fail, told = writer.Writer._fail, []

    def slowly(self: writer.Writer, error: OSError) -> None:
        fail(self, error)
        if not told:
            store.append(Entry("a", 1, 2, words("three", 2), received=90, ended=True), told.append)

    monkeypatch.setattr(writer.Writer, "_fail", slowly)
    os.rename(tmp_path / "transcripts.db", tmp_path / "moved.db")
    assert write(store, Entry("a", 1, 1, words("two", 1), received=50)) is Outcome.DEFERRED
    assert told == [Outcome.DEFERRED]
    os.rename(tmp_path / "moved.db", tmp_path / "transcripts.db")
    wait_until(lambda: store.trouble is None)
    assert store.read("a").text == "one two three"
    assert store.get("a").received == 90
    assert store.get("a").ended is not None


def test_what_clients_are_told_of_a_failure_names_no_file(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with store._connections.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions RENAME TO secret_place")
    with caplog.at_level("WARNING"), pytest.raises(StoreUnavailable) as caught:
        store.newest(1)
    assert "sessions" not in str(caught.value)
    assert "sessions" in caplog.text
