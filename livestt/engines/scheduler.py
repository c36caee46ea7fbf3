"""One thread that owns the engine and batches the jobs of all sessions.

Earliest deadline first. The most urgent job picks the batch; other waiting jobs with the same
`Engine.batch_key` ride along up to the engine's batch size, so batches form by themselves when
the engine is the bottleneck and cost nothing when it is not. A session has at most one job here
and may withdraw it while it waits, to ask with more audio: steps grow under load, the queue
never does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from livestt.engines import Engine, Hypothesis, Job
from livestt.errors import EngineError

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Ticket:
    """One job on its way through the scheduler.

    After ``on_done`` was called exactly one of ``hypothesis`` and ``failure`` is set.
    """

    job: Job
    deadline: float
    """On the clock of ``time.monotonic``; the earliest goes first."""
    on_done: Callable[[], None]
    """Called once, in the scheduler's thread, unless the ticket is withdrawn. Errors in it are
    logged and go no further: an owner that has gone must not stop the engine for the others."""
    hypothesis: Hypothesis | None = None
    failure: str | None = None

    @property
    def done(self) -> bool:
        return self.hypothesis is not None or self.failure is not None


@dataclass(slots=True)
class SchedulerStats:
    """Counted since the start."""

    batches: int = 0
    jobs: int = 0
    failures: int = 0
    retries: int = 0
    largest_batch: int = 0
    waiting: int = field(default=0)
    """Jobs waiting now."""


class Scheduler:
    """Runs jobs on an engine. Thread-safe; `close` waits for the batch in progress."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.stats = SchedulerStats()
        self._waiting: list[Ticket] = []
        self._running: list[Ticket] = []
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="livestt-engine", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, job: Job, deadline: float, on_done: Callable[[], None]) -> Ticket:
        """Queue a job.

        Raises:
            EngineError: the scheduler is closed.
        """
        ticket = Ticket(job, deadline, on_done)
        with self._wake:
            if self._closed:
                raise EngineError("the engine is shutting down")
            self._waiting.append(ticket)
            self.stats.waiting = len(self._waiting)
            self._wake.notify()
        return ticket

    def withdraw(self, ticket: Ticket) -> bool:
        """Take a ticket back if it has not been started; tell whether that worked."""
        with self._wake:
            if ticket not in self._waiting:
                return False
            self._waiting.remove(ticket)
            self.stats.waiting = len(self._waiting)
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
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self.alive

    def _work(self) -> None:
        """Run batches until closed; whatever ends this, no ticket is left without an answer."""
        try:
            while batch := self._next_batch():
                self._run(batch)
        finally:
            with self._wake:
                self._closed = True
                left = [ticket for ticket in self._running if not ticket.done] + self._waiting
                self._waiting = []
                self.stats.waiting = 0
            for ticket in left:
                _settle(ticket, failure="the engine is shutting down")

    def _next_batch(self) -> list[Ticket]:
        """Wait for work; an empty list means closed."""
        with self._wake:
            while not self._waiting and not self._closed:
                self._wake.wait()
            if self._closed:
                return []
            batch = self._running = self._choose()
            self._waiting = [ticket for ticket in self._waiting if ticket not in batch]
            self.stats.waiting = len(self._waiting)
            return batch

    def _choose(self) -> list[Ticket]:
        queue = sorted(self._waiting, key=lambda ticket: ticket.deadline)
        most = self.engine.capabilities.max_batch
        if most == 1 or len(queue) == 1:
            return queue[:1]
        key = self._key(queue[0])
        return [queue[0], *(t for t in queue[1:] if self._key(t) == key)][:most]

    def _key(self, ticket: Ticket) -> Hashable:
        """The engine's key; a job it cannot even look at goes alone, to fail alone."""
        try:
            return self.engine.batch_key(ticket.job)
        except Exception as error:
            log.warning("a job has no batch key: %s", error, exc_info=_unexpected(error))
            return id(ticket)

    def _run(self, batch: Sequence[Ticket]) -> None:
        self.stats.batches += 1
        self.stats.jobs += len(batch)
        self.stats.largest_batch = max(self.stats.largest_batch, len(batch))
        failure = self._answer(batch)
        if failure is not None and len(batch) > 1:
            for ticket in batch:
                self.stats.retries += 1
                alone = self._answer([ticket])
                if alone is not None:
                    self._give_up([ticket], alone)
        elif failure is not None:
            self._give_up(batch, failure)

    def _answer(self, batch: Sequence[Ticket]) -> str | None:
        """Run one batch; the reason if that failed."""
        try:
            answers = self.engine.run([ticket.job for ticket in batch])
            if len(answers) != len(batch):
                raise EngineError(f"the engine gave {len(answers)} answers to {len(batch)} jobs")
        except Exception as error:
            log.warning("a batch of %d failed: %s", len(batch), error, exc_info=_unexpected(error))
            return f"{type(error).__name__}: {error}"
        for ticket, answer in zip(batch, answers, strict=True):
            _settle(ticket, answer)
        return None

    def _give_up(self, batch: Sequence[Ticket], reason: str) -> None:
        for ticket in batch:
            self.stats.failures += 1
            _settle(ticket, failure=reason)


def _settle(ticket: Ticket, answer: Hypothesis | None = None, failure: str | None = None) -> None:
    ticket.hypothesis, ticket.failure = answer, failure
    try:
        ticket.on_done()
    except Exception:
        log.exception("the owner of a job could not be told that it is done")


def _unexpected(error: Exception) -> bool:
    return not isinstance(error, EngineError)
