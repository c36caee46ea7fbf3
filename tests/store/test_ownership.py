"""Several servers with one store: whose a session is, and what the others may not do to it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from server.running import wait_until
from sqlalchemy import Connection, Inspector, event, func, inspect, select, text, update

from livestt.errors import StillRunning, StoreUnavailable
from livestt.events import SpeakerNamed
from livestt.store import Asked, Entry, Outcome, Resumed, Store, schema, writer
from livestt.store.schema import sessions
from livestt.store.transaction import Attempt
from livestt.store.transaction import write as write_transaction

from .conftest import AUDIO, PATIENCE, Open, line, opening, tell, words, write

LONG = timedelta(hours=1)
NOW = timedelta(0)
IN_POSTGRES = pytest.mark.parametrize("place", ["postgres"], indirect=True)


@pytest.fixture
def two(open_store: Open) -> tuple[Store, Store]:
    return open_store(), open_store()


def begin(store: Store, text: str = "one two three") -> None:
    """A session that goes on, its first line closed."""
    said = words(text)
    entry = Entry("a", 1, 0, said, (line(0, said[:1], 0),), 48_000, 48_000, opening=opening("a"))
    assert write(store, entry) is Outcome.STORED


def age(store: Store, by: timedelta) -> None:
    """As if nothing had been heard of any session for so long."""
    with store._connections.engine.begin() as connection:
        milliseconds = round(by.total_seconds() * 1000)
        connection.execute(update(sessions).values(seen=sessions.c.seen - milliseconds))


def test_a_session_is_taken_from_a_server_that_seems_to_live(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    resumed = other.reopen(Asked("a", AUDIO), LONG, 0)
    assert resumed is not None
    assert (resumed.row.epoch, resumed.next_word, resumed.last_end) == (2, 3, 40_000)


def test_a_server_that_was_cut_off_writes_nothing_more(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    other.reopen(Asked("a", AUDIO), LONG, 0)
    assert write(other, Entry("a", 2, 3, words("four", 3), next_line=1)) is Outcome.STORED
    late = words("false words", 3)
    entry = Entry("a", 1, 3, late, (line(1, late, 3),), 96_000, 96_000, ended=True, next_line=1)
    assert write(mine, entry) is Outcome.REFUSED
    assert other.read("a").text == "one two three four"
    assert other.get("a").ended is None


def test_a_server_that_takes_a_session_over_misses_nothing_that_is_just_written(
    two: tuple[Store, Store],
) -> None:
    mine, other = two
    begin(mine)
    taken: list[Resumed | None] = []
    taker = threading.Thread(target=lambda: taken.append(other.reopen(Asked("a", AUDIO), LONG, 0)))

    def take_over(*statement: object) -> None:
        if not taker.ident and "INSERT INTO words" in str(statement[2]):
            taker.start()
            taker.join(0.2)  # where nothing keeps it from doing so it is done by then

    event.listen(mine._connections.engine, "before_cursor_execute", take_over)
    write(mine, Entry("a", 1, 3, words("four", 3), received=64_000, committed=64_000, next_line=1))
    taker.join(PATIENCE)
    [resumed] = taken
    assert resumed is not None
    assert resumed.next_word == len(other.read("a").text.split())


def test_a_server_is_told_what_it_has_lost(
    two: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = two
    told, lost = threading.Event(), dict[str, int]()

    def on_lost(sessions: Mapping[str, int]) -> None:
        lost.update(sessions)
        told.set()

    mine.listen(on_lost, lambda _: None)
    begin(mine)
    tell(mine, "b", "goes on", ended=False)
    other.reopen(Asked("a", AUDIO), LONG, 0)
    monkeypatch.setattr(writer, "TOUCH", 0.0)
    write(mine, Entry("b", 1, 2, words("here", 2), next_line=1))  # wakes it
    assert told.wait(PATIENCE)
    assert lost == {"a": 1}


def test_nobody_takes_over_a_session_whose_words_are_yet_to_be_written_here(
    two: tuple[Store, Store],
) -> None:
    """They were perhaps shown; to take the session over would have them refused."""
    mine, _ = two
    begin(mine)
    busy, gate = threading.Event(), threading.Event()

    def hold_up(*statement: object) -> None:
        if "INSERT INTO words" in str(statement[2]):
            busy.set()
            gate.wait(PATIENCE)

    event.listen(mine._connections.engine, "before_cursor_execute", hold_up)
    outcome: list[Outcome] = []
    mine.append(Entry("a", 1, 3, words("four", 3), next_line=1), outcome.append)
    assert busy.wait(PATIENCE)
    with pytest.raises(StoreUnavailable):
        mine.reopen(Asked("a", AUDIO), LONG, 0)
    gate.set()
    wait_until(lambda: outcome)
    assert outcome == [Outcome.STORED]
    resumed = mine.reopen(Asked("a", AUDIO), LONG, 0)
    assert resumed is not None
    assert resumed.next_word == 4


def test_the_owner_alone_says_that_a_session_is_looked_after(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    other.reopen(Asked("a", AUDIO), LONG, 0)
    age(other, LONG)
    before = other.get("a").seen
    mine._writer._touch()
    assert other.get("a").seen == before
    write(other, Entry("a", 2, 3, next_line=1))
    age(other, LONG)
    other._writer._touch()
    assert other.get("a").seen > before


class TestSweepingBesideALivingServer:
    """One that cannot reach the database looks as dead as one that is."""

    def swept(self, mine: Store, other: Store) -> None:
        begin(mine)
        age(mine, LONG)
        other.sweep(NOW, None)
        assert other.get("a").ended is not None
        assert [found.line for found in other.search("three", 10)] == [1]

    def test_its_sessions_go_on_when_it_is_back(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        self.swept(mine, other)
        said = words("one two three four five")
        closed = (line(1, said[1:4], 1),)
        entry = Entry("a", 1, 3, said[3:], closed, 80_000, 80_000, next_line=1)
        assert write(mine, entry) is Outcome.STORED
        assert other.get("a").ended is None
        assert [s.text for s in other.read("a").segments] == ["one", "two three four", "five"]
        assert [found.line for found in other.search("three", 10)] == [1]

    def test_lines_that_the_sweep_closed_are_open_again(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        self.swept(mine, other)
        assert write(mine, Entry("a", 1, 3, words("four", 3), next_line=1)) is Outcome.STORED
        assert [s.text for s in other.read("a").segments] == ["one", "two three four"]

    def test_but_not_if_another_server_has_them(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        self.swept(mine, other)
        resumed = other.reopen(Asked("a", AUDIO), 2 * LONG, 0)
        assert resumed is not None
        assert (resumed.next_line, resumed.next_word) == (2, 3)
        assert write(mine, Entry("a", 1, 3, words("four", 3), next_line=1)) is Outcome.REFUSED
        assert [s.text for s in other.read("a").segments] == ["one", "two three"]


class TestLookingAfter:
    def test_is_known_to_every_server_until_it_ends_or_nothing_is_heard_of_it(
        self, two: tuple[Store, Store]
    ) -> None:
        mine, other = two
        begin(mine)
        assert other.looked_after(other.newest(10)) == {"a"}
        age(mine, LONG)
        assert other.looked_after(other.newest(10)) == set()
        ended = Entry("a", 1, 3, ended=True, next_line=1)
        assert write(mine, ended) is Outcome.STORED
        assert other.looked_after(other.newest(10)) == set()


class TestAClockThatIsSetBack:
    """A moment that is yet to come says nothing of how long ago it was."""

    def left(self, mine: Store) -> None:
        """A session whose server died an hour before the clock was set back by two."""
        begin(mine)
        age(mine, -LONG)

    def test_ends_what_nobody_has_any_more(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        self.left(mine)
        assert other.looked_after(other.newest(10)) == set()
        other.sweep(NOW, None)
        ended = other.get("a").ended
        assert ended is not None
        assert ended <= datetime.now(UTC)

    def test_lets_it_be_deleted(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        self.left(mine)
        other.delete("a")
        assert other.newest(10) == []

    def test_lets_its_client_come_back(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        self.left(mine)
        assert other.reopen(Asked("a", AUDIO), NOW, 0) is not None

    def test_takes_nothing_from_a_server_that_runs(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        self.left(mine)
        mine._writer._touch()
        assert other.looked_after(other.newest(10)) == {"a"}
        other.sweep(timedelta(minutes=1), None)
        assert other.get("a").ended is None


def test_a_server_waits_for_clients_by_no_clock_that_can_be_set(
    two: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has just started, and its clock is set right: nobody could come back before."""
    mine, other = two
    begin(mine)
    age(mine, LONG)
    soon = timedelta(minutes=5)
    other.sweep(soon, None)
    assert other.get("a").ended is None
    monkeypatch.setattr(other, "_opened", other._opened - soon.total_seconds())
    assert other.reopen(Asked("a", AUDIO), soon, 0) is None
    other.sweep(soon, None)
    assert other.get("a").ended is not None


