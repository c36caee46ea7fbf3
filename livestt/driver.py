"""Drives one session in asyncio: bytes in, events out, jobs to the scheduler.

The only place where a session, its decoder, its voice detector and the engine meet. Servers,
the test harness and the microphone command all use it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
from anyio import to_thread

from livestt.audio import open_decoder
from livestt.audio.format import AudioFormat
from livestt.audio.frontend import Frontend, Heard
from livestt.engines import Engine, Job, Samples, StreamOptions
from livestt.engines.scheduler import Scheduler, Ticket
from livestt.events import (
    Ended,
    Event,
    SpeakerNamed,
    SpeakerSeparated,
    SpeakersMerged,
    Warned,
)
from livestt.limiters import hearing, opening
from livestt.pipeline import Manner, Pipeline
from livestt.resident import state_of
from livestt.session import Session
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.driving import SpeakerDriver
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.timebase import from_seconds
from livestt.tuning import Tuning
from livestt.vad.endpointing import EndpointingOptions

ANSWER_TIMEOUT = 60.0
"""Seconds after which a job that the engine has started counts as failed."""

NOTICEABLE = 10.0
"""Seconds without an answer after which clients are told that words are late."""
LATE = Warned("words_late", "the engine has not answered for some seconds; words come late")
ON_TIME = Warned("words_on_time", "the engine answers again")

LOADING = Warned("model_loading", "the model is being loaded; words come once it is there")
LOADED = Warned("model_loaded", "the model is loaded")

PARTIAL_PATIENCE = 0.5
"""Seconds by which the last words of an utterance go before guesses of other sessions."""

log = logging.getLogger(__name__)


class Driver:
    """One session in motion. Make it with `drive`.

    Args:
        session: the session; nobody else may touch it.
        frontend: its decoder and voice detector.
        scheduler: runs its jobs.
        on_events: called on the event loop with every batch of events, in order.
        seconds_ahead: audio not yet heard by the engine beyond which `feed` waits.
        speakers: tells the session's speakers apart; None does not.
        on_audio: called on the event loop with every sample that is heard, in order.
    """

    def __init__(
        self,
        session: Session,
        frontend: Frontend,
        scheduler: Scheduler,
        on_events: Callable[[list[Event]], None],
        seconds_ahead: float,
        speakers: SpeakerDriver | None = None,
        on_audio: Callable[[Samples], None] | None = None,
    ) -> None:
        self._session = session
        self._speakers = speakers
        self._frontend = frontend
        self._scheduler = scheduler
        self._on_events = on_events
        self._on_audio = on_audio
        self._ahead = from_seconds(seconds_ahead)
        self._changed = anyio.Event()
        self._heard_more = anyio.Event()
        self._finished = False
        self._untouched = True
        self._idle = False  # nothing to ask without more audio, however much is unheard
        self._asked: list[Ticket] = []
        self._astray = False  # what the stream has heard is not what the session thinks

    @property
    def options(self) -> StreamOptions:
        return self._session.options

    async def feed(self, data: bytes) -> None:
        """Take the next bytes of audio. Waits while the engine is too far behind.

        Raises:
            BadAudio: the bytes are not the audio they were said to be.
        """
        if self._finished:
            return
        self._untouched = False
        self._receive(await to_thread.run_sync(self._frontend.feed, data, limiter=hearing()))
        while self._is_far_behind():
            self._heard_more = anyio.Event()
            await self._heard_more.wait()

    async def end(self) -> None:
        """No more audio will come.

        Raises:
            BadAudio: what came was not audio.
        """
        if self._finished:
            return
        self._finished = True
        if self._untouched:
            self.abandon()
            return
        try:
            self._receive(await to_thread.run_sync(self._frontend.finish, limiter=hearing()))
        finally:
            self._receive_end()

    def abandon(self) -> None:
        """No more audio can be had; what came so far is still transcribed."""
        self._finished = True
        self._receive_end()

    def flush(self, flush_id: str | None = None) -> None:
        """Commit everything received so far."""
        self._session.receive_flush(flush_id)
        self._publish()

    def configure(self, options: StreamOptions) -> None:
        self._session.configure(options)

    def listen(self, endpointing: EndpointingOptions) -> None:
        """Let speech start and end by other options from now on."""
        self._session.listen(endpointing)

    def tell(self, event: SpeakerNamed | SpeakersMerged | SpeakerSeparated) -> None:
        """Somebody knows more about the speakers."""
        if self._speakers is not None:
            self._speakers.tell(event)
            self._publish()

    def voice(self, speaker: int) -> HeardVoice | None:
        """What a speaker sounds like so far; None if that is not known."""
        return None if self._speakers is None else self._speakers.voice(speaker)

    def retune(self, tuning: Tuning) -> None:
        """Other step and window lengths from now on."""
        self._session.retune(tuning)

    async def run(self) -> None:
        """Ask the engine whatever the session wants to know, until the session has ended."""
        while not self._session.ended:
            self._changed = anyio.Event()
            job = self._session.next_job()
            if job is None:
                self._idle = True
                self._heard_more.set()
                await self._changed.wait()
            else:
                await self._ask(job)
                self._publish()
                self._heard_more.set()

    async def quiet(self) -> bool:
        """Make sure that the engine is not, and will not be, at work for this session.

        Returns:
            False if it hangs.
        """
        running = [t for t in self._asked if not (t.done or self._scheduler.withdraw(t))]
        with anyio.move_on_after(ANSWER_TIMEOUT):
            while not all(ticket.done or ticket.given_up for ticket in running):
                await self._changed.wait()
                self._changed = anyio.Event()
        return all(ticket.done for ticket in running)

    @property
    def stream(self) -> Any:
        """What the engine holds for the session."""
        return self._session.stream

    async def run_speakers(self) -> None:
        """Ask the diarizer, until it has told everything about the session."""
        if self._speakers is not None:
            await self._speakers.run(self._answered)

    def _answered(self) -> None:
        self._publish()
        self._heard_more.set()

    def _is_far_behind(self) -> bool:
        asked = self._session.lag > self._ahead and not self._idle
        return asked or (self._speakers is not None and self._speakers.is_behind(self._ahead))

    def _receive(self, heard: Heard) -> None:
        if self._on_audio is not None:
            self._on_audio(heard.samples)
        self._session.receive_audio(heard.samples, heard.probabilities)
        if self._speakers is not None:
            self._speakers.receive_audio(heard.samples, heard.probabilities)
        self._publish()

    def _receive_end(self) -> None:
        self._session.receive_end()
        if self._speakers is not None:
            self._speakers.speakers.receive_end()
        self._publish()

    def _publish(self) -> None:
        events = self._session.take_events()
        if self._speakers is not None:
            events = self._speakers.follow(events)
        if events:
            self._on_events(events)
        self._idle = False
        self._changed.set()

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
        job = self._session.next_job(instead_of=ticket.job) or ticket.job
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
        if all(ticket.done for ticket in self._asked):
            await to_thread.run_sync(engine.reset, job.stream)
        else:
            with anyio.CancelScope(shield=True):
                stream = await to_thread.run_sync(engine.open, self.options, limiter=opening())
                job = self._session.restart(stream)
            self._asked = []
        self._astray = False
        return job

    async def _deliver(self, job: Job, ticket: Ticket | None) -> None:
        if ticket is None:
            self._time_out(job)
        elif ticket.failure is not None:
            # The session will tell the utterance again from its start.
            await to_thread.run_sync(self._scheduler.engine.reset, ticket.job.stream)
            self._session.receive_failure(ticket.job, ticket.failure)
        elif ticket.answer is not None:
            self._session.receive_hypothesis(ticket.job, ticket.answer)
            if self._session.take_reset():
                await to_thread.run_sync(self._scheduler.engine.reset, ticket.job.stream)
        else:
            if self._scheduler.withdraw(ticket):
                self._asked.remove(ticket)
            self._time_out(ticket.job)

    def _time_out(self, job: Job) -> None:
        self._astray = True
        reason = f"no answer from the engine within {ANSWER_TIMEOUT:.0f} s"
        self._session.receive_failure(job, reason)

    def _wake(self) -> None:
        self._changed.set()


@asynccontextmanager
async def drive(
    pipeline: Pipeline,
    scheduler: Scheduler,
    audio: AudioFormat,
    on_events: Callable[[list[Event]], None],
    options: StreamOptions | None = None,
    manner: Manner | None = None,
    *,
    on_audio: Callable[[Samples], None] | None = None,
) -> AsyncIterator[Driver]:
    """A session in motion: inside the block it is fed, on leaving it is torn down.

    Leaving the block early abandons the session; to get its last words call `Driver.end` and
    wait for `Ended`.

    Raises:
        EngineError: the engine cannot open another stream.
    """
    options = options or pipeline.settings.stream_options()
    engine = scheduler.engine
    stream = await _open(engine, options, on_events)
    driver = decoder = None
    try:
        decoder = open_decoder(audio, pipeline.settings.decoder)
        frontend = Frontend(decoder, pipeline.open_vad(manner))
        session = pipeline.open_session(stream, options, manner)
        ahead = pipeline.settings.seconds_ahead
        async with pipeline.open_speakers(manner) as speakers, anyio.create_task_group() as tasks:
            driver = Driver(session, frontend, scheduler, on_events, ahead, speakers, on_audio)
            tasks.start_soon(driver.run)
            tasks.start_soon(driver.run_speakers)
            yield driver
            tasks.cancel_scope.cancel()
    except ExceptionGroup as group:
        # A single error need not know that it passed through a task group.
        raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None
    finally:
        with anyio.CancelScope(shield=True):
            if driver is None or await driver.quiet():
                held = stream if driver is None else driver.stream
                await to_thread.run_sync(engine.release, held)
            else:
                log.warning("the engine hangs; what it holds for a session cannot be freed")
            if decoder is not None:
                await to_thread.run_sync(decoder.close)


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


async def transcribe_live(
    chunks: AsyncIterable[bytes],
    audio: AudioFormat,
    engine: Engine,
    settings: Settings,
    on_events: Callable[[list[Event]], None],
    diarizer: Diarizer | None = None,
) -> None:
    """Transcribe audio as it comes, until the iterable ends and its last words are committed.

    Args:
        chunks: pieces of any size in the format ``audio``.
        engine: a loaded engine; stays open.
        on_events: called on the event loop with every batch of events, in order.
        diarizer: a loaded diarizer that tells speakers apart, or None; stays open.

    Raises:
        BadAudio: the chunks are not the audio they were said to be.
    """
    ended = anyio.Event()

    def take(events: list[Event]) -> None:
        on_events(events)
        if any(isinstance(event, Ended) for event in events):
            ended.set()

    scheduler = Scheduler(engine)
    speakers = DiarizerScheduler(diarizer) if diarizer is not None else None
    pipeline = Pipeline(settings, engine.capabilities, speakers)
    try:
        async with drive(pipeline, scheduler, audio, take) as driver:
            async for chunk in chunks:
                await driver.feed(chunk)
            await driver.end()
            await ended.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(scheduler.close)
            if speakers is not None:
                await to_thread.run_sync(speakers.close)
