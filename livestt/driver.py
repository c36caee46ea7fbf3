"""Drives one session in asyncio: bytes in, events out.

The only place where a session, its decoder, its voice detector, its speakers and what asks the
engine (`livestt.engine_driving`) meet. Servers, the test harness and the microphone command all
use it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio import to_thread

from livestt.audio import open_decoder
from livestt.audio.allowance import PIECE, piece_of
from livestt.audio.auto import MAX_WHOLE_BYTES
from livestt.audio.decoder import Decoder
from livestt.audio.explain import INDEX_ADVICE, INDEX_LAST
from livestt.audio.format import AudioFormat
from livestt.audio.frontend import Frontend, Heard
from livestt.engine_driving import EngineDriver, drive_engine
from livestt.engines import Engine, Samples, StreamOptions
from livestt.engines.scheduler import Scheduler
from livestt.events import Ended, Event, Warned
from livestt.limiters import hearing
from livestt.people import Told
from livestt.pipeline import Manner, Pipeline
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.driving import SpeakerDriver
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.timebase import from_seconds
from livestt.transcript import Transcript
from livestt.translation import Translator
from livestt.translation.driving import TranslatorScheduler
from livestt.tuning import Tuning
from livestt.unheard import Unheard
from livestt.vad.endpointing import EndpointingOptions

NO_WORDS_YET = Warned(
    "index_at_end",
    f"{INDEX_LAST}, so no word can come before all of it has arrived, which may be"
    f" {MAX_WHOLE_BYTES >> 20} MiB; for live captions {INDEX_ADVICE}",
)


class Driver:
    """One session in motion. Make it with `drive`.

    Args:
        engine: asks what its session wants to know; nobody but these two may touch the session.
        frontend: its decoder and voice detector.
        on_events: called on the event loop with every batch of events, in order.
        seconds_ahead: audio not yet heard by the engine beyond which `feed` waits.
        speakers: tells the session's speakers apart; None does not.
        on_audio: called on the event loop with every sample that is heard, in order.
        piece: bytes that are decoded at a time.
        unheard: says when what comes hardly sounds like speech; None does not.
    """

    def __init__(
        self,
        engine: EngineDriver,
        frontend: Frontend,
        on_events: Callable[[list[Event]], None],
        seconds_ahead: float,
        speakers: SpeakerDriver | None = None,
        on_audio: Callable[[Samples], None] | None = None,
        piece: int = PIECE,
        unheard: Unheard | None = None,
    ) -> None:
        self._unheard = unheard
        self._engine = engine
        self._piece = piece
        self._session = engine.session
        self._speakers = speakers
        self._frontend = frontend
        self._on_events = on_events
        self._on_audio = on_audio
        self._ahead = from_seconds(seconds_ahead)
        self._heard_more = anyio.Event()
        self._finished = False
        self._untouched = True
        self._told_that_it_waits = False

    @property
    def options(self) -> StreamOptions:
        return self._session.options

    async def feed(self, data: bytes) -> None:
        """Take the next bytes of audio. Waits while the engine is too far behind.

        Raises:
            BadAudio: the bytes are not the audio they were said to be.
            DiskFull: audio that has to be kept whole finds no room.
        """
        if self._finished:
            return
        self._untouched = False
        for at in range(0, len(data), self._piece):
            piece = data[at : at + self._piece]
            self._receive(await to_thread.run_sync(self._frontend.feed, piece, limiter=hearing()))
            self._tell_if_it_waits()
            await self._caught_up()

    async def end(self) -> None:
        """No more audio will come. Waits as `feed` while more of it is decoded.

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
            rest = self._frontend.finish()
            while heard := await to_thread.run_sync(next, rest, None, limiter=hearing()):
                self._receive(heard)
                await self._caught_up()
        finally:
            self._receive_end()

    def abandon(self) -> None:
        """No more audio can come; what came so far is still transcribed."""
        self._finished = True
        self._receive_end()

    def flush(self, flush_id: str | None = None) -> None:
        """Commit everything received so far."""
        self._session.receive_flush(flush_id)
        if self._speakers is not None:
            self._speakers.flush()
        self._publish()

    def configure(self, options: StreamOptions) -> None:
        self._session.configure(options)

    def listen(self, endpointing: EndpointingOptions) -> None:
        """Let speech start and end by other options from now on."""
        self._session.listen(endpointing)

    def tell(self, event: Told) -> None:
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
        await self._engine.run(self._answered, self._go_on)

    async def run_speakers(self) -> None:
        """Ask the diarizer, until it has told everything about the session."""
        if self._speakers is not None:
            await self._speakers.run(self._answered)

    def _answered(self) -> None:
        self._publish()
        self._go_on()

    def _go_on(self) -> None:
        """Whoever waits to feed more looks again whether it is time."""
        self._heard_more.set()

    async def _caught_up(self) -> None:
        """Wait while the engine or the diarizer is too far behind."""
        while self._is_far_behind():
            self._heard_more = anyio.Event()
            await self._heard_more.wait()

    def _is_far_behind(self) -> bool:
        asked = self._session.lag > self._ahead and not self._engine.idle
        return asked or (self._speakers is not None and self._speakers.is_behind(self._ahead))

    def _tell_if_it_waits(self) -> None:
        if self._frontend.waits and not self._told_that_it_waits:
            self._told_that_it_waits = True
            self._on_events([NO_WORDS_YET])

    def _receive(self, heard: Heard) -> None:
        if self._on_audio is not None:
            self._on_audio(heard.samples)
        self._session.receive_audio(heard.samples, heard.probabilities)
        if self._speakers is not None:
            self._speakers.receive_audio(heard.samples, heard.probabilities)
        self._publish()
        if self._unheard is not None:
            warnings = self._unheard.receive(heard.samples, heard.probabilities)
            if warnings:
                self._on_events([*warnings])

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
        self._engine.follow()


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
    open_session = partial(pipeline.open_session, options=options, manner=manner)
    ahead = pipeline.settings.seconds_ahead
    try:
        async with (
            drive_engine(scheduler, options, open_session, on_events) as engine,
            _opened(audio, pipeline.settings) as decoder,
            pipeline.open_speakers(manner) as speakers,
            anyio.create_task_group() as tasks,
        ):
            frontend = Frontend(decoder, pipeline.open_vad(manner))
            unheard = Unheard() if audio.encoding != "auto" else None
            driver = Driver(
                engine,
                frontend,
                on_events,
                ahead,
                speakers,
                on_audio,
                piece_of(audio),
                unheard,
            )
            tasks.start_soon(driver.run)
            tasks.start_soon(driver.run_speakers)
            yield driver
            tasks.cancel_scope.cancel()
    except ExceptionGroup as group:
        # A single error need not know that it passed through a task group.
        raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None


