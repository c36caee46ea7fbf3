"""Decoders that get stuck, engines that hang, threads that die: noticed, mended, told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws.engines import NativeEngine, NativeState
from laws.rig import HIGH, Rig
from server.engines import Gated, Watched
from server.running import wait_until
from test_driver import RAW, SECOND, SETTINGS, Taker

from livestt import driver, engine_driving
from livestt.driver import transcribe_live
from livestt.engines import Hypothesis, Job, StreamOptions
from livestt.engines import scheduler as scheduling
from livestt.engines.scheduler import Scheduler
from livestt.engines.scripted import script_of
from livestt.events import Ended, UtteranceEnded, Warned, Word
from livestt.speakers import Activity, DiarizerJob
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.speakers.scripted import ScriptedDiarizer
from livestt.watchdog import LONGEST, SPEECHLESS, TIMES, Watchdog, repeated

COUNT = 120
LOUD = np.full(16_000, 8000, "<i2").tobytes()
"""A second, as `SECOND`; its voice detector is off, so sound counts."""
TEXT = " ".join(f"word{i}" for i in range(COUNT))
SECONDS = COUNT * 2 // 5 + 2


class Stuck(Watched):
    """Hears nothing any more, until it is reset."""

    def __init__(self, after: int) -> None:
        super().__init__(script_of(TEXT))
        self.stuck = False
        self.resets = 0
        self._after = after

    def reset(self, stream: object) -> None:
        self.stuck = False
        self.resets += 1

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if not self.resets and jobs[0].end > self._after:
            self.stuck = True
        return [Hypothesis(())] * len(jobs) if self.stuck else super().answers(jobs)


def told_by(engine: Watched, second: bytes = LOUD) -> Taker:
    """What is said while audio comes in pieces of a second."""
    taker = Taker()

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(SECONDS):
            yield second
            await asyncio.sleep(0.01)

    asyncio.run(transcribe_live(chunks(), RAW, engine, SETTINGS, taker))
    return taker


def codes(taker: Taker) -> list[str]:
    return [warning.code for warning in taker.of(Warned)]


def test_a_stuck_decoder_is_reset_and_loses_no_word() -> None:
    engine = Stuck(after=16_000 * 10)
    taker = told_by(engine)
    assert engine.resets == 1
    assert codes(taker) == ["no_words"]
    assert taker.text == TEXT


def test_where_nothing_detects_voices_silence_is_not_taken_for_one() -> None:
    engine = Stuck(after=0)
    assert not codes(told_by(engine, second=SECOND))
    assert engine.resets == 0


def test_a_decoder_that_works_is_left_alone() -> None:
    engine = Stuck(after=10**9)
    taker = told_by(engine)
    assert taker.text == TEXT
    assert (engine.resets, codes(taker)) == (0, [])
    assert taker.of(UtteranceEnded)


def test_clients_learn_that_words_are_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_driving, "NOTICEABLE", 0.05)
    engine = Gated(script_of("one two three"))
    taker = Taker()

    def opened(events: list) -> None:  # type: ignore[type-arg]
        taker(events)
        if "words_late" in codes(taker):
            engine.gate.set()

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(3):
            yield SECOND

    asyncio.run(transcribe_live(chunks(), RAW, engine, SETTINGS, opened))
    assert codes(taker)[:2] == ["words_late", "words_on_time"]
    assert taker.text == "one two three"


class Looping(Watched):
    """Says the same over and over from some sample on, until it is reset."""

    def __init__(self, after: int, phrase: str) -> None:
        super().__init__(script_of(TEXT))
        self.resets = 0
        self._after = after
        self._loop = script_of(" ".join([phrase] * COUNT))

    def reset(self, stream: object) -> None:
        self.resets += 1

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if self.resets or jobs[0].end < self._after:
            return super().answers(jobs)
        script, self._script = self._script, self._loop
        try:
            return super().answers(jobs)
        finally:
            self._script = script


@pytest.mark.parametrize("phrase", ["again", "on and on", "thank you for watching this video"])
def test_a_loop_is_broken_and_the_rest_is_heard_again(phrase: str) -> None:
    engine = Looping(16_000 * 10, phrase)
    taker = told_by(engine)
    assert engine.resets == 1
    assert codes(taker) == ["looping"]
    words = taker.text.split()
    kept = [word for word in words if word.startswith("word")]
    assert kept == sorted(set(kept), key=lambda word: int(word[4:]))
    assert kept[-1] == f"word{COUNT - 1}"
    # What was settled stays; nothing is missing but what stands in its place.
    looped = len(words) - len(kept)
    assert COUNT - len(kept) <= looped + 1
    assert looped < 2 * LONGEST * TIMES


def test_who_says_the_same_all_the_time_is_believed() -> None:
    engine = Looping(10**9, "")
    engine._script = script_of(" ".join(["no"] * COUNT))
    taker = told_by(engine)
    assert taker.text.split() == ["no"] * COUNT
    assert (engine.resets, codes(taker)) == (1, ["looping"])


def word(text: str, at: int) -> Word:
    return Word(f" {text}", at, at + 1, 0.9, "en")


def said(texts: Sequence[str], at: int = 0) -> list[Word]:
    return [word(text, at + i) for i, text in enumerate(texts)]


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=20),
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=LONGEST),
    st.integers(0, LONGEST),
)
def test_loops_are_found_wherever_they_stop(before: list[str], loop: list[str], more: int) -> None:
    words = before + loop * max(TIMES, LONGEST) + (loop * LONGEST)[:more]
    found = repeated(words)
    assert found is not None
    assert set(found) == set(loop)
    assert found == repeated(before + loop * LONGEST)
    assert repeated(before) is None or len(before) >= LONGEST


def test_punctuation_and_case_hide_no_loop() -> None:
    dog = Watchdog()
    dog.commit(said(["Thank", "you.", "thank", "you!", "Thank", "you"]))
    assert not dog.loops(said(["very", "much"]), 6)
    assert dog.loops(said(["thank,", "...", "YOU."]), 6)


def test_a_loop_is_told_once_until_something_else_is_said() -> None:
    dog = Watchdog()
    loop = said(["no"] * LONGEST)
    assert dog.loops(loop, 0)
    assert not dog.loops(loop, 0)
    dog.commit(loop)
    assert not dog.loops(loop, 8)
    dog.commit(said(["yes"]))
    assert dog.loops(loop, 9)


def test_two_loops_in_turn_do_not_go_on_for_ever() -> None:
    dog = Watchdog()
    assert dog.loops(said(["no"] * LONGEST), 0)
    assert not dog.loops(said(["yes"] * LONGEST), 0)


def test_nothing_new_is_no_loop() -> None:
    dog = Watchdog()
    dog.commit(said(["no"] * LONGEST))
    assert not dog.loops((), LONGEST)


def test_a_streaming_decoder_that_loops_goes_on_after_its_last_settled_word() -> None:
    state = NativeState()
    capabilities = replace(NativeEngine.capabilities, max_window_seconds=60.0)
    rig = Rig("native", capabilities=capabilities, stream=state)
    engine = NativeEngine(rig.script)
    looping = True

    def answer(job: Job) -> Hypothesis:
        heard = engine.answer(job)
        if not looping:
            return heard
        words = tuple(replace(one, text=" again") for one in heard.words)
        return replace(heard, words=words)

    def reset() -> None:
        nonlocal looping
        looping = False
        state.start = None

    rig._answer, rig.reset = answer, reset
    for _ in range(40):
        rig.speak(10)
        rig.work()
    rig.hush(40)
    rig.work()
    rig.end()
    assert [e.code for e in rig.book.events if isinstance(e, Warned)] == ["looping"]
    texts = rig.book.text
    looped = texts.count(" again")
    assert 0 < looped < 2 * LONGEST
    assert texts[looped:] == [one.text for one in rig.script][looped:]


def test_a_streaming_decoder_that_hears_no_words_is_not_asked_of_all_again() -> None:
    state = NativeState()
    capabilities = replace(NativeEngine.capabilities, max_window_seconds=600.0)
    rig = Rig("native", capabilities=capabilities, stream=state)
    engine = NativeEngine(rig.script)

    def reset() -> None:
        state.start = None

    rig._answer, rig.reset = engine.answer, reset
    while rig.now < 6 * SPEECHLESS:
        rig.frames([HIGH] * 30)
        rig.work()
    assert len([e for e in rig.book.events if isinstance(e, Warned)]) == 5
    assert sum(end - start for start, end in rig.heard) < 2 * rig.now
    rig.speak(50)
    rig.hush(50)
    rig.end()
    assert rig.book.text == [one.text for one in rig.script]


def test_a_streaming_decoder_that_is_stuck_goes_on_after_its_last_word() -> None:
    """Whatever it hears otherwise of what is settled when it is asked again."""
    state = NativeState()
    capabilities = replace(NativeEngine.capabilities, max_window_seconds=60.0)
    rig = Rig("native", capabilities=capabilities, stream=state)
    engine = NativeEngine(rig.script)
    resets = 0

    def answer(job: Job) -> Hypothesis:
        heard = engine.answer(job)
        if resets:
            return replace(heard, words=tuple(w for w in heard.words if w.start > 4 * 16_000))
        words = tuple(word for word in heard.words if word.end < 4 * 16_000)
        return replace(heard, words=words, stable=len(words))

    def reset() -> None:
        nonlocal resets
        resets += 1
        state.start = None

    rig._answer, rig.reset = answer, reset
    for _ in range(30):
        rig.speak(25)
        rig.work()
    rig.end()
    assert resets == 1
    assert rig.book.text == [w.text for w in rig.script if not w.start <= 4 * 16_000 <= w.end]


def test_a_streaming_decoder_that_is_stuck_on_its_guess_is_reset() -> None:
    """It goes on saying what it said, and never more: that is no word either."""
    state = NativeState()
    capabilities = replace(NativeEngine.capabilities, max_window_seconds=60.0)
    rig = Rig("native", capabilities=capabilities, stream=state)
    engine = NativeEngine(rig.script)
    guess: Hypothesis | None = None
    resets = 0

    def answer(job: Job) -> Hypothesis:
        nonlocal guess
        heard = engine.answer(job)
        if resets:
            return heard
        if guess is None and heard.words:
            guess = replace(heard, stable=0)
        return guess or heard

    def reset() -> None:
        nonlocal resets
        resets += 1
        state.start = None

    rig._answer, rig.reset = answer, reset
    for _ in range(40):
        rig.speak(25)
        rig.work()
    rig.end()
    assert resets == 1
    assert [e.code for e in rig.book.events if isinstance(e, Warned)] == ["no_words"]
    assert rig.book.text == [one.text for one in rig.script]


class Deadly(Watched):
    """Ends the thread that runs it, once."""

    def __init__(self) -> None:
        super().__init__(script_of(TEXT))
        self.deaths = 0

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if not self.deaths:
            self.deaths += 1
            raise SystemExit("a library thinks that it is a program")
        return super().answers(jobs)


def test_a_dead_thread_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    schedulers: list[Scheduler] = []

    class Known(Scheduler):
        def __init__(self, engine: Watched) -> None:
            super().__init__(engine)
            schedulers.append(self)

    monkeypatch.setattr(driver, "Scheduler", Known)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    taker = told_by(Deadly())
    assert taker.text == TEXT
    assert taker.of(Ended)
    [scheduler] = schedulers
    assert scheduler.stats.revived == 1


class Hanging(Watched):
    """Hangs at its first batch for as long as it is told to."""

    def __init__(self) -> None:
        super().__init__(script_of(TEXT))
        self.free = threading.Event()
        self.first = True

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if self.first:
            self.first = False
            assert self.free.wait(60)
        return super().answers(jobs)


def test_a_thread_that_hangs_is_replaced_and_its_session_gets_another_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedulers: list[Scheduler] = []

    class Known(Scheduler):
        def __init__(self, engine: Watched) -> None:
            super().__init__(engine)
            schedulers.append(self)

        def close(self, timeout: float | None = None) -> bool:
            engine.free.set()
            return super().close(timeout)

    monkeypatch.setattr(driver, "Scheduler", Known)
    engine = Hanging()
    taker = Taker()

    async def chunks():  # type: ignore[no-untyped-def]
        yield SECOND * 5
        await asyncio.to_thread(wait_until, lambda: not engine.first)
        with monkeypatch.context() as impatient:
            impatient.setattr(scheduling, "HUNG", 0.0)
            schedulers[0].give_up_hung()  # as the server does each second
        yield SECOND * (SECONDS - 5)

    asyncio.run(transcribe_live(chunks(), RAW, engine, SETTINGS, taker))
    [scheduler] = schedulers
    assert scheduler.stats.hung == 1
    assert scheduler.stats.revived == 0
    assert codes(taker) == []
    assert taker.text == TEXT
    lost, fresh = engine.streams
    wait_until(lambda: lost.releases == 1)  # the thread that hung has come back
    assert fresh.releases == 1


def test_a_thread_that_hangs_over_a_file_is_replaced_and_delays_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Hanging()
    scheduler, stream = Scheduler(engine), engine.open(StreamOptions())
    told, done = threading.Event(), threading.Event()
    job = Job(stream, np.zeros(1, np.float32), 0, True, StreamOptions())
    lost = scheduler.submit(job, 0.0, told.set, background=True)
    wait_until(lambda: not engine.first)
    scheduler.give_up_hung()
    assert (scheduler.stats.hung, scheduler.delay().run) == (0, 0.0)
    with monkeypatch.context() as impatient:
        impatient.setattr(scheduling, "HUNG", 0.0)
        scheduler.give_up_hung()
    assert told.is_set()
    assert (scheduler.stats.hung, lost.given_up, lost.done) == (1, True, False)
    live = scheduler.submit(replace(job, stream=engine.open(StreamOptions())), 0.0, done.set)
    assert done.wait(60)
    assert live.answer is not None
    assert scheduler.alive
    engine.free.set()
    wait_until(lambda: scheduler.close(0.0))


def test_a_diarizer_has_the_time_for_a_file_that_it_says_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scheduling, "HUNG", 0.0)
    began, gate = threading.Event(), threading.Event()

    class Slow(ScriptedDiarizer):
        def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
            began.set()
            assert gate.wait(60)
            return super().run(jobs)

    diarizer = Slow()
    diarizer.capabilities = replace(diarizer.capabilities, answers_within=3600.0)
    scheduler = DiarizerScheduler(diarizer)
    job = DiarizerJob(diarizer.open(), np.zeros(1, np.float32))
    ticket = scheduler.submit(job, 0.0, lambda: None, background=True)
    assert began.wait(60)
    scheduler.give_up_hung()
    assert not ticket.given_up
    gate.set()
    assert scheduler.close(60)
    assert scheduler.stats.hung == 0


def test_an_engine_that_hangs_again_and_again_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "HUNG", 0.0)
    gate = threading.Event()

    class Frozen(Watched):
        def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
            assert gate.wait(60)
            return super().answers(jobs)

    engine = Frozen()
    scheduler, stream = Scheduler(engine), engine.open(StreamOptions())
    tickets = []
    for number in range(scheduling.MOST_HUNG + 1):
        assert scheduler.alive
        job = Job(stream, np.zeros(1, np.float32), number, True, StreamOptions())
        tickets.append(scheduler.submit(job, 0.0, lambda: None))
        wait_until(lambda: tickets[-1].started is not None)
        scheduler.give_up_hung()
    assert not scheduler.alive
    assert scheduler.stats.hung == scheduling.MOST_HUNG
    assert [ticket.given_up for ticket in tickets] == [True] * scheduling.MOST_HUNG + [False]
    assert not scheduler.close(0.0)
    gate.set()
    wait_until(lambda: all(ticket.done for ticket in tickets))
    wait_until(lambda: scheduler.close(0.0))
