"""Engines for the laws: one as bad as can be, and one that streams by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from livestt.engines import Capabilities, Hypothesis, Job
from livestt.engines.scripted import ScriptedWord
from livestt.events import Word
from livestt.timebase import SAMPLE_RATE, from_ms

TEXTS = (" a", " word", ",", ".", "…", " Hello,", "ß", " ", "", "日本", " 👋🏽", " é")
REASONS = ("no_speech", "loop", "squeezed", "engine's own reason")
VOUCHED = from_ms(400)
"""How long after its end the native engine vouches for a word."""


class AdversarialEngine:
    """Answers anything, in any order, with or without times that make sense."""

    capabilities = Capabilities("adversary", "none", "window", attends=True, detects_language=True)

    def __init__(self, random: Random) -> None:
        self._random = random

    def answer(self, job: Job) -> Hypothesis:
        pick = self._random
        words = tuple(self._word(job) for _ in range(pick.choice((0, 0, 1, 1, 2, 5, 40))))
        attended = tuple(pick.randint(job.start, job.end) for _ in words)
        return Hypothesis(
            words,
            pick.choice((attended, tuple(sorted(attended)), None)),
            stable=pick.randint(0, len(words)),
            language=pick.choice((None, "en", "fr")),
            language_probability=pick.random(),
            rejected=pick.choice((None, None, None, *REASONS)),
        )

    def _word(self, job: Job) -> Word:
        pick = self._random
        start = pick.randint(job.start - SAMPLE_RATE, job.end + SAMPLE_RATE)
        tokens = tuple(range(pick.choice((0, 1, 2, 12))))
        length = pick.choice((1, 100, 5_000, 100_000))
        return Word(pick.choice(TEXTS), start, start + length, pick.random(), tokens=tokens)


@dataclass(slots=True)
class NativeState:
    """Of one stream: where its utterance began, and up to where it heard."""

    start: int | None = None
    heard: int = 0


class NativeEngine:
    """Hears a script as native engines do: new samples only, all words of the utterance again."""

    capabilities = Capabilities("native", "none", "native", max_window_seconds=4.0)

    def __init__(self, script: Sequence[ScriptedWord]) -> None:
        self._script = script

    def answer(self, job: Job) -> Hypothesis:
        state: NativeState = job.stream
        if state.start is None:
            state.start = state.heard = job.start
        assert job.start == state.heard, "a native engine must be given every sample once"
        state.heard = job.end
        words = [
            Word(word.text, word.start, word.end)
            for word in self._script
            if state.start <= word.start and word.end <= job.end
        ]
        stable = sum(1 for word in words if word.end <= job.end - VOUCHED)
        if job.final:
            state.start = None
        return Hypothesis(tuple(words), stable=len(words) if job.final else stable)

    def fail(self, job: Job) -> None:
        job.stream.start = None
