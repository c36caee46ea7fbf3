from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from livestt.engines import Hypothesis, Job, StreamOptions, scheduler
from livestt.engines.scheduler import Scheduler, Ticket
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import EngineError

PATIENCE = 10.0
OPTIONS = StreamOptions()


class Gate(ScriptedEngine):
    """Waits, when its gate is shut, and notes what it was asked in which batches.

    The stream of a job is its name; its first letter is its batch key.
    """

    def __init__(self, max_batch: int = 4) -> None:
        super().__init__(script=[])
        self.capabilities = replace(self.capabilities, max_batch=max_batch)
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[str]] = []
        self.trouble: Callable[[list[str]], None] = lambda names: None
        self.answers = 0
        self._inside = threading.Lock()

    def batch_key(self, job: Job) -> Hashable:
        if job.stream == "unhashable":
            raise RuntimeError("cannot look at it")
        if str(job.stream).startswith("array"):
            return np.zeros(2)  # type: ignore[return-value]
        return str(job.stream)[0]

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        assert self._inside.acquire(blocking=False), "run called twice at once"
        try:
            names = [str(job.stream) for job in jobs]
            self.batches.append(names)
            self.entered.set()
            assert self.gate.wait(PATIENCE)
            self.trouble(names)
            return [Hypothesis((), details={"of": i}) for i in range(len(jobs) + self.answers)]
        finally:
            self._inside.release()


def job(name: str) -> Job:
    return Job(name, np.zeros(0, np.float32), 0, False, OPTIONS)


class Client:
    """Submits jobs and waits for them."""

    def __init__(self, engine: Gate) -> None:
        self.engine = engine
        self.scheduler = Scheduler(engine)
        self.done: dict[str, threading.Event] = {}
        self.told: list[str] = []

    def submit(self, name: str, deadline: float = 0.0) -> Ticket:
        self.done[name] = threading.Event()

        def on_done() -> None:
            self.told.append(name)
            self.done[name].set()

        return self.scheduler.submit(job(name), deadline, on_done)

    def occupy(self) -> None:
        """Give the engine something that lasts until its gate opens."""
        self.submit("!")
        assert self.engine.entered.wait(PATIENCE)

    def release(self) -> None:
        self.engine.gate.set()
        assert all(event.wait(PATIENCE) for event in self.done.values())


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(Gate())
    yield client
    client.engine.gate.set()
    client.scheduler.close()


def test_a_job_is_answered(client: Client) -> None:
    ticket = client.submit("a")
    client.release()
    assert ticket.done
    assert ticket.answer is not None
    assert ticket.failure is None


def test_the_earliest_deadline_goes_first(client: Client) -> None:
    client.occupy()
    for name, deadline in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        client.submit(name, deadline)
    client.release()
    assert client.engine.batches == [["!"], ["b"], ["c"], ["a"]]


def test_equal_keys_ride_along_up_to_the_batch_size(client: Client) -> None:
    client.occupy()
    for i in range(6):
        client.submit(f"x{i}", 10.0 - i)
    client.submit("y", 5.5)
    assert client.scheduler.stats.waiting == 7
    client.release()
    assert client.engine.batches == [["!"], ["x5", "x4", "x3", "x2"], ["y"], ["x1", "x0"]]
    assert client.scheduler.stats.largest_batch == 4
    assert client.scheduler.stats.waiting == 0


def test_an_engine_that_takes_one_gets_one() -> None:
    client = Client(Gate(max_batch=1))
    client.occupy()
    client.submit("xa")
    client.submit("xb")
    client.release()
    client.scheduler.close()
    assert client.engine.batches == [["!"], ["xa"], ["xb"]]


def test_a_waiting_job_can_be_withdrawn_and_a_running_one_not(client: Client) -> None:
    client.occupy()
    kept, gone = client.submit("kept"), client.submit("gone")
    assert client.scheduler.withdraw(gone)
    assert not client.scheduler.withdraw(gone)
    del client.done["gone"]
    client.release()
    assert not client.scheduler.withdraw(kept)
    assert client.told == ["!", "kept"]
    assert not gone.done


