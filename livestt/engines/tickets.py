"""Jobs on their way through a scheduler, and statistics about them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

LAST = 1e9
"""Seconds to add to a background job's deadline, which orders such jobs among themselves."""

J = TypeVar("J")
A = TypeVar("A")


@dataclass(eq=False, slots=True)
class TicketOf(Generic[J, A]):
    """One job on its way through the scheduler.

    Once it is done exactly one of ``answer`` and ``failure`` is set.
    """

    job: J
    deadline: float
    """On the clock of ``time.monotonic``; the earliest goes first."""
    on_done: Callable[[], None]
    """Called in a thread of the scheduler's when the ticket is done, and before that if it is given
    up; not if it is withdrawn. Errors in it are logged and go no further: an owner that has gone
    must not stop the engine for the others."""
    background: bool = False
    """Whether nobody waits for this one answer: it goes after all jobs for which somebody does."""
    submitted: float = field(default_factory=time.monotonic)
    started: float | None = None
    """When the model began with it, on the same clock."""
    given_up: bool = False
    """Whether the model hangs at it. It may still hold the job's stream, which is lost."""
    answer: A | None = None
    failure: str | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None or self.failure is not None


@dataclass(frozen=True, slots=True)
class BatchReport:
    """How one batch went."""

    size: int
    background: bool
    waits: tuple[float, ...]
    """Seconds each of its jobs waited."""
    seconds: float
    """For which the model worked on it, retries included."""
    failures: int
    """Jobs given up."""


@dataclass(slots=True)
class SchedulerStats:
    """Counted since the start."""

    batches: int = 0
    jobs: int = 0
    """Live ones; what waits and how long is counted of these alone."""
    background: int = 0
    """Background jobs."""
    failures: int = 0
    retries: int = 0
    revived: int = 0
    """Threads that died and were replaced."""
    hung: int = 0
    """Threads that hung and were replaced."""
    largest_batch: int = 0
    waiting: int = 0
    """Live jobs waiting now."""


def settle(ticket: TicketOf[J, A], answer: A | None = None, failure: str | None = None) -> None:
    """Answer a ticket, one way or the other."""
    ticket.answer, ticket.failure = answer, failure
    tell(ticket)


def tell(ticket: TicketOf[J, A]) -> None:
    """Let its owner know that there is news."""
    try:
        ticket.on_done()
    except Exception:
        log.exception("the owner of a job could not be told that it is done")


def hangs(ticket: TicketOf[J, A], limit: float) -> bool:
    """Whether the model is at a job for longer than ``limit`` seconds, or was given up at it."""
    began = ticket.started
    late = began is not None and time.monotonic() - began > limit
    return not ticket.done and (ticket.given_up or late)


def when_done(ticket: TicketOf[J, A], do: Callable[[], None]) -> None:
    """Have this done once the model is through with a job at which it hangs, if it ever is.

    In a thread of the scheduler's, or at once. Nobody else is told of the ticket any more.
    """
    turn = threading.Lock()

    def once() -> None:
        if turn.acquire(blocking=False):
            do()

    ticket.on_done = once
    if ticket.done:
        once()
