"""What a session's publisher sends, on its way through the session's driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from livestt.audio.format import AudioFormat
from livestt.driver import Driver, drive
from livestt.engines import Samples, StreamOptions
from livestt.engines.scheduler import Scheduler
from livestt.errors import TooLittleSpeech
from livestt.events import Event
from livestt.people import Told
from livestt.pipeline import Manner, Pipeline, tuning
from livestt.server.live.inbox import End, Flush, Inbox, Item
from livestt.server.live.ladder import eased
from livestt.speakers.heard_voice import HeardVoice
from livestt.tuning import Tuning
from livestt.vad.endpointing import EndpointingOptions


class Transcriber:
    """Takes what arrives at any time, and hands it to a `Driver` in order, as load allows.

    Args:
        pipeline: settings and voice detection, shared.
        scheduler: runs the jobs, shared.
        audio: what is put.
        options: what is asked of the engine until others are put.
        manner: how this session differs from the settings.
        patience: asked for the seconds of audio to gather before it is decoded.
        level: of load, see `livestt.server.live.ladder`.

    Attributes:
        level: the same, now.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        scheduler: Scheduler,
        audio: AudioFormat,
        options: StreamOptions,
        manner: Manner,
        patience: Callable[[], float],
        level: int,
    ) -> None:
        self.level = level
        self._pipeline = pipeline
        self._scheduler = scheduler
        self._audio = audio
        self._options = options
        self._manner = manner
        self._patience = patience
        self._tuning = manner.tuning or tuning(pipeline.settings)
        self._inbox = Inbox()
        self._driver: Driver | None = None

    def put(self, item: Item) -> None:
        """Audio, or what happens between audio. Never waits."""
        self._inbox.put(item)

    async def ready(self) -> None:
        """Wait until there is room for more audio."""
        await self._inbox.ready()

    def clear(self) -> None:
        """What was put and not taken never will be."""
        self._inbox.clear()

    def tell(self, told: Told) -> None:
        """Somebody knows more about the speakers."""
        if self._driver is not None:
            self._driver.tell(told)

    def voice(self, speaker: int) -> HeardVoice:
        """What a speaker sounds like so far.

        Raises:
            TooLittleSpeech: nobody knows yet, or ever will.
        """
        heard = None if self._driver is None else self._driver.voice(speaker)
        if heard is None:
            least = self._pipeline.settings.voice_min_seconds
            raise TooLittleSpeech(
                f"speaker {speaker} has not been heard alone for {least:g} s yet: try again later"
            )
        return heard

    def ease(self, level: int) -> None:
        """Work as this level of load asks for."""
        self.level = level
        if self._driver is not None:
            self._driver.retune(self._eased())

    @asynccontextmanager
    async def running(
        self,
        on_events: Callable[[list[Event]], None],
        on_audio: Callable[[Samples], None] | None,
    ) -> AsyncIterator[Driver]:
        """Inside the block the engine is asked about what `work_off` hands to the driver.

        Args:
            on_events: called on the event loop with every batch of events, in order.
            on_audio: called on the event loop with every sample that is heard, in order.

        Raises:
            EngineError: the engine cannot open another stream.
        """
        async with drive(
            self._pipeline,
            self._scheduler,
            self._audio,
            on_events,
            self._options,
            self._manner,
            on_audio=on_audio,
        ) as driver:
            self._driver = driver
            driver.retune(self._eased())
            yield driver

    async def work_off(self, driver: Driver) -> None:
        """Hand everything that is put to the driver, in order, until the publisher's end.

        Raises:
            BadAudio: the bytes are not the audio they were said to be.
            DiskFull: audio that has to be kept whole finds no room.
        """
        while True:
            match await self._inbox.take():
                case bytes(data):
                    await driver.feed(data)
                    if not self._inbox.waiting:
                        await anyio.sleep(self._patience())
                case Flush(flush_id):
                    driver.flush(flush_id)
                case StreamOptions() as options:
                    driver.configure(options)
                case EndpointingOptions() as endpointing:
                    driver.listen(endpointing)
                case End():
                    await driver.end()
                    return

    def _eased(self) -> Tuning:
        native = self._pipeline.engine.streaming == "native"
        return eased(self._tuning, self.level, native=native)