def test_a_poisoned_job_fails_alone(client: Client) -> None:
    def choke(names: list[str]) -> None:
        if "x-poison" in names:
            raise EngineError("it is poison")

    client.engine.trouble = choke
    client.occupy()
    tickets = {name: client.submit(name) for name in ("x1", "x-poison", "x2")}
    client.release()
    assert client.engine.batches[1:] == [["x1", "x-poison", "x2"], ["x1"], ["x-poison"], ["x2"]]
    assert tickets["x1"].answer
    assert tickets["x2"].answer
    assert tickets["x-poison"].failure == "EngineError: it is poison"
    assert tickets["x-poison"].answer is None
    assert client.scheduler.stats.failures == 1
    assert client.scheduler.stats.retries == 3


def test_a_job_that_was_alone_already_is_not_retried(client: Client) -> None:
    client.engine.trouble = lambda names: (_ for _ in ()).throw(RuntimeError("no"))
    ticket = client.submit("a")
    client.release()
    assert ticket.failure == "RuntimeError: no"
    assert client.engine.batches == [["a"]]


def test_a_wrong_number_of_answers_is_a_failure(client: Client) -> None:
    client.engine.answers = 1
    ticket = client.submit("a")
    client.release()
    assert ticket.failure == "EngineError: the engine gave 2 answers to 1 jobs"
    assert client.scheduler.alive


def test_no_answer_is_a_failure(client: Client) -> None:
    client.engine.run = lambda jobs: [None] * len(jobs)  # type: ignore[method-assign,list-item]
    ticket = client.submit("a")
    client.release()
    assert ticket.failure == "EngineError: the engine gave no answer to a job"


def test_jobs_whose_keys_cannot_be_compared_run_alone(client: Client) -> None:
    client.occupy()
    tickets = [client.submit("array 1"), client.submit("array 2")]
    client.release()
    assert all(ticket.answer is not None for ticket in tickets)
    assert client.engine.batches == [["!"], ["array 1"], ["array 2"]]
    assert client.scheduler.stats.revived == 0


def test_a_job_without_a_key_runs_alone(client: Client) -> None:
    client.occupy()
    client.submit("unhashable", 1.0)
    client.submit("x1", 2.0)
    client.submit("x2", 3.0)
    client.release()
    assert client.engine.batches == [["!"], ["unhashable"], ["x1", "x2"]]


def test_an_owner_that_cannot_be_told_stops_nobody(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.occupy()

    def vanished() -> None:
        raise RuntimeError("Event loop is closed")

    client.scheduler.submit(job("x1"), 0.0, vanished)
    ticket = client.submit("x2", 1.0)
    with caplog.at_level(logging.ERROR):
        client.release()
    assert ticket.answer
    assert client.scheduler.alive
    assert "could not be told" in caplog.text


def test_close_waits_for_the_batch_and_fails_the_rest(client: Client) -> None:
    client.occupy()
    waiting = [client.submit(f"w{i}") for i in range(5)]
    closer = threading.Thread(target=client.scheduler.close)
    closer.start()
    while not client.scheduler._closed:
        pass
    with pytest.raises(EngineError, match="shutting down"):
        client.submit("late")
    del client.done["late"]
    client.release()
    closer.join(PATIENCE)
    assert client.engine.batches == [["!"]]
    assert [ticket.failure for ticket in waiting] == ["the engine is shutting down"] * 5
    assert not client.scheduler.alive
    assert client.scheduler.stats.waiting == 0
    client.scheduler.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_is_replaced_and_its_jobs_fail(client: Client) -> None:
    dying = []

    def die(names: list[str]) -> None:
        dying.append(threading.current_thread())
        raise SystemExit

    client.engine.trouble = die
    client.occupy()
    waiting = client.submit("w")
    client.release()
    assert waiting.failure == "the engine's thread has ended"
    client.engine.trouble = lambda names: None
    client.occupy()
    client.release()
    assert client.scheduler.alive
    assert client.scheduler.stats.revived >= 1
    for thread in dying:
        thread.join(PATIENCE)  # or what is said about its end would disturb the next test


def test_many_threads_at_once_are_each_answered_once() -> None:
    client = Client(Gate())
    client.engine.gate.set()

    def session(who: int) -> int:
        answered = 0
        for i in range(30):
            done = threading.Event()
            ticket = client.scheduler.submit(job(f"{who % 3}-{who}-{i}"), i, done.set)
            if i % 5 == 0 and client.scheduler.withdraw(ticket):
                continue
            assert done.wait(PATIENCE)
            assert ticket.answer
            answered += 1
        return answered

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(session, range(8)))
    client.scheduler.close()
    assert answered == client.scheduler.stats.jobs == sum(map(len, client.engine.batches))
    assert client.scheduler.stats.failures == 0


