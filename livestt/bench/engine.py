"""What an engine costs on this machine, and how many live sessions it can run.

Only `Engine.run` is timed. The guards of Whisper engines are off meanwhile: they would do steps
again that a model with random weights, or noise instead of speech, makes look doubtful.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from unittest.mock import patch

import numpy as np

from livestt.engines import Engine, Hypothesis, Job, Samples, StreamOptions
from livestt.engines.whisper import guards, prompts
from livestt.engines.whisper.windows import BUCKETS, SILENCE_SECONDS
from livestt.timebase import SAMPLE_RATE, from_seconds

BATCHES = (1, 2, 4, 8)
PREFIXES = (0, 2, 5, 10)
"""Words before the answer."""
STEP_CONTENT = 5.0
"""Most seconds of audio of a live step, so that its window is the shortest there is."""
STEP_FRESH = 1.5
"""Seconds of a live step that come after the committed words."""
BUSY = 0.75
"""How much of the machine a capacity may count on; the rest is for jitter."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The best of some repetitions."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of CPU of all threads of this process."""
    words: int
    """Words answered, all jobs together."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: how large, and what that cost."""

    size: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class EngineReport:
    """All figures of one engine."""

    name: str
    model: str
    device: str
    streaming: str
    rtf: float
    """Seconds of work per second of speech, ten seconds at once."""
    windows: tuple[Row, ...]
    """By seconds of encoder window."""
    batches: tuple[Row, ...]
    """A live step, by jobs in the batch."""
    prefixes: tuple[Row, ...]
    """A live step, by words in the prefix."""
    step: float
    """Seconds of new audio per live step."""
    hearing: float
    """CPU seconds of voice detection per second of audio."""
    cores: int

    @property
    def job(self) -> Cost:
        """A live step, in the batch that makes it cheapest."""
        best = min(self.batches, key=lambda row: row.cost.wall / row.size)
        cost = best.cost
        return Cost(cost.wall / best.size, cost.cpu / best.size, round(cost.words / best.size))

    def capacity(self, step: float) -> int:
        """Sessions of people who talk all the time, with a step every so many seconds."""
        job = self.job
        by_engine = BUSY * step / max(job.wall, 1e-9)
        worked = job.cpu / step if self.device == "cpu" else 0.0
        by_cpu = BUSY * self.cores / max(worked + self.hearing, 1e-9)
        return int(min(by_engine, by_cpu))


def measure_engine(
    engine: Engine,
    audio: Samples,
    step: float,
    repeats: int = 3,
    on_part: Callable[[str], None] = lambda part: None,
) -> EngineReport:
    """Measure an engine. Blocking; some seconds to minutes.

    Args:
        engine: loaded; nobody else uses it meanwhile.
        audio: speech, or something like it, repeated as long as need be.
        step: seconds of new audio per live step.
        repeats: of each figure; the best counts.
        on_part: told what is measured now.
    """
    meter = Meter(engine, np.resize(audio, from_seconds(30)), repeats)
    known = engine.capabilities
    native = known.streaming == "native"
    with unguarded():
        on_part("warm up")
        meter.whole(2.0)
        on_part("speed")
        length = min(10.0, known.max_window_seconds)
        rtf = meter.whole(length).wall / length
        on_part("batches")
        sizes = [size for size in BATCHES if size <= known.max_batch]
        batches = [Row(n, meter.native(n, step) if native else meter.steps(n)) for n in sizes]
        on_part("windows")
        windows = [] if native else [Row(w, meter.whole(w - SILENCE_SECONDS)) for w in BUCKETS]
        on_part("prefixes")
        prefixes = [] if native else [Row(n, meter.steps(1, prefix=n)) for n in PREFIXES]
    return EngineReport(
        known.name,
        known.model,
        known.device,
        known.streaming,
        rtf,
        tuple(windows),
        tuple(batches),
        tuple(prefixes),
        step,
        hearing(audio),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    )