@asynccontextmanager
async def _opened(audio: AudioFormat, settings: Settings) -> AsyncIterator[Decoder]:
    """A decoder, closed on leaving the block."""
    decoder = open_decoder(audio, settings.decoder)
    try:
        yield decoder
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(decoder.close)


async def transcribe_live(
    chunks: AsyncIterable[bytes],
    audio: AudioFormat,
    engine: Engine,
    settings: Settings,
    on_events: Callable[[list[Event]], None],
    diarizer: Diarizer | None = None,
    translator: Translator | None = None,
) -> None:
    """Transcribe audio as it comes, until the iterable ends and its last words are committed.

    Args:
        chunks: pieces of any size in the format ``audio``.
        engine: a loaded engine; stays open.
        on_events: called on the event loop with every batch of events, in order.
        diarizer: a loaded diarizer that tells speakers apart, or None; stays open.
        translator: a loaded one that says lines in ``target_language``, or None; stays open.

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
    translating = TranslatorScheduler(translator) if translator is not None else None
    pipeline = Pipeline(settings, engine.capabilities, speakers, translator=translating)
    translation = pipeline.open_translation(Transcript(), take)
    try:
        async with anyio.create_task_group() as tasks:
            receive = take
            if translation is not None:
                translation.aim(*pipeline.translated)
                tasks.start_soon(translation.run)
                receive = translation.receive_events
            async with drive(pipeline, scheduler, audio, receive) as driver:
                async for chunk in chunks:
                    await driver.feed(chunk)
                await driver.end()
                await ended.wait()
            tasks.cancel_scope.cancel()
    except ExceptionGroup as group:
        raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None
    finally:
        with anyio.CancelScope(shield=True):
            for each in (scheduler, speakers, translating):
                if each is not None:
                    await to_thread.run_sync(each.close)
