"""How many sessions an engine can serve when it is never idle.

Sessions of people who talk without a pause go through voice detection, windows and scheduler as
on a server. But nobody waits for the clock: as soon as a step is answered, the audio of the next is
there. Seconds of audio that are processed in a second are the sessions that it carries.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from livestt.engines import Engine, Hypothesis, Samples, StreamOptions
from livestt.engines.scheduler import Scheduler, Ticket
from livestt.session import Session
from livestt.timebase import from_seconds, to_seconds
from livestt.tuning import Tuning
from livestt.vad import FRAME
from livestt.vad.silero import SileroVad, VadStream

SETTLED = from_seconds(6)
"""Samples after which a session's windows are as long as they will be."""
OLD_ENOUGH = from_seconds(0.5)


@dataclass(frozen=True, slots=True)
class Carried:
    """What was done at full load."""

    sessions: float
    """Seconds of audio per second."""
    cpu: float
    """CPU seconds of this process per second of audio."""
    batch: float
    """Jobs in a batch, on average."""


class Steady:
    """Commits words half a second after they were heard, whatever they are.

    A model with random weights never says the same twice, so the usual policies would commit
    nothing and windows would grow as they do not with a real one.
    """

    partial = True

    def decide(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        return sum(word.end <= end - OLD_ENOUGH for word in hypothesis.words)

    def reset(self) -> None: ...


class _Talker:
    """One session, and the job it waits for."""

    def __init__(self, engine: Engine, audio: Samples, step: float, vad: VadStream) -> None:
        samples = from_seconds(step)
        tuning = Tuning(step=samples, first_step=samples)
        languages = engine.capabilities.languages
        options = StreamOptions(language="en" if "en" in languages else min(languages))
        self._session = Session(
            engine.open(options), engine.capabilities, Steady(), options, tuning=tuning
        )
        self._audio = audio
        self._vad = vad
        self._chunk = max(1, samples // FRAME) * FRAME
        self._at = 0
        self.ticket: Ticket | None = None

    @property
    def heard(self) -> int:
        return self._session.received - self._session.lag

    def ask(self, scheduler: Scheduler, answered: SimpleQueue[_Talker]) -> None:
        """Talk until there is a question."""
        while (job := self._session.next_job()) is None:
            part = np.take(self._audio, range(self._at, self._at + self._chunk), mode="wrap")
            self._at += self._chunk
            certain = np.ones_like(self._vad.probabilities(part))
            self._session.receive_audio(part, certain)
        now = time.monotonic()
        self.ticket = scheduler.submit(job, now, lambda: answered.put(self))

    def take(self) -> None:
        """Hear the answer.

        Raises:
            RuntimeError: the engine failed.
        """
        ticket = self.ticket
        if ticket is None or ticket.answer is None:
            raise RuntimeError(f"a step failed: {ticket and ticket.failure}")
        self._session.receive_hypothesis(ticket.job, ticket.answer)
        self._session.take_events()


def carried(engine: Engine, audio: Samples, step: float, seconds: float) -> Carried:
    """Keep a window engine busy and count. Blocking.

    Args:
        engine: loaded; nobody else uses it meanwhile.
        audio: what everybody says, over and over, each from another place on.
        step: seconds of new audio per step.
        seconds: how long to count, once all sessions have settled.

    Raises:
        RuntimeError: the engine failed.
    """
    able = engine.capabilities
    detector = SileroVad()
    talkers = [
        _Talker(engine, np.roll(audio, -i * 7919), step, detector.open())
        for i in range(able.parallel * able.max_batch)
    ]
    scheduler = Scheduler(engine)
    answered: SimpleQueue[_Talker] = SimpleQueue()
    try:
        for talker in talkers:
            talker.ask(scheduler, answered)
        while min(talker.heard for talker in talkers) < SETTLED:
            _one(scheduler, answered)
        heard = sum(talker.heard for talker in talkers)
        jobs, batches = scheduler.stats.jobs, scheduler.stats.batches
        wall, cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() < wall + seconds:
            _one(scheduler, answered)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        done = to_seconds(sum(talker.heard for talker in talkers) - heard)
        stats = scheduler.stats
        batch = (stats.jobs - jobs) / max(1, stats.batches - batches)
        return Carried(done / wall, cpu / max(done, 1e-9), batch)
    finally:
        scheduler.close()


def _one(scheduler: Scheduler, answered: SimpleQueue[_Talker]) -> None:
    talker = answered.get()
    talker.take()
    talker.ask(scheduler, answered)
