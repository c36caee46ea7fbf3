"""What a session still owes the store."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import Any

import anyio
import pytest
from anyio import to_thread

from livestt.events import Committed, Ended, Event, Interim, Progress, SpeakerNamed, Word
from livestt.server.storing import keeping
from livestt.server.storing.keeping import FAILING, MOST_OWED, RECOVERED, Keeper
from livestt.store import Entry, Opening, Outcome, Store
from livestt.store.outcomes import Answer
from livestt.store.recorder import Recorder
from livestt.transcript import Layout, Transcript

from ..conftest import Serve


class Disk:
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def append(self, entry: Entry, answer: Answer) -> None:
        self.answers.append(answer)


def ignore(events: Any = None) -> None:
    """Nobody reads along."""


def word(number: int) -> Committed:
    return Committed((Word(f" w{number}", number * 100, number * 100 + 50, 0.9, "en"),))


def final(told: list[Event]) -> list[Event]:
    """The events without words that may change."""
    return [event for event in told if not isinstance(event, Interim)]


def keeper_of(disk: Any, forward: Callable[[list[Event]], None], **more: Any) -> Keeper:
    """Of a session that the store knows already."""
    opening = Opening("a", datetime.now(UTC), {}, {}, None, "scripted", "x")
    callbacks = forward, more.pop("refused", ignore), more.pop("withheld", ignore)
    keeper = Keeper(disk, Recorder(Layout(), opening), *callbacks, **more)
    disk.answers.pop()(Outcome.STORED)
    return keeper


@pytest.mark.anyio
@pytest.mark.parametrize("outcome", Outcome)
async def test_it_is_done_once_the_store_has_written_all(outcome: Outcome) -> None:
    disk: Any = Disk()
    opening = Opening("a", datetime.now(UTC), {}, {}, None, "scripted", "x")
    keeper = Keeper(disk, Recorder(Layout(), opening), ignore, ignore, ignore, patience=0.01)
    await keeper.finish(complete=False)
    assert not keeper.done, "the disk has not answered in time"
    for answer in disk.answers:
        answer(outcome)
    await keeper.finish(complete=True)
    assert keeper.done is (outcome in (Outcome.STORED, Outcome.REFUSED))


@pytest.mark.anyio
async def test_all_is_well_again_when_everything_that_was_shown_is_stored() -> None:
    """A disk that is slow, not broken, answers for older words while newer ones are shown early:
    a client that then threw their audio away could not send it again to another server."""
    disk: Any = Disk()
    told: list[Event] = []
    failing = anyio.Event()

    def forward(events: list[Event]) -> None:
        told.extend(events)
        if FAILING in events:
            failing.set()

    keeper = keeper_of(disk, forward, patience=0.01, longest=0.01)
    keeper.receive_events([word(1)])
    keeper.receive_events([word(2)])
    await failing.wait()
    assert [event for event in told if isinstance(event, Committed)] == [word(1), word(2)]
    first, second = disk.answers
    first(Outcome.STORED)
    await anyio.wait_all_tasks_blocked()
    assert RECOVERED not in told
    assert keeper.trouble == FAILING, "who comes now is told, too"
    second(Outcome.STORED)
    await anyio.wait_all_tasks_blocked()
    assert told[-1] == RECOVERED
    assert keeper.trouble is None


@pytest.mark.anyio
async def test_what_another_server_says_is_not_said_here() -> None:
    disk: Any = Disk()
    told: list[Event] = []
    refusals: list[bool] = []
    keeper = keeper_of(disk, told.extend, refused=lambda: refusals.append(True), patience=60.0)
    keeper.receive_events([word(1)])
    keeper.receive_events([word(2)])
    disk.answers[0](Outcome.REFUSED)
    await anyio.wait_all_tasks_blocked()
    keeper.receive_events([word(3)])
    disk.answers[1](Outcome.REFUSED)
    await anyio.wait_all_tasks_blocked()
    assert not told
    assert refusals
    assert len(disk.answers) == 2


class Reader:
    """Folds what it is told, and remembers each text that was shown as committed."""

    def __init__(self) -> None:
        self.view = Transcript()
        self.committed: list[str] = []
        self.news = anyio.Event()

    def __call__(self, events: list[Event]) -> None:
        self.view.apply(events)
        self.committed.append(self.view.text)
        self.news.set()
        self.news = anyio.Event()

    @property
    def interim(self) -> str:
        return "".join(word.text for word in self.view.interim).strip()

    async def sees(self, interim: str) -> None:
        with anyio.fail_after(60):
            while self.interim != interim:
                await self.news.wait()


@pytest.mark.anyio
async def test_what_a_slow_disk_holds_back_may_still_change() -> None:
    """If this server is killed now, or another takes the session over, nobody saw these words as
    ones that stay."""
    disk: Any = Disk()
    reader = Reader()
    keeper = keeper_of(disk, reader, patience=0.01, longest=60.0)
    keeper.receive_events([word(1), Interim((*word(2).words, *word(3).words))])
    await reader.sees("w1 w2 w3")
    keeper.receive_events([word(2), Interim(word(3).words)])
    assert reader.interim == "w1 w2 w3"
    keeper.receive_events([Interim((*word(3).words, *word(4).words))])
    assert reader.interim == "w1 w2 w3 w4"
    assert set(reader.committed) == {""}
    assert keeper.trouble is None, "it may be only slow"
    disk.answers[0](Outcome.STORED)
    await reader.sees("w2 w3 w4")
    assert reader.view.text == "w1"
    disk.answers[1](Outcome.REFUSED)
    await anyio.wait_all_tasks_blocked()
    assert reader.view.text == "w1", "another server says the rest"


@pytest.mark.anyio
@pytest.mark.parametrize("slow", [False, True])
async def test_lines_close_where_the_store_closes_them(slow: bool) -> None:
    """Whatever was shown meanwhile; their numbers are how clients and the store speak of them."""
    disk: Any = Disk()
    reader = Reader()
    keeper = keeper_of(disk, reader, patience=0.0 if slow else 60.0, longest=60.0)
    later = Progress(90_000, 90_000, 90_000)
    keeper.receive_events([word(1)])
    keeper.receive_events([later])
    keeper.receive_events([word(1000)])
    if slow:
        await reader.sees("w1 w1000")
    for answer in disk.answers[:2]:
        answer(Outcome.STORED)
    await anyio.wait_all_tasks_blocked()
    assert [segment.text for segment in reader.view.segments] == ["w1"]
    disk.answers[2](Outcome.STORED)
    keeper.receive_events([Ended(110_000)])
    disk.answers[-1](Outcome.STORED)
    await anyio.wait_all_tasks_blocked()
    assert [segment.text for segment in reader.view.segments] == ["w1", "w1000"]


@pytest.mark.anyio
async def test_after_its_end_a_session_says_nothing() -> None:
    """A client that had interim results would be sent one more, after its last final one."""
    disk: Any = Disk()
    told: list[Event] = []
    reader = Reader()

    def forward(events: list[Event]) -> None:
        told.extend(events)
        reader(events)

    keeper = keeper_of(disk, forward, patience=0.01, longest=60.0)
    keeper.receive_events([word(1)])
    keeper.receive_events([Ended(200)])
    await reader.sees("w1")
    disk.answers[0](Outcome.DEFERRED)
    disk.answers[1](Outcome.STORED)
    await anyio.wait_all_tasks_blocked()
    assert final(told) == [FAILING, word(1), RECOVERED, Ended(200)]


@pytest.mark.anyio
@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.LOST])
async def test_what_the_store_lacks_of_a_session_is_said_before_its_end(outcome: Outcome) -> None:
    disk: Any = Disk()
    told: list[Event] = []
    keeper = keeper_of(disk, told.extend, patience=0.0)
    keeper.receive_events([word(1), Ended(200)])
    await keeper.finish(complete=True)
    assert final(told) == [FAILING, word(1), Ended(200)], "nobody knows yet whether it is stored"
    disk.answers[0](outcome)
    await anyio.wait_all_tasks_blocked()
    assert told[-1] == Ended(200)
    assert keeper.trouble is not None, "who comes now is told"


@pytest.mark.anyio
async def test_who_hands_a_session_over_does_not_wait_for_a_disk_that_fails() -> None:
    disk: Any = Disk()
    told: list[Event] = []
    withheld: list[bool] = []
    keeper = keeper_of(disk, told.extend, withheld=lambda: withheld.append(True), patience=60.0)
    keeper.receive_events([word(1)])
    keeper.stay_open()
    disk.answers[0](Outcome.DEFERRED)
    await anyio.wait_all_tasks_blocked()
    assert told == [FAILING]
    assert not withheld
    keeper.receive_events([word(2), Ended(300)])
    disk.answers[1](Outcome.DEFERRED)
    await anyio.wait_all_tasks_blocked()
    assert withheld
    assert told == [FAILING], "the next server hears it again"


@pytest.mark.anyio
async def test_who_is_told_of_the_speakers_is_repeated_until_the_store_has_answered() -> None:
    """What comes from another server meanwhile is older (`livestt.store.notes`)."""
    disk: Any = Disk()
    keeper = keeper_of(disk, ignore)
    ada, bob = SpeakerNamed(1, "Ada"), SpeakerNamed(1, "Bob")
    keeper.receive_events([ada])
    keeper.receive_events([bob])
    assert keeper.telling == [ada, bob]
    disk.answers[0](Outcome.STORED)
    await anyio.wait_all_tasks_blocked()
    assert keeper.telling == [bob]


@pytest.mark.anyio
@pytest.mark.parametrize("outcome", [None, Outcome.DEFERRED])
async def test_who_hands_a_session_over_says_only_what_is_stored(outcome: Outcome | None) -> None:
    """The rest is heard again, and the next server may hear other words."""
    disk: Any = Disk()
    reader = Reader()
    keeper = keeper_of(disk, reader, patience=0.01, longest=0.01)
    keeper.receive_events([word(1)])
    keeper.stay_open()
    if outcome is not None:
        disk.answers[0](outcome)
    await reader.sees("w1")
    await keeper.finish(complete=False)
    assert set(reader.committed) == {""}


@pytest.mark.anyio
async def test_a_session_that_is_lost_says_nothing_more() -> None:
    disk: Any = Disk()
    reader = Reader()
    keeper = keeper_of(disk, reader, patience=0.0)
    keeper.receive_events([word(1)])
    keeper.lose()
    await keeper.finish(complete=False)
    assert not reader.committed


@pytest.mark.anyio
async def test_who_tells_a_great_deal_waits_for_the_disk() -> None:
    """What all sessions tell goes through one queue; one of them must not fill it."""
    disk: Any = Disk()
    keeper = keeper_of(disk, ignore, patience=1000)
    for number in range(MOST_OWED):
        await keeper.caught_up()
        keeper.receive_events([SpeakerNamed(1, f"name {number}")])
    done = anyio.Event()

    async def wait() -> None:
        await keeper.caught_up()
        done.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert not done.is_set()
        disk.answers.pop(0)(Outcome.STORED)
        await done.wait()
    hanging = keeper_of(disk, ignore, patience=0.01)
    for number in range(2 * MOST_OWED):
        hanging.receive_events([SpeakerNamed(1, f"name {number}")])
    await hanging.caught_up()  # its client speaks, too


@pytest.mark.anyio
async def test_a_client_that_names_speakers_without_end_is_read_no_faster_than_they_are_stored(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 1000.0)
    store = Store(str(tmp_path / "transcripts.db"))
    server, most, append = serve(kept=store), 0, store.append
    waiting: deque[tuple[Entry, Answer]] = deque()

    def slow(entry: Entry, answer: Answer) -> None:
        nonlocal most
        waiting.append((entry, answer))
        most = max(most, len(waiting))
        if len(waiting) >= MOST_OWED or entry.ended:
            Timer(0.05, answer_all).start()

    def answer_all() -> None:
        while waiting:
            append(*waiting.popleft())

    monkeypatch.setattr(store, "append", slow)
    names = [f'{{"type": "rename", "speaker": 1, "name": "name {n}"}}' for n in range(300)]
    await to_thread.run_sync(lambda: server.talk(*names, encoding="s16le"))
    assert MOST_OWED <= most <= MOST_OWED + 2
