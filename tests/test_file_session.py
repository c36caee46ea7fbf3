"""Files: whatever the order of answers and the cut of the audio, the same words, each once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestt import file_session
from livestt.engines import Hypothesis, Job, StreamOptions
from livestt.engines.scripted import ScriptedEngine, ScriptedWord, script_of
from livestt.events import Committed, Ended, Event, LanguageDetected, Progress, Warned, Word
from livestt.file_session import FileSession, no_speech_between
from livestt.timebase import from_seconds
from livestt.vad import FRAME
from livestt.vad.endpointing import EndpointingOptions

ENDPOINTING = EndpointingOptions(pre_roll_ms=64, hangover_ms=64, min_silence_ms=320)
LONGEST = from_seconds(6)

speech = st.lists(st.tuples(st.integers(4, 500), st.integers(12, 120)), min_size=1, max_size=6)
"""Frames of speech, and frames of silence after it."""


def talk(pattern: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, list[ScriptedWord]]:
    """Audio, speech probabilities and what is said in it: words 0.3 s long wherever speech is."""
    probabilities: list[float] = []
    words: list[ScriptedWord] = []
    for spoken, silent in pattern:
        begin = len(probabilities) * FRAME
        for i in range(spoken * FRAME // from_seconds(0.35)):
            at = begin + from_seconds(0.02) + i * from_seconds(0.35)
            words.append(ScriptedWord(f" w{len(words)}", at, at + from_seconds(0.3)))
        probabilities += [1.0] * spoken + [0.0] * silent
    samples = np.zeros(len(probabilities) * FRAME, np.float32)
    return samples, np.array(probabilities, np.float32), words


def session(engine: ScriptedEngine, lanes: int = 4, **options: object) -> FileSession:
    wanted = replace(StreamOptions(language="en"), **options)  # type: ignore[arg-type]
    return FileSession(
        [object() for _ in range(lanes)], engine.capabilities, wanted, ENDPOINTING, LONGEST
    )


def told(
    file: FileSession,
    engine: ScriptedEngine,
    samples: np.ndarray,
    probabilities: np.ndarray,
    *,
    cuts: list[int] | None = None,
    seed: int = 0,
) -> list[Event]:
    """Everything a session says about this audio, cut at these frames, answered in any order."""
    chance = random.Random(seed)
    bounds = [0, *sorted(cuts or []), len(probabilities)]
    events: list[Event] = []
    open_jobs: list[Job] = []

    def work(down_to: int) -> None:
        while True:
            while (job := file.next_job()) is not None:
                open_jobs.append(job)
            if len(open_jobs) <= down_to:
                break
            job = open_jobs.pop(chance.randrange(len(open_jobs)))
            file.receive_hypothesis(job, engine.run([job])[0])
            events.extend(file.take_events())

    for low, high in pairwise(bounds):
        file.receive_audio(samples[low * FRAME : high * FRAME], probabilities[low:high])
        events += file.take_events()
        work(down_to=chance.randrange(3))
    file.receive_end()
    work(down_to=0)
    return events + file.take_events()


def words_of(events: list[Event]) -> list[Word]:
    return [word for event in events if isinstance(event, Committed) for word in event.words]


@settings(max_examples=40)
@given(speech, st.lists(st.integers(0, 800), max_size=8), st.integers(0, 99), st.integers(1, 6))
def test_every_word_comes_once_in_order_however_it_is_fed_and_answered(
    pattern: list[tuple[int, int]], cuts: list[int], seed: int, lanes: int
) -> None:
    samples, probabilities, script = talk(pattern)
    engine = ScriptedEngine(script=script)
    cuts = [min(cut, len(probabilities)) for cut in cuts]
    events = told(session(engine, lanes), engine, samples, probabilities, cuts=cuts, seed=seed)
    words = words_of(events)
    assert [word.text for word in words] == [word.text for word in script]
    assert all(a.end <= b.start for a, b in pairwise(words))
    assert all(w.start < w.end for w in words)
    assert [event for event in events if isinstance(event, Ended)] == events[-1:]
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1].committed == len(samples)
    assert all(a.committed <= b.committed for a, b in pairwise(progress))
    plain = told(session(engine, 1), engine, samples, probabilities)
    assert words_of(plain) == words


def test_memory_is_bounded_while_audio_waits() -> None:
    samples, probabilities, script = talk([(9000, 20)])
    engine = ScriptedEngine(script=script)
    file = session(engine, lanes=2)
    fed = 0
    while file.wants_audio:
        file.receive_audio(samples[: 100 * FRAME], probabilities[:100])
        while file.next_job() is not None:
            pass
        fed += 100
    assert fed * FRAME < 8 * LONGEST


class Recording(ScriptedEngine):
    jobs: list[Job]

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        self.jobs += jobs
        return super().run(jobs)


def test_a_native_engine_gets_its_pieces_on_streams_chosen_in_advance() -> None:
    samples, probabilities, script = talk([(60, 30)] * 6)
    engine = Recording(script=script)
    engine.capabilities = replace(engine.capabilities, streaming="native")
    asked = []
    for seed in range(3):
        file = FileSession(
            ["a", "b"], engine.capabilities, StreamOptions("en"), ENDPOINTING, LONGEST
        )
        engine.jobs = []
        told(file, engine, samples, probabilities, seed=seed)
        asked.append({job.start: job.stream for job in engine.jobs})
    assert asked[0] == asked[1] == asked[2]
    assert set(asked[0].values()) == {"a", "b"}


class Guessing(ScriptedEngine):
    """Hears these languages, piece after piece, until it is told one."""

    def __init__(self, script: list[ScriptedWord], guesses: list[tuple[str, float]]) -> None:
        super().__init__(script=script)
        self.guesses = guesses
        self.asked: list[str | None] = []

    def run(self, jobs: list[Job]) -> list[Hypothesis]:  # type: ignore[override]
        [job] = jobs
        self.asked.append(job.options.language)
        [answer] = super().run(jobs)
        if job.options.language is None:
            language, probability = self.guesses.pop(0)
            answer.language, answer.language_probability = language, probability
            answer.words = tuple(replace(word, language=language) for word in answer.words)
        return [answer]


class TestLanguage:
    def test_one_sure_piece_settles_it(self) -> None:
        samples, probabilities, script = talk([(150, 40)] * 4)
        engine = Guessing(script, [("fr", 0.9)])
        events = told(session(engine, language=None), engine, samples, probabilities)
        assert [(e.language, e.probability) for e in events if isinstance(e, LanguageDetected)] == [
            ("fr", 0.9)
        ]
        assert engine.asked[0] is None
        assert set(engine.asked[1:]) == {"fr"}
        assert {word.language for word in words_of(events)} == {"fr"}

    def test_of_unsure_ones_the_likeliest_and_the_others_are_asked_about_again(self) -> None:
        samples, probabilities, script = talk([(150, 40)] * 4)
        engine = Guessing(script, [("cy", 0.2), ("de", 0.4), ("cy", 0.3)])
        events = told(session(engine, language=None), engine, samples, probabilities)
        assert {word.language for word in words_of(events)} == {"de"}
        assert len(words_of(events)) == len(script)

    def test_a_short_file_that_leaves_it_unsure(self) -> None:
        samples, probabilities, script = talk([(40, 40)])
        engine = Guessing(script, [("de", 0.3)])
        file = session(engine, language=None)
        events = told(file, engine, samples, probabilities)
        assert file.language == "de"
        assert len(words_of(events)) == len(script)

    def test_only_the_candidates_come_into_question(self) -> None:
        samples, probabilities, script = talk([(150, 40)] * 2)
        engine = Guessing(script, [("cy", 0.9)])
        file = FileSession(
            ["a"],
            engine.capabilities,
            StreamOptions(),
            ENDPOINTING,
            LONGEST,
            candidates=("fr", "es"),
        )
        events = told(file, engine, samples, probabilities)
        assert {word.language for word in words_of(events)} == {"fr"}

    def test_silence_has_none(self) -> None:
        samples, probabilities, _ = talk([(4, 60)])
        engine = ScriptedEngine(script=[])
        file = session(engine, language=None)
        events = told(file, engine, samples[FRAME * 10 :], probabilities[10:])
        assert file.language is None
        assert isinstance(events[-1], Ended)


class Rejecting(ScriptedEngine):
    """Gets lost in anything long."""

    reason = "loop"

    def run(self, jobs: list[Job]) -> list[Hypothesis]:  # type: ignore[override]
        answers = super().run(jobs)
        for job, answer in zip(jobs, answers, strict=True):
            if len(job.audio) > from_seconds(4.6):
                answer.rejected = self.reason
        return answers


def test_what_the_engine_gets_lost_in_is_asked_again_in_halves() -> None:
    samples, probabilities, script = talk([(180, 40)])
    engine = Rejecting(script=script)
    events = told(session(engine), engine, samples, probabilities)
    assert [word.text for word in words_of(events)] == [word.text for word in script]


def test_what_is_too_much_for_the_engine_is_halved_until_it_is_not() -> None:
    samples, probabilities, script = talk([(320, 40)])
    engine = Rejecting(script=script)
    engine.reason = "too_long"
    events = told(session(engine), engine, samples, probabilities)
    assert [word.text for word in words_of(events)] == [word.text for word in script]


def test_what_it_gets_lost_in_twice_is_left_out_and_said() -> None:
    samples, probabilities, script = talk([(60, 40), (180, 40)])
    engine = Rejecting(script=script)
    file = FileSession(["a"], engine.capabilities, StreamOptions("en"), ENDPOINTING, LONGEST)
    always = ScriptedEngine.run

    def run(jobs: list[Job]) -> list[Hypothesis]:
        answers = always(engine, jobs)
        for job, answer in zip(jobs, answers, strict=True):
            if job.start > from_seconds(2.5):
                answer.rejected = "loop"
        return answers

    engine.run = run  # type: ignore[method-assign, assignment]
    events = told(file, engine, samples, probabilities)
    assert [event.code for event in events if isinstance(event, Warned)] == ["unclear"] * 2
    assert words_of(events)


def test_no_speech_gives_no_words_and_no_warning() -> None:
    samples, probabilities, script = talk([(180, 40)])
    engine = Rejecting(script=script)
    engine.reason = "no_speech"
    events = told(session(engine), engine, samples, probabilities)
    assert not words_of(events)
    assert not [event for event in events if isinstance(event, Warned)]


def test_a_piece_that_fails_three_times_fails_the_file() -> None:
    samples, probabilities, script = talk([(60, 40)])
    file = session(ScriptedEngine(script=script))
    file.receive_audio(samples, probabilities)
    file.receive_end()
    for _ in range(3):
        assert file.failure is None
        job = file.next_job()
        assert job is not None
        file.receive_failure(job, "out of memory")
    assert file.failure is not None
    assert "out of memory" in file.failure
    assert file.next_job() is None
    with pytest.raises(ValueError, match="not an open job"):
        file.receive_failure(job, "again")


def test_unsure_words_in_what_may_be_music_are_not_believed() -> None:
    samples, probabilities, _ = talk([(60, 40)])
    engine = ScriptedEngine(script=script_of("la la la", start=4000))
    scored = engine.run

    def doubtful(jobs: list[Job]) -> list[Hypothesis]:
        answers = scored(jobs)
        for answer in answers:
            answer.words = tuple(replace(word, score=0.5) for word in answer.words)
            answer.details["no_speech"] = 0.5
        return answers

    engine.run = doubtful  # type: ignore[method-assign, assignment]
    file = session(engine)
    assert words_of(told(file, engine, samples, probabilities))
    assert no_speech_between(file.figures, 0, len(samples)) == 0.5
    assert no_speech_between(file.figures, 10**9, 10**9 + 1) == 0.0
    assert not words_of(told(session(engine), engine, samples, probabilities * 0.7))


@pytest.mark.parametrize("unsure", [0, 2])
def test_a_language_that_stays_unknown_stops_no_file(
    unsure: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than is kept goes by before the language is known: music, or nothing for certain."""
    monkeypatch.setattr(file_session, "MAX_HELD", from_seconds(40))
    samples, probabilities, script = talk([(180, 40)] * 20)
    talks_again = from_seconds(100)
    first = [word for word in script if word.start < unsure * from_seconds(6)]
    later = [word for word in script if word.start >= talks_again]
    engine = ScriptedEngine(script=[*first, *later])
    file = session(engine, language=None)
    events: list[Event] = []
    at = 0
    while not file.ended:
        if file.wants_audio and at < len(probabilities):
            end = at + 100
            file.receive_audio(samples[at * FRAME : end * FRAME], probabilities[at:end])
            at = end
        elif (job := file.next_job()) is not None:
            answer = engine.run([job])[0]
            answer.language_probability = 1.0 if job.start >= talks_again else 0.1
            file.receive_hypothesis(job, answer)
        else:
            assert at >= len(probabilities), "neither audio nor an answer is wanted"
            file.receive_end()
        events += file.take_events()
    assert [word.text for word in words_of(events)] == [word.text for word in [*first, *later]]
    assert len([event for event in events if isinstance(event, LanguageDetected)]) == 1
