"""Whether the engine answers: asks it, unless it has answered somebody a moment ago."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import Self

import anyio
import numpy as np

from livestt.audio.format import AudioFormat
from livestt.driver import drive
from livestt.engines.scheduler import Scheduler
from livestt.engines.tickets import BatchReport
from livestt.errors import EngineError, LivesttError
from livestt.events import Ended, Event, Warned
from livestt.pipeline import Manner, Pipeline
from livestt.resident import Resident
from livestt.server.timing import Timing
from livestt.timebase import SAMPLE_RATE

log = logging.getLogger(__name__)

SOUND = AudioFormat("s16le", SAMPLE_RATE, 1)
SECONDS = 1.0
"""Seconds of quiet noise that the engine is asked about."""


class Readiness:
    """Knows whether the engine has answered lately, and asks it if nobody else has.

    Use as an async context manager.

    Args:
        pipeline: how to ask.
        scheduler: whom to ask.
        timing: how long an answer may take, and how long it counts.
    """

    def __init__(self, pipeline: Pipeline, scheduler: Scheduler, timing: Timing) -> None:
        self._pipeline = pipeline
        self._scheduler = scheduler
        self._timing = timing
        self._answered = float("-inf")
        self._asked = float("-inf")
        self._told = anyio.Event()
        self._told.set()
        self._problem = ""
        self._tasks = anyio.create_task_group()
        scheduler.observers.append(self._hear)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    @property
    def answered_ago(self) -> float:
        """Seconds since the engine last answered anybody."""
        return time.monotonic() - self._answered

    @property
    def _away(self) -> bool:
        """Whether the model is out of memory, or on its way back: it is not fetched just to be
        asked, unless that failed the last time."""
        engine = self._scheduler.engine
        if not isinstance(engine, Resident):
            return False
        return engine.residence.state != "loaded" and engine.residence.failure is None

    async def check(self) -> None:
        """Return once the engine is known to answer, or to be needed by nobody.

        Raises:
            EngineError: it does not.
        """
        if self._scheduler.alive and (self._away or self.answered_ago < self._timing.ready):
            return
        asking = not self._told.is_set()
        if not asking and time.monotonic() - self._asked > self._timing.unready:
            self._asked, self._told = time.monotonic(), anyio.Event()
            self._tasks.start_soon(self._ask)
        with anyio.move_on_after(self._timing.ready_answer):
            await self._told.wait()
        if not self._told.is_set():
            raise EngineError("the engine does not answer")
        if self._problem:
            raise EngineError(self._problem)

    async def _ask(self) -> None:
        """Ask the engine about a second of noise, and note what went wrong, if something did."""
        try:
            self._problem = await self._hear_noise()
            if not self._problem:
                self._answered = time.monotonic()  # its report may still be on its way
        except LivesttError as error:
            self._problem = str(error)
        except Exception:  # the top of what is, in effect, a session
            log.exception("the engine could not be asked whether it works")
            self._problem = "the engine could not be asked; the server's log says why"
        finally:
            self._told.set()

    async def _hear_noise(self) -> str:
        if not self._scheduler.alive:
            raise EngineError("the engine has stopped")
        events: list[Event] = []
        ended = anyio.Event()

        def receive(more: list[Event]) -> None:
            events.extend(more)
            if any(isinstance(event, Ended) for event in more):
                ended.set()

        options = self._pipeline.settings.stream_options()
        manner = Manner(vad=False, diarization=False)
        async with drive(
            self._pipeline, self._scheduler, SOUND, receive, options, manner
        ) as driver:
            await driver.feed(_noise())
            await driver.end()
            await ended.wait()
        failed = (e for e in events if isinstance(e, Warned) and e.code == EngineError.code)
        return next((event.message for event in failed), "")

    def _hear(self, report: BatchReport) -> None:
        if report.failures < report.size:
            self._answered = time.monotonic()


def _noise() -> bytes:
    loudness = np.random.default_rng(0).normal(0, 100, int(SECONDS * SAMPLE_RATE))
    return loudness.astype("<i2").tobytes()
