"""One session, driven by hand, under the eyes of the law."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from livestt.engines import (
    MAX_PREFIX_TOKENS,
    MAX_WORD_TOKENS,
    Capabilities,
    Hypothesis,
    Job,
    StreamOptions,
)
from livestt.engines.scripted import ScriptedEngine, ScriptedWord
from livestt.events import Event, Progress
from livestt.policies import PolicyName, choose
from livestt.session import TOO_SHORT, Session
from livestt.timebase import from_ms, from_seconds
from livestt.tuning import Tuning
from livestt.vad import FRAME
from livestt.vad.endpointing import EndpointingOptions
from livestt.window import MAX_HISTORY

from .lawbook import LawBook

T = TypeVar("T", bound=Event)

HIGH, LOW = 0.95, 0.1
TUNING = Tuning(step=from_ms(250), first_step=from_ms(300), max_window=from_seconds(3))
PACE, SPOKEN = from_ms(400), from_ms(320)
TOO_MANY = 5_000

Answer = Callable[[Job], Hypothesis]


class Rig:
    """A session whose audio counts samples, so that what a job carries can be told.

    Attributes:
        script: what is said; `speak` adds to it.
        job: the open job.
        heard: ``(start, end)`` of every job answered.
    """

    def __init__(
        self,
        policy: PolicyName,
        *,
        capabilities: Capabilities | None = None,
        answer: Answer | None = None,
        stream: Any = None,
        tuning: Tuning = TUNING,
        endpointing: EndpointingOptions | None = None,
    ) -> None:
        self.script: list[ScriptedWord] = []
        scripted = ScriptedEngine(script=self.script)
        self.capabilities = capabilities or scripted.capabilities
        self._answer = answer or (lambda job: scripted.run([job])[0])
        longest = from_seconds(self.capabilities.max_window_seconds)
        native = self.capabilities.streaming == "native"
        self._limit = longest if native else min(tuning.max_window, longest)
        self.session = Session(
            stream,
            self.capabilities,
            choose(policy, self.capabilities),
            StreamOptions(language="en"),
            endpointing,
            tuning,
        )
        self.book = LawBook()
        self.job: Job | None = None
        self.heard: list[tuple[int, int]] = []
        self.cuts: list[int] = []
        self.jobs = 0
        self.reset: Callable[[], None] = lambda: None
        """What the engine does when it has to start anew."""

    @property
    def now(self) -> int:
        return self.session.received

    def frames(self, levels: Iterable[float], rest: int = 0) -> None:
        """Receive frames of these probabilities, the last of them short of ``rest`` samples."""
        probabilities = np.array(list(levels), np.float32)
        count = max(0, len(probabilities) * FRAME - rest)
        samples = np.arange(self.now, self.now + count, dtype=np.float32)
        self.session.receive_audio(samples, probabilities)
        self.see()

    def speak(self, count: int) -> None:
        """Frames of speech, filled with words."""
        self.write(self.now, self.now + count * FRAME)
        self.frames([HIGH] * count)

    def write(self, start: int, end: int) -> None:
        """Add words to the script that are said here."""
        for at in range(start, end - SPOKEN + 1, PACE):
            self.script.append(ScriptedWord(f" word{len(self.script):04}", at, at + SPOKEN))

    def hush(self, count: int) -> None:
        self.frames([LOW] * count)

    def flush(self, flush_id: str | None) -> None:
        self.book.flushes.append(flush_id)
        self.cuts.append(self.now)
        self.session.receive_flush(flush_id)
        self.see()

    def ask(self) -> bool:
        """Get a job, or a better one; whether there is one now."""
        job = self.session.next_job(instead_of=self.job)
        if job is not None:
            if self.job is not None:
                assert (job.end, job.final) != (self.job.end, self.job.final)
                assert job.start == self.job.start
            self._check_job(job)
            self.job = job
        return self.job is not None

    def answer(self) -> None:
        assert self.job is not None
        job, self.job = self.job, None
        self.session.receive_hypothesis(job, self._answer(job))
        if self.session.take_reset():
            self.reset()
        self.heard.append((job.start, job.end))
        self.see()

    def fail(self) -> None:
        assert self.job is not None
        job, self.job = self.job, None
        self.session.receive_failure(job, "it was told to")
        self.see()

    def work(self) -> None:
        """Answer until there is nothing to ask."""
        while self.ask():
            self.answer()

    def end(self) -> None:
        self.session.receive_end()
        self.see()
        self.work()
        assert self.book.ended == self.session.ended

    def see(self) -> None:
        self.book.take(self.session.take_events())
        assert self.session.take_events() == []

    def _check_job(self, job: Job) -> None:
        self.jobs += 1
        assert self.jobs < TOO_MANY, "the session asks for ever"
        assert job.end <= self.now
        assert np.array_equal(job.audio, np.arange(job.start, job.end, dtype=np.float32))
        assert len(job.audio) <= self._limit + TOO_SHORT
        assert len(job.context) <= MAX_HISTORY
        most = MAX_PREFIX_TOKENS if len(job.prefix) > 1 else MAX_WORD_TOKENS
        assert sum(len(word.tokens) for word in job.prefix) <= most
        assert all(word.end > job.start for word in job.prefix)
        assert [*job.context, *job.prefix] == self.book.words[
            len(self.book.words) - len(job.context) - len(job.prefix) :
        ] or self.capabilities.streaming == "native"

    def unheard(self) -> list[tuple[int, int]]:
        """Parts of the speech that no job covered and that are long enough for a word."""
        gaps = []
        for start, end in self.book.speech:
            at = start
            for a, b in sorted(self.heard):
                if a > at and min(a, end) - at > TOO_SHORT:
                    gaps.append((at, a))
                at = max(at, min(b, end)) if a <= end else at
            if end - at > TOO_SHORT:
                gaps.append((at, end))
        return gaps

    def whole_words(self) -> list[str]:
        """Words of the script that no flush cut in two."""
        return [
            word.text
            for word in self.script
            if not any(word.start < cut < word.end for cut in self.cuts)
        ]


def kinds(rig: Rig) -> list[str]:
    """The names of the events so far, progress left out."""
    return [type(event).__name__ for event in rig.book.events if not isinstance(event, Progress)]


def of(rig: Rig, kind: type[T]) -> list[T]:
    """The events of one kind so far."""
    return [event for event in rig.book.events if isinstance(event, kind)]
