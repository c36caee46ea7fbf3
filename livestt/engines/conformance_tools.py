"""How `livestt.engines.conformance` asks an engine and judges its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from livestt.engines import Engine, Hypothesis, Job, Samples, StreamOptions
from livestt.events import Word
from livestt.timebase import SAMPLE_RATE, from_ms

STEP = from_ms(700)
"""Samples per job where an utterance is asked for in steps; no multiple of usual frame sizes."""
ORIGIN = 5 * SAMPLE_RATE
"""Session sample at which the checked utterances start: not 0, so that times must be mapped."""


def require(holds: bool, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)


def require_equal(text: str, expected: str, when: str) -> None:
    require(text == expected, f"{when} the answer is {text!r}, not {expected!r}")


def check_words(words: Sequence[Word], begin: int, end: int) -> None:
    at = begin
    for word in words:
        require(bool(word.text.strip()), f"a word without text: {word}")
        require(word.start < word.end, f"a word that ends where it starts: {word}")
        require(
            at <= word.start, f"a word before {at}, where the audio or the last word is: {word}"
        )
        require(word.end <= end, f"a word past the end of audio at {end}: {word}")
        require(0.0 <= word.score <= 1.0, f"a score outside 0 to 1: {word}")
        at = word.end


def check_stable(engine: Engine, job: Job, answer: Hypothesis) -> None:
    total = len(answer.words)
    require(0 <= answer.stable <= total, f"stable is {answer.stable} of {total} words")
    if job.final and engine.capabilities.streaming == "native":
        require(answer.stable == total, "a final answer must vouch for all its words")


@contextmanager
def opened(engine: Engine, options: StreamOptions | None = None) -> Iterator[Any]:
    stream = engine.open(options or default_options(engine))
    try:
        yield stream
    finally:
        engine.release(stream)


def default_options(engine: Engine) -> StreamOptions:
    languages = engine.capabilities.languages
    return StreamOptions(language="en" if "en" in languages else min(languages))


def make_job(engine: Engine, stream: Any, audio: Samples, start: int = ORIGIN, **more: Any) -> Job:
    return Job(stream, audio, start, **{"final": True, "options": default_options(engine), **more})


def ask(engine: Engine, job: Job) -> Hypothesis:
    answers = engine.run([job])
    require(len(answers) == 1, f"{len(answers)} answers to one job")
    return answers[0]


def run_by_key(engine: Engine, jobs: Sequence[Job]) -> list[Hypothesis]:
    """Run jobs together if the engine says they can be, else one by one."""
    if len({engine.batch_key(job) for job in jobs}) > 1:
        return [ask(engine, job) for job in jobs]
    answers = engine.run(jobs)
    require(len(answers) == len(jobs), f"{len(answers)} answers to {len(jobs)} jobs")
    return answers


def utterance(
    engine: Engine,
    stream: Any,
    audio: Samples,
    *,
    origin: int = ORIGIN,
    options: StreamOptions | None = None,
) -> Iterator[tuple[Job, Hypothesis]]:
    """Ask about an utterance as a session does: in steps (native) or with a growing window."""
    native = engine.capabilities.streaming == "native"
    step = STEP if native else max(STEP, len(audio) // 2 + 1)
    for start in range(0, len(audio), step):
        end = min(start + step, len(audio))
        begin = start if native else 0
        job = make_job(
            engine,
            stream,
            audio[begin:end],
            origin + begin,
            final=end == len(audio),
            options=options or default_options(engine),
        )
        yield job, ask(engine, job)


def transcript(
    engine: Engine, stream: Any, audio: Samples, options: StreamOptions | None = None
) -> str:
    answer = Hypothesis(())
    for _, later in utterance(engine, stream, audio, options=options):
        answer = later
    return text_of(answer.words)


def two_utterances(audio: Samples) -> tuple[Samples, Samples]:
    """The audio, and as much audio in which other words are said."""
    return audio, np.roll(audio, len(audio) // 2)


def text_of(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words)


def folded(words: Sequence[Word]) -> list[str]:
    return ["".join(c for c in word.text.casefold() if c.isalnum()) for word in words]
