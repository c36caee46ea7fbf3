"""One decoding step of any Whisper engine: what is skipped, and what is repeated."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from livestt.engines import Hypothesis, Job
from livestt.engines.whisper import guards
from livestt.engines.whisper.windows import FRAME, WindowMode
from livestt.timebase import SAMPLE_RATE

log = logging.getLogger(__name__)

SHORTEST = 10 * FRAME
"""Samples; less audio than this is answered with no words."""

Ask = Callable[[Sequence[Job], WindowMode], list[Hypothesis]]
"""Runs a batch, at least one job, on windows of this kind."""


def answer(jobs: Sequence[Job], ask: Ask, mode: WindowMode) -> list[Hypothesis]:
    """Answer a batch; suspicious answers are asked for again, together."""
    answers = [Hypothesis(())] * len(jobs)
    heard = [i for i, job in enumerate(jobs) if len(job.audio) >= SHORTEST]
    if heard:
        for i, first in zip(heard, ask([jobs[i] for i in heard], mode), strict=True):
            answers[i] = _by_itself(jobs[i], first, ask, mode)
    doubtful = [i for i in heard if answers[i].rejected not in (None, "no_speech")]
    if doubtful:
        again = ask([without_context(jobs[i]) for i in doubtful], "full30")
        for i, second in zip(doubtful, again, strict=True):
            log.debug("step rejected (%s), then: %s", answers[i].rejected, second.rejected)
            answers[i] = second
    return answers


def unheard_seconds(job: Job) -> float:
    """Audio of a job after its committed prefix."""
    begin = job.prefix[-1].end if job.prefix else job.start
    return max(0, job.end - begin) / SAMPLE_RATE


def without_context(job: Job) -> Job:
    """The same question without earlier text or prompt."""
    bare = replace(job.options, prompt="", hotwords=())
    return Job(job.stream, job.audio, job.start, job.final, bare, prefix=job.prefix)


def without_history(job: Job) -> Job:
    """The same question without earlier text; the user's own prompt stays."""
    return Job(job.stream, job.audio, job.start, job.final, job.options, prefix=job.prefix)


def _by_itself(job: Job, first: Hypothesis, ask: Ask, mode: WindowMode) -> Hypothesis:
    """The answer, or one without the earlier text that has led it astray."""
    if first.rejected != guards.FROM_CONTEXT:
        return first
    [second] = ask([without_history(job)], mode)
    return second
