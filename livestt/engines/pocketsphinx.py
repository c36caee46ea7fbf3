"""PocketSphinx: a small recogniser whose US English model comes with its wheel.

It is here so that livestt can be tried, and tested, without a model download; its accuracy is
that of 2010 (``docs/engines.md`` has figures). It holds the interpreter lock while it decodes and
about 90 MB per decoder, so every stream is a child process
(`livestt.engines.pocketsphinx_decoder`) and a batch is decoded by as many processes at once.

Noise: a whole utterance is rejected as ``no_speech`` when little of its time went into words
*and* those words were improbable, or when its words last longer than spoken ones. That catches
most knocks, hums and rustling. It does not catch music, melodious sounds or babble, in which
PocketSphinx finds words with confidence; the voice activity detector in front has to.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar, Literal, cast

import numpy as np

from livestt.engines import (
    Capabilities,
    EngineSettings,
    Hypothesis,
    Job,
    Samples,
    StreamOptions,
)
from livestt.engines.pocketsphinx_decoder import FINAL, FRESH, Answer
from livestt.engines.pocketsphinx_process import Decoder
from livestt.errors import EngineError, MissingExtra
from livestt.events import Word
from livestt.timebase import from_ms, to_seconds

FRAME = from_ms(10)
"""Samples of one PocketSphinx frame."""
MAX_UTTERANCE = 12.0
"""Seconds after which an utterance without a pause is cut: until then no word is final."""
MAX_BATCH = 32
MAX_IDLE = 2
"""Processes kept for coming sessions: one ready, and one that a session gave back."""
START_TIMEOUT = 60.0
"""Seconds a child may take to load its model (0.3 on an idle machine)."""
ANSWER_TIMEOUT = 20.0
"""Seconds a child may take to answer, besides `SLOWEST` for each second of audio."""
SLOWEST = 5.0
LITTLE_SPEECH = 0.3
"""An utterance with a smaller share of its time in words may be noise ..."""
IMPROBABLE = 0.35
"""... and is taken for it if its words' mean posterior is smaller than this."""
DRAWN_OUT = 120
"""Words of more frames than this, on average, are not spoken by people but hummed by machines."""

NOTICE = (
    "PocketSphinx is a low-accuracy engine (US English only), meant for trying livestt without "
    "a model download."
)


@dataclass(eq=False, slots=True)
class PocketSphinxStream:
    """What one session has: a process, and where its utterance began."""

    child: Decoder | None
    fresh: bool = True
    """The next question starts an utterance."""
    origin: int = 0
    """Session sample index of the utterance's first sample."""
    answered: tuple[Job, Hypothesis] | None = field(default=None, repr=False)
    """Kept if the rest of its batch failed: the job will be asked again, but was heard."""


