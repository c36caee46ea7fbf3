"""Drive the whole pipeline in process, without a server: for tests, here and in your project.

::

    async with Harness(engine) as harness:
        await harness.feed("speech.wav", speed=4)      # 4 x real time; 0 is as fast as it goes
        await harness.silence(2.0)
        await harness.wait_for_text("hello")
        await harness.finish()
        assert harness.state.committed_text == "Hello world."

The harness decodes, detects speech, schedules and commits exactly as the server does; only the
socket is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import numpy as np
from anyio import to_thread

from livestt.audio import open_decoder
from livestt.audio.format import AudioFormat
from livestt.driver import Driver, drive
from livestt.engines import Engine, Samples, StreamOptions
from livestt.engines.scheduler import Scheduler
from livestt.events import Ended, Event, Word
from livestt.pipeline import Pipeline, layout
from livestt.segments import Segment, joined
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.timebase import FOREVER, SAMPLE_RATE, from_seconds, to_seconds
from livestt.transcript import Transcript

RAW = AudioFormat("f32le", SAMPLE_RATE, 1)
CHUNK = 0.1
"""Seconds of audio per feed."""
PATIENCE = 60.0
"""Seconds after which waiting fails."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known at one moment."""

    audio_time: float
    """Seconds of audio received by then."""
    segments: tuple[Segment, ...]
    growing: tuple[Word, ...]
    interim: tuple[Word, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """Committed words, in order."""
        closed = (word for segment in self.segments for word in segment.words)
        return (*closed, *self.growing)

    @property
    def committed_text(self) -> str:
        return joined(self.words)

    @property
    def text(self) -> str:
        """Committed and interim words."""
        return joined((*self.words, *self.interim))

    @property
    def silences(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if segment.is_silence)

    @property
    def speech(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if not segment.is_silence)

    def line_at(self, seconds: float) -> Segment | None:
        """The closed segment that covers this moment of the audio."""
        at = from_seconds(seconds)
        return next((s for s in self.segments if s.start <= at < s.end), None)

    def text_between(self, start: float, end: float) -> str:
        """The committed words that were spoken, at least half, between two moments."""
        a, b = from_seconds(start), from_seconds(end)
        return joined(word for word in self.words if a <= (word.start + word.end) // 2 < b)


class Harness:
    """One session under test. Use as an async context manager.

    Args:
        engine: a loaded engine, e.g. ``ScriptedEngine(script=...)``; stays open.
        settings: as for a server; the defaults otherwise.
        options: language, task and prompt of the session.
        diarizer: a loaded diarizer that tells speakers apart, or None; stays open.

    Attributes:
        events: everything the session has said.
        history: a snapshot after each batch of events that changed the transcript.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings | None = None,
        options: StreamOptions | None = None,
        diarizer: Diarizer | None = None,
    ) -> None:
        self._settings = settings or Settings()
        self._diarizer = diarizer
        self._engine = engine
        self._options = options
        self._transcript = Transcript(replace(layout(self._settings), retention=FOREVER))
        self._stack = AsyncExitStack()
        self._changed = anyio.Event()
        self._callbacks: list[Callable[[Snapshot], None]] = []
        self._driver: Driver | None = None
        self.events: list[Event] = []
        self.history: list[Snapshot] = []

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            scheduler = Scheduler(self._engine)
            stack.callback(scheduler.close)
            speakers = DiarizerScheduler(self._diarizer) if self._diarizer else None
            if speakers is not None:
                stack.callback(speakers.close)
            pipeline = Pipeline(self._settings, self._engine.capabilities, speakers)
            self._driver = await stack.enter_async_context(
                drive(pipeline, scheduler, RAW, self._take, self._options)
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def driver(self) -> Driver:
        """The driver underneath.

        Raises:
            RuntimeError: outside the ``async with`` block.
        """
        if self._driver is None:
            raise RuntimeError("use the harness as: async with Harness(engine) as harness")
        return self._driver

    @property
    def state(self) -> Snapshot:
        """What is known now."""
        transcript = self._transcript
        return Snapshot(
            to_seconds(transcript.progress.received),
            tuple(transcript.segments),
            tuple(transcript.growing),
            transcript.interim,
        )

    @property
    def ended(self) -> bool:
        return any(isinstance(event, Ended) for event in self.events[-1:])

    def on_update(self, callback: Callable[[Snapshot], None]) -> None:
        """Call this after every change."""
        self._callbacks.append(callback)

    async def feed(
        self,
        audio: Path | str | Samples,
        *,
        speed: float = 0.0,
        start: float = 0.0,
        end: float | None = None,
    ) -> None:
        """Feed a file or samples.

        Args:
            audio: a path to any audio file, or float32 ``[n]`` at 16 kHz.
            speed: 1 is real time, 4 is four times as fast, 0 as fast as it is taken.
            start: seconds of it to skip.
            end: second of it at which to stop; None feeds it to its end.
        """
        samples = audio if isinstance(audio, np.ndarray) else await _decoded(Path(audio))
        stop = len(samples) if end is None else from_seconds(end)
        await self._pace(samples[from_seconds(start) : stop], speed)

    async def silence(self, seconds: float, *, speed: float = 0.0) -> None:
        """Feed digital silence."""
        await self._pace(np.zeros(from_seconds(seconds), np.float32), speed)

    async def flush(self, flush_id: str | None = None) -> None:
        """Ask for everything fed so far to be committed."""
        self.driver.flush(flush_id)

    async def finish(self, within: float = PATIENCE) -> Snapshot:
        """End the audio and wait for the last word.

        Raises:
            TimeoutError: it did not come in time.
        """
        await self.driver.end()
        await self.wait_for(lambda _: self.ended, within)
        return self.state

    async def wait_for(
        self, condition: Callable[[Snapshot], bool], within: float = PATIENCE
    ) -> Snapshot:
        """Wait until the state is as wanted.

        Raises:
            TimeoutError: it did not become so; the message shows the state.
        """
        with anyio.move_on_after(within):
            while not condition(self.state):
                await self._changed.wait()
            return self.state
        raise TimeoutError(f"not true within {within} s; the text is {self.state.text!r}")

    async def wait_for_text(self, text: str, within: float = PATIENCE) -> Snapshot:
        """Wait until this text has been committed."""
        return await self.wait_for(lambda state: text in state.committed_text, within)

    async def wait_for_silence(self, within: float = PATIENCE) -> Snapshot:
        """Wait for a silence line."""
        return await self.wait_for(lambda state: bool(state.silences), within)

    def snapshot_at(self, audio_time: float) -> Snapshot:
        """What was known when this many seconds of audio had been received."""
        earlier = [s for s in self.history if s.audio_time <= audio_time]
        return earlier[-1] if earlier else Snapshot(0.0, (), (), ())

    async def _pace(self, samples: Samples, speed: float) -> None:
        step = from_seconds(CHUNK)
        begin = time.monotonic()
        for i in range(0, len(samples), step):
            await self.driver.feed(samples[i : i + step].astype("<f4").tobytes())
            if speed:
                due = begin + min(i + step, len(samples)) / SAMPLE_RATE / speed
                await anyio.sleep(max(0.0, due - time.monotonic()))

    def _take(self, events: list[Event]) -> None:
        self.events += events
        self._transcript.apply(events)
        state = self.state
        self.history.append(state)
        for callback in self._callbacks:
            callback(state)
        self._changed.set()
        self._changed = anyio.Event()


async def _decoded(path: Path) -> Samples:
    return await to_thread.run_sync(decode_file, path)


def decode_file(path: Path) -> Samples:
    """All samples of an audio file, float32 ``[n]`` at 16 kHz.

    Raises:
        BadAudio: the file holds no audio.
    """
    decoder = open_decoder(AudioFormat())
    try:
        return np.concatenate([decoder.feed(path.read_bytes()), *decoder.finish()])
    finally:
        decoder.close()
