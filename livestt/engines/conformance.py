"""The laws that every engine obeys, as checks that run on any engine.

::

    from livestt.engines.conformance import check_engine

    def test_my_engine() -> None:
        engine = MyEngine(EngineSettings())
        try:
            check_engine(engine, speech)
        finally:
            engine.close()

Give real speech in a language of the engine, 3 to 8 seconds of it: without, silence and noise are
all it hears, and laws about words hold because there are none. Each law is a function in `LAWS`
that raises `AssertionError` with a sentence about what was broken; nothing but NumPy is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from livestt.engines import Engine, Hypothesis, Samples, StreamOptions
from livestt.engines.conformance_tools import (
    ORIGIN,
    STEP,
    ask,
    check_stable,
    check_words,
    default_options,
    folded,
    make_job,
    opened,
    require,
    require_equal,
    run_by_key,
    text_of,
    transcript,
    two_utterances,
    utterance,
)
from livestt.timebase import SAMPLE_RATE

Law = Callable[[Engine, Samples], None]
"""Raises AssertionError if the engine, on this audio, breaks it."""

SHORT = (0, 1, 100, 512)
"""Lengths of audio, in samples, too short for a word."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]+)?")


def check_engine(engine: Engine, audio: Samples | None = None) -> None:
    """Check all laws on a loaded engine, which stays open.

    Args:
        engine: the engine; no other thread may use it meanwhile.
        audio: a few seconds of speech it can transcribe. Default: a second of noise between two
            of silence.

    Raises:
        AssertionError: a law is broken.
    """
    for law in LAWS:
        law(engine, default_audio() if audio is None else audio)


def default_audio() -> Samples:
    """Silence, noise, silence: audio that any engine must survive."""
    silence = np.zeros(SAMPLE_RATE, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.05, SAMPLE_RATE).astype(np.float32)
    return np.concatenate([silence, noise, silence])


def capabilities_are_sane(engine: Engine, audio: Samples) -> None:
    """Names are there, languages are ISO 639 codes, limits are positive."""
    able = engine.capabilities
    require(bool(able.name.strip()), "capabilities.name is empty")
    require(bool(able.model.strip()), "capabilities.model is empty")
    require(able.streaming in ("window", "native"), f"streaming is {able.streaming!r}")
    require(bool(able.languages), "capabilities.languages is empty")
    for language in able.languages:
        require(_LANGUAGE.fullmatch(language) is not None, f"{language!r} is not an ISO 639 code")
    require(able.max_batch >= 1, f"max_batch is {able.max_batch}")
    require(able.max_window_seconds > 0, f"max_window_seconds is {able.max_window_seconds}")


def words_are_well_formed(engine: Engine, audio: Samples) -> None:
    """Words are ordered, do not overlap, last, lie inside the audio, and have fair scores."""
    with opened(engine) as stream:
        for job, answer in utterance(engine, stream, audio):
            check_words(answer.words, ORIGIN, job.end)
            check_stable(engine, job, answer)


def attention_matches_words(engine: Engine, audio: Samples) -> None:
    """An engine that attends says for each word, inside the audio, where it looked."""
    with opened(engine) as stream:
        for job, answer in utterance(engine, stream, audio):
            if answer.attended is None:
                silent = not engine.capabilities.attends or not answer.words
                require(silent, "capabilities.attends, but words without attended")
                continue
            require(
                len(answer.attended) == len(answer.words),
                f"{len(answer.words)} words but {len(answer.attended)} entries in attended",
            )
            require(
                all(ORIGIN <= sample <= job.end for sample in answer.attended),
                f"attended lies outside the audio: {answer.attended}",
            )