class TestDeleting:
    def test_leaves_alone_what_runs_on_another_server(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        begin(mine)
        with pytest.raises(StillRunning):
            other.delete("a")
        assert other.read("a").text == "one two three"

    def test_takes_what_no_server_has_any_more(self, two: tuple[Store, Store]) -> None:
        mine, other = two
        begin(mine)
        age(mine, LONG)
        other.delete("a")
        assert other.newest(10) == []


class TestACommitNobodyHeardOf:
    """The connection is lost between a transaction and the news that it was done."""

    def test_is_not_made_twice(self, store: Store) -> None:
        said = words("one two three")
        entries = [
            Entry("a", 1, 0, said[:2], (line(0, said[:2], 0),), opening=opening("a")),
            Entry("a", 1, 2, said[2:], received=48_000, next_line=1),
        ]
        for again in (False, True):
            with store._connections.engine.begin() as connection:
                attempt = Attempt(datetime.now(UTC), again=again)
                assert write_transaction(connection, entries, attempt) == set()
        assert [s.text for s in store.read("a").segments] == ["one two", "three"]
        assert store.get("a").words == 3

    def test_is_made_where_it_was_not(self, store: Store) -> None:
        begin(store)
        said = words("one two three four")
        entries = [
            Entry("a", 1, 2, said[2:], (line(1, said[1:], 1),), next_line=1),
            Entry("b", 1, 0, said, opening=opening("b")),
        ]
        with store._connections.engine.begin() as connection:
            write_transaction(connection, entries, Attempt(datetime.now(UTC), again=True))
        assert [s.text for s in store.read("a").segments] == ["one", "two three four"]
        assert store.read("b").text == "one two three four"


@IN_POSTGRES
def test_a_server_frozen_in_a_transaction_keeps_no_session(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    with mine._connections.engine.connect() as connection:
        frozen = connection.begin()
        connection.execute(select(sessions).where(sessions.c.id == "a").with_for_update())
        assert other.reopen(Asked("a", AUDIO), LONG, 0) is not None
        connection.invalidate()
        frozen.close()


@IN_POSTGRES
def test_a_machine_that_stalls_while_it_starts_may_open_the_store(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's session waits for it yet."""
    allowed: list[str] = []
    show = text("SHOW idle_in_transaction_session_timeout")

    def look(connection: Connection) -> Inspector:
        allowed.append(connection.execute(show).scalar_one())
        return inspect(connection)

    monkeypatch.setattr(schema, "inspect", look)
    store = open_store()
    assert allowed == ["1min"]
    with store._connections.reading() as connection:
        assert connection.execute(show).scalar_one() == "2500ms"


@IN_POSTGRES
def test_connections_that_the_database_ends_are_made_again(store: Store) -> None:
    begin(store)
    with store._connections.engine.connect() as connection:
        own = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
        connection.exec_driver_sql(f"{own} pg_backend_pid() AND datname = current_database()")
    assert write(store, Entry("a", 1, 3, words("four", 3), next_line=1)) is Outcome.STORED


@IN_POSTGRES
def test_a_name_that_is_heard_while_another_is_given_is_kept(two: tuple[Store, Store]) -> None:
    mine, other = two
    begin(mine)
    names = update(sessions).where(sessions.c.id == "a").values(speakers={"1": "Anna"})
    waiting = select(func.count()).select_from(text("pg_locks")).where(text("NOT granted"))
    with ThreadPoolExecutor(1) as pool:
        with mine._connections.engine.begin() as connection:
            connection.execute(names)
            edited = pool.submit(other.edit, "a", told=[SpeakerNamed(2, "Ben")])
            wait_until(lambda: connection.execute(waiting).scalar_one() > 0)
        assert edited.result(PATIENCE).speakers == {1: "Anna", 2: "Ben"}
