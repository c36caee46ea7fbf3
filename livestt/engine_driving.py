"""Drives one session's engine in asyncio: the session's jobs to the scheduler, answers back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import anyio
from anyio import to_thread

from livestt.engines import Engine, Job, StreamOptions
from livestt.engines.scheduler import Scheduler, Ticket
from livestt.engines.tickets import when_done
from livestt.events import Event, Warned
from livestt.limiters import opening
from livestt.resident import state_of
from livestt.session import Session

ANSWER_TIMEOUT = 60.0
"""Seconds after which a job that the engine has started counts as failed."""

NOTICEABLE = 10.0
"""Seconds without an answer after which clients are told that words are late."""
LATE = Warned("words_late", "the engine has not answered for some seconds; words will be late")
ON_TIME = Warned("words_on_time", "the engine answers again")

LOADING = Warned("model_loading", "the model is being loaded; words follow once it is there")
LOADED = Warned("model_loaded", "the model is loaded")

PARTIAL_PATIENCE = 0.5
"""Seconds by which the last words of an utterance go before guesses of other sessions."""

log = logging.getLogger(__name__)


class EngineDriver:
    """Asks the engine what one session wants to know. Make it with `drive_engine`.

    Args:
        session: told its audio by the session's driver, its answers here.
        scheduler: runs its jobs.
        on_events: called on the event loop with what clients should know of the engine.

    Attributes:
        session: the session.
        idle: whether there is nothing to ask without more audio, however much is unheard.
    """

    def __init__(
        self,
        session: Session,
        scheduler: Scheduler,
        on_events: Callable[[list[Event]], None],
    ) -> None:
        self.session = session
        self.idle = False
        self._scheduler = scheduler
        self._on_events = on_events
        self._changed = anyio.Event()
        self._asked: list[Ticket] = []
        self._astray = False  # what the stream has heard is not what the session thinks

    def follow(self) -> None:
        """The session was told something: there may be more to ask."""
        self.idle = False
        self._changed.set()

    async def run(self, answered: Callable[[], None], idle: Callable[[], None]) -> None:
        """Ask whatever the session wants to know, until it has ended.

        Args:
            answered: called on the event loop after every answer.
            idle: called there when nothing is left to ask.
        """
        while not self.session.ended:
            self._changed = anyio.Event()
            job = self.session.next_job()
            if job is None:
                self.idle = True
                idle()
                await self._changed.wait()
            else:
                await self._ask(job)
                answered()

    async def quiet(self) -> Ticket | None:
        """Make sure that the engine is not, and will not be, at work for this session.

        Returns:
            The job at which it hangs; None if it does not.
        """
        running = [t for t in self._asked if not (t.done or self._scheduler.withdraw(t))]
        with anyio.move_on_after(ANSWER_TIMEOUT):
            while not all(ticket.done or ticket.given_up for ticket in running):
                await self._changed.wait()
                self._changed = anyio.Event()
        return next((ticket for ticket in running if not ticket.done), None)

    async def _ask(self, job: Job) -> None:
        """Get one job answered; while it waits for its turn, more audio may join it."""
        loop = asyncio.get_running_loop()

        def done() -> None:
            loop.call_soon_threadsafe(self._wake)

        deadline = time.monotonic() + (0 if job.final else PARTIAL_PATIENCE)
        ticket = None
        with self._patient() as late, anyio.move_on_after(ANSWER_TIMEOUT):
            job = await self._find_back(job)
            ticket = self._submit(job, deadline, done)
            while not (ticket.done or ticket.given_up):
                await self._changed.wait()
                self._changed = anyio.Event()
                if not ticket.done:
                    ticket = self._renew(ticket, done)
        await self._deliver(job, ticket)
        if late.is_set():
            self._on_events([ON_TIME])

    @contextmanager
    def _patient(self) -> Iterator[anyio.Event]:
        """Inside the block clients are told when it takes long; what is yielded says whether."""
        late = anyio.Event()

        def tell() -> None:
            late.set()
            self._on_events([LATE])

        timer = asyncio.get_running_loop().call_later(NOTICEABLE, tell)
        try:
            yield late
        finally:
            timer.cancel()

    def _submit(
        self,
        job: Job,
        deadline: float,
        done: Callable[[], None],
        instead_of: Ticket | None = None,
    ) -> Ticket:
        ticket = self._scheduler.submit(job, deadline, done, instead_of=instead_of)
        self._asked = [*(t for t in self._asked if not t.done), ticket]
        return ticket

    def _renew(self, ticket: Ticket, done: Callable[[], None]) -> Ticket:
        """Ask with the audio that has come meanwhile, unless the engine is at it already."""
        if not self._scheduler.withdraw(ticket):
            return ticket
        self._asked.remove(ticket)
        job = self.session.next_job(instead_of=ticket.job) or ticket.job
        return self._submit(job, ticket.deadline, done, instead_of=ticket)

    async def _find_back(self, job: Job) -> Job:
        """Reset a stream that went astray, once the engine is not at work on it any more.

        Returns:
            The job to ask, with another stream if the engine hangs at the one it had.
        """
        if not self._astray:
            return job
        while not all(ticket.done or ticket.given_up for ticket in self._asked):
            await self._changed.wait()
            self._changed = anyio.Event()
        engine = self._scheduler.engine
        hung = next((ticket for ticket in self._asked if not ticket.done), None)
        if hung is None:
            await to_thread.run_sync(engine.reset, job.stream)
        else:
            when_done(hung, partial(engine.release, job.stream))
            with anyio.CancelScope(shield=True):
                stream = await to_thread.run_sync(
                    engine.open, self.session.options, limiter=opening()
                )
                job = self.session.restart(stream)
            self._asked = []
        self._astray = False
        return job

    async def _deliver(self, job: Job, ticket: Ticket | None) -> None:
        if ticket is None:
            self._time_out(job)
        elif ticket.failure is not None:
            # The session will tell the utterance again from its start.
            await to_thread.run_sync(self._scheduler.engine.reset, ticket.job.stream)
            self.session.receive_failure(ticket.job, ticket.failure)
        elif ticket.answer is not None:
            self.session.receive_hypothesis(ticket.job, ticket.answer)
            if self.session.take_reset():
                await to_thread.run_sync(self._scheduler.engine.reset, ticket.job.stream)
        else:
            if self._scheduler.withdraw(ticket):
                self._asked.remove(ticket)
            self._time_out(ticket.job)

    def _time_out(self, job: Job) -> None:
        self._astray = True
        reason = f"no answer from the engine within {ANSWER_TIMEOUT:.0f} s"
        self.session.receive_failure(job, reason)

    def _wake(self) -> None:
        self._changed.set()


@asynccontextmanager
async def drive_engine(
    scheduler: Scheduler,
    options: StreamOptions,
    open_session: Callable[[Any], Session],
    on_events: Callable[[list[Event]], None],
) -> AsyncIterator[EngineDriver]:
    """A session with a stream of the engine: inside the block its driver may be run.

    Args:
        scheduler: the engine's.
        options: what the stream is opened with.
        open_session: makes the session, given the stream.
        on_events: called on the event loop with what clients should know of the engine.

    Raises:
        EngineError: the engine cannot open another stream.
    """
    engine = scheduler.engine
    stream = await _open(engine, options, on_events)
    driver = None
    try:
        driver = EngineDriver(open_session(stream), scheduler, on_events)
        yield driver
    finally:
        with anyio.CancelScope(shield=True):
            hung = None if driver is None else await driver.quiet()
            held = stream if driver is None else driver.session.stream
            if hung is None:
                await to_thread.run_sync(engine.release, held)
            else:
                log.warning("the engine hangs; what it holds for a session is freed if it answers")
                when_done(hung, partial(engine.release, held))


async def _open(
    engine: Engine, options: StreamOptions, on_events: Callable[[list[Event]], None]
) -> Any:
    """A stream of an engine; clients are told when the model has to be loaded for it."""
    waits = state_of(engine) != "loaded"
    if waits:
        on_events([LOADING])
    stream = await to_thread.run_sync(engine.open, options, limiter=opening())
    if waits:
        on_events([LOADED])
    return stream