def prefix_is_not_repeated(engine: Engine, audio: Samples) -> None:
    """A window engine continues after the committed words of the prefix."""
    if engine.capabilities.streaming != "window":
        return
    with opened(engine) as stream:
        whole = ask(engine, make_job(engine, stream, audio))
        if len(whole.words) < 4:
            return
        prefix = whole.words[: len(whole.words) // 2]
        rest = ask(engine, make_job(engine, stream, audio, prefix=prefix))
    begin = folded(prefix)
    require(
        folded(rest.words)[: len(begin)] != begin,
        f"the prefix {text_of(prefix)!r} is said again in {text_of(rest.words)!r}",
    )


def same_question_same_answer(engine: Engine, audio: Samples) -> None:
    """What was heard before changes nothing: neither on this stream after a reset nor on a new."""
    with opened(engine) as stream:
        first = transcript(engine, stream, audio)
        engine.reset(stream)
        require_equal(transcript(engine, stream, audio), first, "the same question, asked again")
        transcript(engine, stream, default_audio())
        engine.reset(stream)
        require_equal(transcript(engine, stream, audio), first, "after other audio")
    with opened(engine) as other:
        require_equal(transcript(engine, other, audio), first, "on a new stream")


def batch_equals_solo(engine: Engine, audio: Samples) -> None:
    """The answer to a job is the same alone and in a batch."""
    if engine.capabilities.max_batch < 2:
        return
    parts = two_utterances(audio)
    solo = []
    for part in parts:
        with opened(engine) as stream:
            solo.append(text_of(ask(engine, make_job(engine, stream, part)).words))
    with opened(engine) as one, opened(engine) as two:
        jobs = [
            make_job(engine, stream, part) for stream, part in zip((one, two), parts, strict=True)
        ]
        together = run_by_key(engine, jobs)
    for alone, answer in zip(solo, together, strict=True):
        require_equal(text_of(answer.words), alone, "in a batch of two")


def streams_are_independent(engine: Engine, audio: Samples) -> None:
    """Two sessions taking turns get what each gets alone."""
    parts = two_utterances(audio)
    alone = []
    for part in parts:
        with opened(engine) as stream:
            alone.append(transcript(engine, stream, part))
    with opened(engine) as one, opened(engine) as two:
        runs = [utterance(engine, s, p) for s, p in zip((one, two), parts, strict=True)]
        turns = list(zip(*runs, strict=True))
    for (_, answer), solo in zip(turns[-1], alone, strict=True):
        require_equal(text_of(answer.words), solo, "beside another session")


def options_stay_with_their_stream(engine: Engine, audio: Samples) -> None:
    """Prompt, hotwords and language of one session change nothing for another."""
    plain = default_options(engine)
    loud = StreamOptions(
        max(engine.capabilities.languages), prompt="Zebra.", hotwords=("xylophone",)
    )
    with opened(engine, plain) as stream:
        before = transcript(engine, stream, audio, plain)
    with opened(engine, plain) as stream, opened(engine, loud) as other:
        transcript(engine, other, audio, loud)
        require_equal(
            transcript(engine, stream, audio, plain), before, "beside a session with a prompt"
        )
    with opened(engine, plain) as stream:
        require_equal(
            transcript(engine, stream, audio, plain), before, "after a session with a prompt"
        )


def silence_is_answered(engine: Engine, audio: Samples) -> None:
    """Digital silence and very short audio, even none, get an answer."""
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    pieces = [*(audio[:length] for length in SHORT), *(silence[:length] for length in SHORT)]
    for final in (False, True):
        for piece in (*pieces, silence):
            with opened(engine) as stream:
                answer = ask(engine, make_job(engine, stream, piece, final=final))
            check_words(answer.words, ORIGIN, ORIGIN + len(piece))


def final_ends_the_utterance(engine: Engine, audio: Samples) -> None:
    """After a final job a native stream starts afresh, with times of its own."""
    if engine.capabilities.streaming != "native":
        return
    with opened(engine) as stream:
        first = transcript(engine, stream, audio)
        later = ORIGIN + 2 * len(audio)
        answer = Hypothesis(())
        for job, answer in utterance(engine, stream, audio, origin=later):
            check_words(answer.words, later, job.end)
        require_equal(text_of(answer.words), first, "in the utterance after a final job")
        require(answer.stable == len(answer.words), "a final answer must vouch for all its words")


def empty_final_completes(engine: Engine, audio: Samples) -> None:
    """A native stream may learn only after the last sample that the utterance is over."""
    if engine.capabilities.streaming != "native":
        return
    with opened(engine) as stream:
        expected = transcript(engine, stream, audio)
        ask(engine, make_job(engine, stream, audio, final=False))
        end = ORIGIN + len(audio)
        answer = ask(engine, make_job(engine, stream, audio[:0], end))
        require_equal(text_of(answer.words), expected, "ended by a final job without audio")


def streams_come_and_go(engine: Engine, audio: Samples) -> None:
    """Opening and releasing many streams, used or not, leaves the engine as it was."""
    with opened(engine) as stream:
        expected = transcript(engine, stream, audio)
    for i in range(12):
        with opened(engine) as stream:
            if i % 3 == 1:
                ask(engine, make_job(engine, stream, audio[:STEP], final=False))
    with opened(engine) as stream:
        require_equal(transcript(engine, stream, audio), expected, "after many streams")


LAWS: tuple[Law, ...] = (
    capabilities_are_sane,
    words_are_well_formed,
    attention_matches_words,
    prefix_is_not_repeated,
    same_question_same_answer,
    batch_equals_solo,
    streams_are_independent,
    options_stay_with_their_stream,
    silence_is_answered,
    final_ends_the_utterance,
    empty_final_completes,
    streams_come_and_go,
)