class Meter:
    """Asks an engine, and looks at the clock.

    Args:
        engine: which.
        audio: at least 30 s.
        repeats: of each measurement.
    """

    def __init__(self, engine: Engine, audio: Samples, repeats: int) -> None:
        self._engine = engine
        self._audio = audio
        self._repeats = repeats
        known = engine.capabilities
        language = "en" if "en" in known.languages else min(known.languages)
        self._options = StreamOptions(language=language)

    def whole(self, seconds: float) -> Cost:
        """One job that is an utterance of its own."""
        audio = self._audio[: from_seconds(seconds)]
        starts = count(0, len(audio))
        with self._streams(1) as [stream]:
            return self._best(lambda: [self._job(stream, audio, next(starts), final=True)])

    def steps(self, sessions: int, prefix: int = 5) -> Cost:
        """Live steps of some sessions in one batch: committed words, then what is fresh."""
        content = from_seconds(STEP_CONTENT)
        parts = [np.roll(self._audio, -i * 7919)[:content] for i in range(sessions)]
        with self._streams(sessions) as streams:
            whole = [self._job(s, part) for s, part in zip(streams, parts, strict=True)]
            jobs = [continued(job, self._engine.run([job])[0], prefix) for job in whole]
            return self._best(lambda: jobs)

    def native(self, sessions: int, step: float) -> Cost:
        """A step of some sessions of an engine that keeps the stream itself."""
        length = from_seconds(step)
        starts = count(0, length)
        with self._streams(sessions) as streams:

            def ask() -> list[Job]:
                at = next(starts)
                part = np.roll(self._audio, -at)[:length]
                return [self._job(stream, part, at) for stream in streams]

            cost = self._best(ask)
            # An utterance has to end before its stream may be released.
            at = next(starts)
            self._engine.run([self._job(s, self._audio[:0], at, final=True) for s in streams])
            return cost

    def _job(self, stream: Any, audio: Samples, start: int = 0, *, final: bool = False) -> Job:
        return Job(stream, audio, start, final, self._options)

    def _best(self, ask: Callable[[], Sequence[Job]]) -> Cost:
        costs = []
        for _ in range(self._repeats):
            jobs = ask()
            cpu, wall = time.process_time(), time.perf_counter()
            answers = self._engine.run(jobs)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            costs.append(Cost(wall, cpu, sum(len(answer.words) for answer in answers)))
        return min(costs, key=lambda cost: cost.wall)

    @contextmanager
    def _streams(self, sessions: int) -> Iterator[list[Any]]:
        streams = [self._engine.open(self._options) for _ in range(sessions)]
        try:
            yield streams
        finally:
            for stream in streams:
                self._engine.release(stream)


def continued(job: Job, answer: Hypothesis, words: int) -> Job:
    """The job that follows when so many words of an answer have been committed."""
    prefix = answer.words[:words]
    end = (prefix[-1].end if prefix else 0) + from_seconds(STEP_FRESH)
    return Job(job.stream, job.audio[:end], job.start, job.final, job.options, prefix=prefix)


@contextmanager
def unguarded() -> Iterator[None]:
    """Whisper engines believe every answer."""
    with patch.object(guards, "fault", lambda step: None):
        yield


@contextmanager
def writing(tokens: float | None) -> Iterator[None]:
    """Whisper engines write at most so many tokens per second of audio; None is as ever."""
    if tokens is None:
        yield
        return
    with (
        patch.object(prompts, "TOKENS_PER_SECOND", tokens),
        patch.object(prompts, "SPARE_TOKENS", 1),
    ):
        yield


def hearing(audio: Samples) -> float:
    """CPU seconds that voice detection takes per second of audio, fed as it comes live."""
    from livestt.vad import FRAME
    from livestt.vad.silero import SileroVad

    stream = SileroVad().open()
    frames = np.resize(audio, 3 * SAMPLE_RATE // FRAME * FRAME)
    stream.probabilities(frames)
    cpu = time.process_time()
    for i in range(0, len(frames), 3 * FRAME):
        stream.probabilities(frames[i : i + 3 * FRAME])
    return (time.process_time() - cpu) / (len(frames) / SAMPLE_RATE)


def speech_like(seconds: float) -> Samples:
    """Noise with the spectrum of speech and its rhythm of syllables."""
    rng = np.random.default_rng(0)
    count = from_seconds(seconds)
    spectrum = np.fft.rfft(rng.normal(size=count))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    spectrum *= np.where(hertz < 100, 0.0, 1.0) / np.maximum(1.0, hertz / 500)
    voice = np.fft.irfft(spectrum, count)
    rhythm = 0.55 - 0.45 * np.cos(2 * np.pi * 4.0 * np.arange(count) / SAMPLE_RATE)
    sound = voice * rhythm
    quiet: Samples = (0.3 * sound / np.abs(sound).max()).astype(np.float32)
    return quiet