class TestBackground:
    """Jobs that nobody waits for go when nobody else wants to, and never beside a live one."""

    @pytest.fixture(autouse=True)
    def talk_that_is_never_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scheduler, "LIVE_SECONDS", 1e9)

    def submit(self, client: Client, *names: str) -> None:
        for name in names:
            client.done[name] = threading.Event()
            client.scheduler.submit(job(name), 0.0, client.done[name].set, background=True)

    def test_live_jobs_go_first_whatever_their_deadline(self, client: Client) -> None:
        client.occupy()
        self.submit(client, "a1", "a2")
        client.submit("b", deadline=1e12)
        client.release()
        assert client.engine.batches[:2] == [["!"], ["b"]]

    def test_they_do_not_ride_along_with_a_live_job(self, client: Client) -> None:
        client.occupy()
        self.submit(client, "a1", "a2")
        client.submit("a3")
        client.release()
        assert client.engine.batches == [["!"], ["a3"], ["a1"], ["a2"]]

    def test_they_share_batches_when_nobody_speaks(self, client: Client) -> None:
        self.submit(client, "!")
        assert client.engine.entered.wait(PATIENCE)
        self.submit(client, "a1", "a2", "a3")
        client.release()
        assert client.engine.batches == [["!"], ["a1", "a2", "a3"]]

    def test_load_is_counted_without_them(self, client: Client) -> None:
        client.occupy()
        self.submit(client, "a1", "a2")
        assert client.scheduler.stats.waiting == 0
        client.release()
        stats = client.scheduler.stats
        assert (stats.jobs, stats.background) == (1, 2)

    def test_one_worker_of_several_stays_free_while_somebody_speaks(self) -> None:
        engine = Two()
        client = Client(engine)
        client.submit("!")
        client.submit("!!")
        assert engine.both.wait(PATIENCE)
        self.submit(client, "a1", "b1")
        engine.leave.release(2)  # both workers are done with what is live
        assert engine.left.acquire(timeout=PATIENCE)
        assert engine.left.acquire(timeout=PATIENCE)
        assert engine.left_background.acquire(timeout=PATIENCE)
        client.submit("c")
        assert client.done["c"].wait(PATIENCE)
        assert engine.most_background == 1
        engine.leave_background.release(2)
        assert all(event.wait(PATIENCE) for event in client.done.values())
        client.scheduler.close()


class Two(Gate):
    """Two workers. Jobs named ``!`` and background ones wait to be let go."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, parallel=2, max_batch=1)
        self.leave, self.leave_background = threading.Semaphore(0), threading.Semaphore(0)
        self.left, self.left_background = threading.Semaphore(0), threading.Semaphore(0)
        self.both = threading.Event()
        self.inside = self.background = self.most_background = 0
        self.lock = threading.Lock()

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        name = str(jobs[0].stream)
        if name.startswith("!"):
            with self.lock:
                self.inside += 1
                if self.inside == 2:
                    self.both.set()
            assert self.leave.acquire(timeout=PATIENCE)
            self.left.release()
        elif name != "c":
            with self.lock:
                self.background += 1
                self.most_background = max(self.most_background, self.background)
            self.left_background.release()
            assert self.leave_background.acquire(timeout=PATIENCE)
            with self.lock:
                self.background -= 1
        return [Hypothesis(())]
