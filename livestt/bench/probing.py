"""One file through decoder, voice detector, session, scheduler and engine, with measurements."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from livestt.audio import AudioFormat
from livestt.bench.diagnosis import Asked, Moment, Probes, listen_to
from livestt.driver import Driver, drive
from livestt.engines import Engine, Job
from livestt.engines.scheduler import Scheduler, Ticket
from livestt.errors import LivesttError
from livestt.events import (
    Committed,
    Ended,
    Event,
    Progress,
    SpeechEnded,
    SpeechStarted,
    Warned,
)
from livestt.pipeline import Pipeline, layout
from livestt.settings import Settings
from livestt.testing import decode_file
from livestt.timebase import SAMPLE_RATE, to_seconds
from livestt.transcript import Transcript

CHUNK = 0.1
"""Seconds of the file per feed."""
PATIENCE = 120.0
"""Seconds that the last words may take after the end of the file."""


class ProbedEngine:
    """An engine that notes when it was asked what. In all else the engine it is given."""

    def __init__(self, engine: Engine, clock: Callable[[], float], notes: list[Asked]) -> None:
        self._engine = engine
        self.clock = clock
        self._notes = notes
        self.submitted: dict[int, float] = {}
        """When each job was submitted, by its identity."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def run(self, jobs: Sequence[Job]) -> Any:
        begun = self.clock()
        answers = self._engine.run(jobs)
        ended = self.clock()
        for job, answer in zip(jobs, answers, strict=True):
            self._notes.append(
                Asked(
                    self.submitted.pop(id(job), begun),
                    begun,
                    ended,
                    to_seconds(len(job.audio)),
                    len(answer.words),
                    answer.rejected,
                )
            )
        return answers


class ProbedScheduler(Scheduler):
    """A scheduler that tells its engine when jobs were submitted."""

    engine: Any

    def submit(self, job: Job, *more: Any, **named: Any) -> Ticket:
        self.engine.submitted[id(job)] = self.engine.clock()
        return super().submit(job, *more, **named)


class Probe:
    """One run.

    Args:
        path: the file.
        engine: loaded; nobody else uses it meanwhile.
        settings: as for a server.
        speed: 1 is real time, 0 as fast as it is taken.
        on_time: told the seconds of the file fed so far.
    """

    def __init__(
        self,
        path: Path,
        engine: Engine,
        settings: Settings,
        speed: float = 1.0,
        on_time: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._path = path
        self._settings = settings
        self._on_time = on_time
        sound = listen_to(decode_file(path), SAMPLE_RATE)
        self.probes = Probes(sound, speed, engine.capabilities.model)
        self._engine: Any = ProbedEngine(engine, self._clock, self.probes.asked)
        self._transcript = Transcript(layout(settings))
        self._begin = 0.0
        self._fed = 0.0
        self._speech_since: float | None = None
        self._ended = anyio.Event()

    async def run(self) -> Probes:
        """Feed the file and wait for its last word. What goes wrong is a note, not an error."""
        self._begin = time.monotonic()
        scheduler = ProbedScheduler(self._engine)
        try:
            pipeline = Pipeline(self._settings, self._engine.capabilities)
            async with drive(pipeline, scheduler, AudioFormat(), self._take) as driver:
                await self._feed(driver)
                with anyio.move_on_after(PATIENCE) as patience:
                    await self._ended.wait()
                if patience.cancelled_caught:
                    self.probes.failure = f"not finished {PATIENCE:.0f} s after the file's end"
        except LivesttError as error:
            self.probes.failure = str(error)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(scheduler.close)
        self.probes.took = self._clock()
        self.probes.text = self._transcript.text
        return self.probes

    async def _feed(self, driver: Driver) -> None:
        """The bytes of the file, as evenly as if it were being recorded."""
        data = await to_thread.run_sync(self._path.read_bytes)
        probes = self.probes
        per_second = len(data) / max(probes.sound.seconds, CHUNK)
        step = max(1, math.ceil(per_second * CHUNK))
        for begin in range(0, len(data), step):
            self._fed = min(probes.sound.seconds, (begin + step) / per_second)
            if probes.speed:
                await anyio.sleep(max(0.0, self._fed / probes.speed - self._clock()))
            await driver.feed(data[begin : begin + step])
            self._on_time(self._fed)
        await driver.end()

    def _take(self, events: list[Event]) -> None:
        self._transcript.apply(events)
        for event in events:
            self._note(event)

    def _note(self, event: Event) -> None:
        probes = self.probes
        match event:
            case SpeechStarted(at):
                self._speech_since = to_seconds(at)
            case SpeechEnded(at) if self._speech_since is not None:
                probes.speech.append((self._speech_since, to_seconds(at)))
            case Committed(words):
                probes.committed.append((self._clock(), len(words)))
            case Warned(_, message):
                probes.warnings.append(message)
            case Progress(received, heard):
                probes.moments.append(
                    Moment(self._clock(), self._fed, to_seconds(received), to_seconds(heard))
                )
            case Ended():
                self._ended.set()
            case _:
                pass

    def _clock(self) -> float:
        return time.monotonic() - self._begin