class PocketSphinxEngine:
    """A native engine over child processes; `EngineSettings` change nothing about it.

    After a child died or hung, its stream goes on with a new one, which knows nothing of the
    utterance before.

    Raises:
        MissingExtra: the package ``pocketsphinx`` is not installed.
        EngineError: it is, but does not start.
    """

    weights: ClassVar[Literal["ctranslate2"] | None] = None

    def __init__(self, settings: EngineSettings | None = None) -> None:
        if find_spec("pocketsphinx") is None:
            raise MissingExtra("The embedded engine", "embedded")
        self.capabilities = Capabilities(
            name="pocketsphinx",
            model="en-us (bundled)",
            streaming="native",
            max_batch=MAX_BATCH,
            max_window_seconds=MAX_UTTERANCE,
            notice=NOTICE,
        )
        self._lock = threading.Lock()
        self._children: set[Decoder] = set()
        self._idle: list[Decoder] = []
        self._closed = False
        self._prove_it_starts()

    def open(self, options: StreamOptions) -> PocketSphinxStream:
        """Take the process kept ready, and start the next one; nothing is waited for."""
        stream = PocketSphinxStream(self._take())
        with self._lock, suppress(EngineError):  # whoever comes next may be luckier
            if not self._idle:
                self._idle.append(self._spawn())
        return stream

    def release(self, stream: PocketSphinxStream) -> None:
        child, stream.child = stream.child, None
        if child is None:
            return
        with self._lock:
            keep = len(self._idle) < MAX_IDLE and child.alive and not self._closed
            if keep:
                self._idle.append(child)
        if not keep:
            self._end(child)

    def reset(self, stream: PocketSphinxStream) -> None:
        stream.fresh = True

    def batch_key(self, job: Job) -> Hashable:
        """Any jobs can run together."""
        return None

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        """Answer a batch, each job in its stream's own process.

        If a process dies or exceeds its time, the others' answers are kept and given when their
        jobs are asked again.
        """
        failure: EngineError | None = None
        with _deadline([job.stream for job in jobs], _patience(jobs)):
            waiting = [(job, self._ask(job)) for job in jobs]
            for job, asked in waiting:
                failure = (asked or self._collect(job)) or failure
        if failure is not None:
            raise failure
        return [_recall(job) for job in jobs]

    def close(self) -> None:
        """End all processes, also those of streams not released."""
        with self._lock:
            self._closed = True
            self._idle.clear()
            children = list(self._children)
        for child in children:
            self._end(child)

    def _prove_it_starts(self) -> None:
        child = self._spawn()
        self._idle.append(child)
        try:
            with _deadline([PocketSphinxStream(child)], START_TIMEOUT):
                child.wait_ready()
        except EngineError:
            self.close()
            raise

    def _ask(self, job: Job) -> EngineError | None:
        """Send a job to its process; the error if that failed."""
        stream: PocketSphinxStream = job.stream
        if stream.answered is not None and stream.answered[0] is job:
            return None
        stream.answered = None
        if stream.child is None:
            stream.child, stream.fresh = self._take(), True
        flags = (FRESH if stream.fresh else 0) | (FINAL if job.final else 0)
        if stream.fresh:
            stream.origin = job.start
        try:
            stream.child.ask(flags, _s16le(job.audio))
        except EngineError as error:
            self._lose(stream)
            return error
        stream.fresh = job.final or (stream.fresh and not len(job.audio))
        return None

    def _collect(self, job: Job) -> EngineError | None:
        """Read and keep the answer to a job; the error if there is none."""
        stream: PocketSphinxStream = job.stream
        if stream.answered is not None:
            return None
        assert stream.child is not None
        try:
            answer = stream.child.answer()
        except EngineError as error:
            self._lose(stream)
            return error
        stream.answered = (job, _hypothesis(job, stream.origin, answer))
        return None

    def _lose(self, stream: PocketSphinxStream) -> None:
        child, stream.child, stream.fresh = stream.child, None, True
        if child is not None:
            self._end(child)

    def _take(self) -> Decoder:
        with self._lock:
            child = self._idle.pop() if self._idle else self._spawn()
        if child.alive:
            return child
        self._end(child)
        return self._take()

    def _spawn(self) -> Decoder:
        if self._closed:
            raise EngineError("the PocketSphinx engine is closed")
        child = Decoder()
        self._children.add(child)
        return child

    def _end(self, child: Decoder) -> None:
        with self._lock:
            self._children.discard(child)
        child.end()


def _patience(jobs: Sequence[Job]) -> float:
    """Seconds that a batch may take."""
    loading = any(job.stream.child is None or not job.stream.child.ready for job in jobs)
    longest = max((to_seconds(len(job.audio)) for job in jobs), default=0.0)
    return ANSWER_TIMEOUT + SLOWEST * longest + (START_TIMEOUT if loading else 0.0)


@contextmanager
def _deadline(streams: Sequence[PocketSphinxStream], seconds: float) -> Iterator[None]:
    """Kill processes that still owe an answer after so many seconds, which ends all waits."""

    def kill() -> None:
        for stream in streams:
            if (child := stream.child) is not None and child.busy:
                child.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _recall(job: Job) -> Hypothesis:
    stream: Any = job.stream
    (_, hypothesis), stream.answered = stream.answered, None
    return cast(Hypothesis, hypothesis)


def _s16le(audio: Samples) -> bytes:
    scaled = np.clip(audio * 32768.0, -32768, 32767).astype("<i2")
    return bytes(scaled.tobytes())


def _hypothesis(job: Job, origin: int, answer: Answer) -> Hypothesis:
    words: list[Word] = []
    for text, begin, end, score in answer["words"]:
        start, stop = origin + begin * FRAME, min(origin + end * FRAME, job.end)
        if stop > start:
            words.append(Word(f" {text}", start, stop, score, "en"))
    return Hypothesis(
        tuple(words),
        stable=len(words) if job.final else 0,
        language="en",
        rejected="no_speech" if job.final and _is_noise(answer) else None,
        details={"speech": answer["speech"]},
    )


def _is_noise(answer: Answer) -> bool:
    words = answer["words"]
    if not words:
        return False
    frames = sum(end - begin for _, begin, end, _ in words) / len(words)
    if frames > DRAWN_OUT:
        return True
    score = sum(score for *_, score in words) / len(words)
    return answer["speech"] < LITTLE_SPEECH and score < IMPROBABLE
