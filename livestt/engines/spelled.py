"""A test engine that reads its words out of the samples, so that lost or doubled audio shows.

Word number ``n`` is a stretch of samples of the value ``n``. Unlike the scripted engine, which
knows what is said when, this one hears only what really arrived, so that its transcript proves
that every sample came once and in its place. For tests and for `livestt.bench.chaos`.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job, Samples
from livestt.engines.modelless import ModellessEngine
from livestt.events import Word
from livestt.timebase import from_ms

SPOKEN = from_ms(160)
"""How long a word lasts."""
PACE = from_ms(240)
"""From the start of one word to the start of the next."""
MOST = 32_767
"""Words in one recording."""


class SpelledEngine(ModellessEngine):
    """Answers with the numbers that the samples of a job hold."""

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.capabilities = Capabilities(
            name="spelled",
            model="spelled",
            streaming="window",
            languages=frozenset({"en"}),
            detects_language=False,
            translates=False,
            attends=True,
            max_batch=32,
            notice="This engine reads numbers out of the samples; it is for tests.",
        )

    def answer(self, job: Job) -> Hypothesis:
        begin = max([job.start, *(word.end for word in job.prefix)])
        words = tuple(
            _heard(number, job.start + start, job.start + end, job.end)
            for number, start, end in _runs(job.audio)
            if job.start + start >= begin
        )
        return Hypothesis(words, tuple(word.end for word in words), language="en")


def recording(words: int) -> bytes:
    """16-bit PCM at 16 kHz that says the words ``w1`` to ``wN``.

    Raises:
        ValueError: more words than a sample has values.
    """
    if words > MOST:
        raise ValueError(f"a recording holds at most {MOST} words")
    samples = np.zeros((words, PACE), "<i2")
    samples[:, :SPOKEN] = np.arange(1, words + 1, dtype="<i2")[:, None]
    return samples.tobytes()


def _runs(audio: Samples) -> list[tuple[int, int, int]]:
    """Value, start and end of each stretch of equal samples that is not silent."""
    values = np.rint(audio * 32768).astype(np.int32)
    edges = np.flatnonzero(np.diff(values, prepend=0, append=0))
    return [
        (int(values[start]), int(start), int(end))
        for start, end in pairwise(edges)
        if values[start]
    ]


def _heard(number: int, start: int, end: int, until: int) -> Word:
    text = f" w{number}"
    if end < until or end - start >= SPOKEN:
        return Word(text, start, end, 0.9, "en")
    return Word(text[:2], start, end, 0.5, "en")  # it is still being spoken
