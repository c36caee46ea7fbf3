"""The threads that run a model, and batch the jobs of all sessions.

An engine (`livestt.engines`) and a diarizer (`livestt.speakers`) are both such a model: each gets
a scheduler of its own.

Batches (`livestt.engines.batching`) form by themselves when the model is the bottleneck and cost
nothing when it is not. Where a model can work on several at once, there is a worker for each.

A session has at most one job here and may withdraw it while it waits, to ask with more audio:
steps grow under load, the queue never does.

Jobs of files are **background** jobs: a live job waits for at most one of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

from livestt.engines import Engine, Hypothesis, Job
from livestt.engines.asking import Asking, Runner
from livestt.engines.batching import may_begin, next_batch
from livestt.engines.delays import Delay, Delays
from livestt.engines.tickets import BatchReport, SchedulerStats, TicketOf, settle, tell
from livestt.errors import EngineError

log = logging.getLogger(__name__)

LIVE_SECONDS = 3.0
"""How long after a live job another one is to be expected."""

HUNG = 120.0
"""Seconds that a model may work on a batch before its thread is given up."""
MOST_HUNG = 2
"""Threads given up, for each place, that may still hang; beyond that no other takes a place."""

J = TypeVar("J")
A = TypeVar("A")


class SchedulerOf(Generic[J, A]):
    """Runs jobs on a model. Thread-safe; `close` waits for the batch in progress.

    Args:
        engine: the model.
        patience: seconds that it may work on a background batch, if that is more than `HUNG`.

    Attributes:
        stats: counted since the start.
        observers: told of each batch, in the thread that ran it.
    """

    def __init__(self, engine: Runner[J, A], patience: float = 0.0) -> None:
        self.engine = engine
        self._patience = patience
        self.stats = SchedulerStats()
        self._asking = Asking(engine, self.stats)
        self.observers: list[Callable[[BatchReport], None]] = []
        self._waiting: list[TicketOf[J, A]] = []
        self._wake = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"livestt-engine-{i}", daemon=True)
            for i in range(engine.capabilities.parallel)
        ]
        self._idle = 0
        self._last_live = float("-inf")
        self._waits, self._runs = Delays(), Delays()
        self._running: dict[threading.Thread, tuple[float, list[TicketOf[J, A]]]] = {}
        self._hanging: set[threading.Thread] = set()
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether all threads are alive, and none hangs for good."""
        hangs = self._hanging.intersection(self._threads)
        return not hangs and all(thread.is_alive() for thread in self._threads)

    def delay(self) -> Delay:
        """How long live jobs take now, those included that are not done yet."""
        with self._wake:
            now = time.monotonic()
            waiting = [now - ticket.submitted for ticket in self._waiting if not ticket.background]
            running = [
                now - since for since, batch in self._running.values() if not batch[0].background
            ]
            return Delay(self._waits.mean(now, waiting), self._runs.mean(now, running))

    def submit(
        self,
        job: J,
        deadline: float,
        on_done: Callable[[], None],
        *,
        instead_of: TicketOf[J, A] | None = None,
        background: bool = False,
    ) -> TicketOf[J, A]:
        """Queue a job.

        Args:
            job: the question.
            deadline: on the clock of ``time.monotonic``.
            on_done: see `TicketOf`.
            instead_of: a withdrawn ticket whose waiting time counts for this one too.
            background: whether it goes after all jobs that are not.

        Raises:
            EngineError: the scheduler is closed.
        """
        ticket = TicketOf[J, A](job, deadline, on_done, background)
        if instead_of is not None:
            ticket.submitted = instead_of.submitted
        with self._wake:
            if self._closed:
                raise EngineError("the engine is shutting down")
            self.give_up_hung()
            self._waiting.append(ticket)
            self._count_waiting()
            if not background:
                self._last_live = ticket.submitted
            self._wake.notify()
        return ticket

    def withdraw(self, ticket: TicketOf[J, A]) -> bool:
        """Take a ticket back if it has not been started; tell whether that worked."""
        with self._wake:
            if ticket not in self._waiting:
                return False
            self._waiting.remove(ticket)
            self._count_waiting()
            return True

    def close(self, timeout: float | None = None) -> bool:
        """Stop after the current batch; jobs still waiting fail.

        Args:
            timeout: seconds to wait for the current batch.

        Returns:
            False if the engine still works on it, and must not be closed.
        """
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        end = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            if threading.current_thread() is not thread:
                thread.join(None if end is None else max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in (*self._threads, *self._hanging))

    def _work(self) -> None:
        """Run batches until closed; whatever ends this, no ticket is left without an answer."""
        mine: list[TicketOf[J, A]] = []
        try:
            while mine := self._next_batch():
                self._count(mine)
                self._asking.settle(mine)
                self._finish()
                self._report(mine)
        finally:
            with self._wake:
                given_up = threading.current_thread() not in self._threads
                died = not self._closed
                left = [ticket for ticket in mine if not ticket.done]
                if not (died or given_up):
                    left += self._waiting
                    self._waiting = []
                    self._count_waiting()
                    self._wake.notify_all()
            reason = "the engine's thread has ended" if died else "the engine is shutting down"
            for ticket in left:
                settle(ticket, failure=reason)
            if died and not given_up:
                self._revive()

    def _revive(self) -> None:
        """A thread died, which no engine should make it do; another one takes its place."""
        log.error("a thread of the engine has ended; another one takes its place")
        self._finish()
        with self._wake:
            self.stats.revived += 1
            self._start(self._threads.index(threading.current_thread()))

    def give_up_hung(self) -> None:
        """Let another thread take the place of one that hangs; who asked it is told. To be called
        now and then, because there may be no next job."""
        with self._wake:
            now = time.monotonic()
            for thread, (since, batch) in list(self._running.items()):
                limit = max(HUNG, self._patience) if batch[0].background else HUNG
                if now - since >= limit and thread not in self._hanging:
                    self._give_up_thread(thread, batch)

    def _give_up_thread(self, thread: threading.Thread, batch: Sequence[TicketOf[J, A]]) -> None:
        self._hanging.add(thread)
        if len(self._hanging) > MOST_HUNG * len(self._threads):
            log.error("a thread of the engine hangs; too many do for others to take their places")
            return
        log.error("a thread of the engine hangs; another one takes its place")
        del self._running[thread]
        self.stats.hung += 1
        self._start(self._threads.index(thread))
        for ticket in batch:
            ticket.given_up = True
            tell(ticket)

    def _start(self, place: int) -> None:
        thread = threading.Thread(target=self._work, name=f"livestt-engine-{place}", daemon=True)
        self._threads[place] = thread
        if not self._closed:
            thread.start()

    def _next_batch(self) -> list[TicketOf[J, A]]:
        """Wait for work; an empty list means closed, or that this thread was given up."""
        with self._wake:
            self._hanging.discard(threading.current_thread())
            if threading.current_thread() not in self._threads:
                return []
            self._idle += 1
            try:
                while not self._ready() and not self._closed:
                    self._wake.wait()
                batch = [] if self._closed else self._choose()
            finally:
                self._idle -= 1
            self._waiting = [ticket for ticket in self._waiting if ticket not in batch]
            self._count_waiting()
            now = time.monotonic()
            for ticket in batch:
                ticket.started = now
            if batch:
                self._running[threading.current_thread()] = (now, batch)
            return batch

    def _ready(self) -> bool:
        busy = sum(batch[0].background for _, batch in self._running.values())
        return may_begin(self._waiting, busy=busy, workers=len(self._threads), live=self.live)

    @property
    def live(self) -> bool:
        """Whether somebody is speaking."""
        return time.monotonic() - self._last_live < LIVE_SECONDS

    def _count_waiting(self) -> None:
        self.stats.waiting = sum(not ticket.background for ticket in self._waiting)

    def _choose(self) -> list[TicketOf[J, A]]:
        most = self.engine.capabilities.max_batch
        return next_batch(
            self._waiting, self._asking.key, most=most, idle=self._idle, live=self.live
        )

    def _finish(self) -> None:
        with self._wake:
            since, batch = self._running.pop(threading.current_thread(), (0.0, []))
            if batch and not batch[0].background:
                now = time.monotonic()
                self._runs.add(now - since, now)

    def _report(self, batch: Sequence[TicketOf[J, A]]) -> None:
        started = batch[0].started or 0.0
        report = BatchReport(
            len(batch),
            batch[0].background,
            tuple(max(0.0, started - ticket.submitted) for ticket in batch),
            time.monotonic() - started,
            sum(ticket.failure is not None for ticket in batch),
        )
        for observer in self.observers:
            try:
                observer(report)
            except Exception:  # the top of an observer: the engine works on
                log.exception("a batch could not be reported")

    def _count(self, batch: Sequence[TicketOf[J, A]]) -> None:
        now = time.monotonic()
        live = [ticket for ticket in batch if not ticket.background]
        with self._wake:
            stats = self.stats
            stats.batches += 1
            stats.jobs += len(live)
            stats.background += len(batch) - len(live)
            stats.largest_batch = max(stats.largest_batch, len(batch))
            for ticket in live:
                self._waits.add(now - ticket.submitted, now)


Ticket: TypeAlias = TicketOf[Job, Hypothesis]


class Scheduler(SchedulerOf[Job, Hypothesis]):
    """The scheduler of an engine."""

    engine: Engine

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
