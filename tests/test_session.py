"""The session, case by case; its laws under any course of events are in ``laws``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.engines import NativeEngine, NativeState
from laws.rig import HIGH, LOW, PACE, SPOKEN, TUNING, Rig, kinds, of

from livestt.engines import Hypothesis
from livestt.engines.scripted import ScriptedEngine, ScriptedWord
from livestt.events import (
    Ended,
    Flushed,
    SpeechEnded,
    UtteranceEnded,
    Warned,
)
from livestt.policies import PolicyName, Utterance
from livestt.session import MAX_FAILURES, Session
from livestt.timebase import from_ms, from_seconds
from livestt.tuning import Tuning
from livestt.vad import FRAME
from livestt.vad.endpointing import EndpointingOptions

WINDOW: tuple[PolicyName, ...] = ("alignatt", "localagreement", "utterance")

ABLE = ScriptedEngine().capabilities


def native(**more: object) -> Rig:
    rig = Rig("native", capabilities=NativeEngine.capabilities, stream=NativeState(), **more)
    rig._answer = NativeEngine(rig.script).answer
    return rig


class TestOneUtterance:
    def test_from_the_first_word_to_the_last(self) -> None:
        rig = Rig("utterance")
        rig.hush(20)
        rig.speak(40)
        rig.hush(20)
        rig.work()
        rig.end()
        assert kinds(rig) == [
            "SpeechStarted",
            "SpeechEnded",
            "Committed",
            "UtteranceEnded",
            "Ended",
        ]
        assert rig.book.text == [word.text for word in rig.script]

    def test_words_come_while_they_are_spoken(self) -> None:
        rig = Rig("alignatt")
        for _ in range(8):
            rig.speak(25)
            rig.work()
        assert len(rig.book.words) >= len(rig.script) - 3
        assert not of(rig, SpeechEnded)

    def test_nothing_is_asked_in_silence(self) -> None:
        rig = Rig("alignatt")
        for _ in range(20):
            rig.hush(30)
            assert not rig.ask()
        rig.end()
        assert rig.jobs == 0
        assert kinds(rig) == ["Ended"]

    def test_no_audio_at_all(self) -> None:
        rig = Rig("alignatt")
        rig.end()
        assert rig.book.events == [Ended(0)]

    def test_a_job_is_worth_asking_after_a_step(self) -> None:
        rig = Rig("alignatt")
        rig.frames([HIGH] * 9)  # 288 ms; the first job wants 300
        assert not rig.ask()
        rig.frames([HIGH])
        assert rig.ask()
        rig.answer()
        rig.frames([HIGH] * 7)
        assert not rig.ask()
        rig.frames([HIGH])
        assert rig.ask()

    def test_an_open_job_is_replaced_by_one_with_more_audio_only(self) -> None:
        rig = Rig("alignatt")
        rig.speak(20)
        first = rig.session.next_job()
        assert first is not None
        assert rig.session.next_job() is None
        assert rig.session.next_job(instead_of=first) is None
        rig.speak(1)
        second = rig.session.next_job(instead_of=first)
        assert second is not None
        assert second.end == first.end + FRAME
        with pytest.raises(ValueError, match="not the open job"):
            rig.session.receive_hypothesis(first, Hypothesis(()))
        with pytest.raises(ValueError, match="not the open job"):
            rig.session.receive_failure(first, "late")
        rig.session.receive_hypothesis(second, Hypothesis(()))
        with pytest.raises(ValueError, match="not the open job"):
            rig.session.receive_hypothesis(second, Hypothesis(()))

    def test_a_final_job_without_audio_is_not_replaced_by_itself(self) -> None:
        """A native engine heard on into the pause before the end of speech was known."""
        rig = native()
        rig.speak(3)
        rig.hush(8)
        assert rig.ask()
        rig.hush(8)
        rig.answer()
        job = rig.session.next_job()
        assert job is not None
        assert job.final
        assert len(job.audio) == 0
        assert rig.session.next_job(instead_of=job) is None

    def test_words_that_are_gone_clear_the_interim(self) -> None:
        rig = Rig("utterance")
        rig.speak(110)  # over the longest window, so that there is an interim
        rig.work()
        assert rig.book.interim
        rig.script.clear()
        rig.hush(30)
        rig.work()
        assert not rig.book.interim


class TestChunks:
    @settings(max_examples=40)
    @given(
        policy=st.sampled_from(WINDOW),
        runs=st.lists(st.tuples(st.integers(3, 120), st.integers(1, 40)), min_size=1, max_size=4),
        data=st.data(),
    )
    def test_any_split_gives_the_same_words_and_endpoints(
        self, policy: PolicyName, runs: list[tuple[int, int]], data: st.DataObject
    ) -> None:
        levels = [level for high, low in runs for level in [HIGH] * high + [LOW] * low]
        levels += [LOW] * 7

        def session(sizes: list[int]) -> Rig:
            rig = Rig(policy)
            at = 0
            for high, low in runs:
                rig.write(at, at + high * FRAME)
                at += (high + low) * FRAME
            position = 0
            for size in sizes:
                rig.frames(levels[position : position + size])
                rig.work()
                position += size
            rig.frames(levels[position:])
            rig.end()
            return rig

        one_by_one = session([1] * len(levels))
        split = session(data.draw(st.lists(st.integers(0, 80))))
        assert split.book.words == one_by_one.book.words
        assert split.book.speech == one_by_one.book.speech
        assert split.book.text == [word.text for word in split.script if self.heard(split, word)]

    @staticmethod
    def heard(rig: Rig, word: ScriptedWord) -> bool:
        return any(a <= word.start and word.end <= b for a, b in rig.book.speech)

    def test_native_utterances_are_cut_at_the_same_places(self) -> None:
        whole, pieces = native(), native()
        whole.speak(500)
        whole.hush(30)
        whole.end()
        for _ in range(500):
            pieces.speak(1)
            pieces.work()
        pieces.script[:] = whole.script
        pieces.hush(30)
        pieces.end()
        limit = from_seconds(NativeEngine.capabilities.max_window_seconds)
        finals = [end for _, end in whole.heard if end % limit == 0]
        assert finals == [limit * i for i in range(1, 5)]
        assert set(finals) <= {end for _, end in pieces.heard}


class TestFlush:
    def test_in_silence_it_is_answered_at_once(self) -> None:
        rig = Rig("alignatt")
        rig.hush(10)
        rig.flush("a")
        assert of(rig, Flushed) == [Flushed("a")]

    def test_everything_before_it_is_committed_before_the_answer(self) -> None:
        rig = Rig("localagreement")
        rig.speak(50)
        rig.flush("a")
        assert not of(rig, Flushed)
        rig.work()
        assert kinds(rig)[-2:] == ["Committed", "Flushed"]
        assert rig.book.text == [word.text for word in rig.script]
        assert not of(rig, SpeechEnded)

    def test_a_word_that_it_cuts_comes_out_whole_later(self) -> None:
        rig = Rig("alignatt")
        rig.write(0, from_seconds(3))
        rig.frames([HIGH] * ((PACE * 2 + SPOKEN * 3 // 4) // FRAME))  # in the third word
        rig.flush("a")
        rig.work()
        assert of(rig, Flushed)
        assert rig.book.text == [" word0000", " word0001"]
        rig.frames([HIGH] * 60)
        rig.hush(30)
        rig.end()
        assert rig.book.text == [word.text for word in rig.script]

    def test_flushes_in_quick_succession_lose_no_audio(self) -> None:
        rig = Rig("alignatt")
        for i in range(100):
            rig.speak(1)  # 32 ms, too short for a job
            rig.flush(str(i))
            rig.work()
        rig.hush(30)
        rig.end()
        assert len(rig.book.answered) == 100
        assert not rig.unheard()

    def test_two_without_audio_in_between(self) -> None:
        rig = Rig("utterance")
        rig.speak(30)
        rig.flush("a")
        rig.flush("b")
        rig.work()
        assert of(rig, Flushed) == [Flushed("a"), Flushed("b")]

    def test_in_a_pause_that_becomes_the_end(self) -> None:
        """The end of speech is then put before the flush; the next speech starts after both."""
        rig = Rig("utterance", endpointing=EndpointingOptions(pre_roll_ms=2_000))
        rig.speak(30)
        rig.hush(14)
        rig.flush("a")
        rig.hush(5)
        rig.speak(10)
        rig.hush(30)
        rig.end()
        (_, end), (start, _) = rig.book.speech
        assert end <= start
        assert len(of(rig, UtteranceEnded)) == 2

    def test_an_utterance_is_told_once_however_often_it_is_cut(self) -> None:
        rig = Rig("utterance")
        for _ in range(4):
            rig.speak(20)
            rig.flush(None)
        rig.hush(30)
        rig.end()
        [(start, end)] = rig.book.speech
        assert start == 0
        assert of(rig, UtteranceEnded) == [UtteranceEnded(start, end)]

    def test_after_the_end_there_is_nothing_to_answer(self) -> None:
        rig = Rig("utterance")
        rig.end()
        rig.session.receive_flush("late")
        assert rig.session.take_events() == []


class TestEnd:
    def test_audio_after_the_end_is_refused(self) -> None:
        rig = Rig("utterance")
        rig.end()
        with pytest.raises(ValueError, match="end of audio"):
            rig.session.receive_audio(np.zeros(FRAME, np.float32), np.zeros(1, np.float32))

    def test_it_waits_for_the_open_job(self) -> None:
        rig = Rig("localagreement")
        rig.speak(30)
        assert rig.ask()
        rig.session.receive_end()
        rig.session.receive_end()
        assert not rig.session.ended
        rig.answer()
        rig.work()
        assert rig.session.ended
        assert rig.book.text == [word.text for word in rig.script]

    @pytest.mark.parametrize("rest", [1, 100, 511])
    def test_the_last_frame_may_be_short(self, rest: int) -> None:
        rig = Rig("utterance")
        rig.frames([HIGH] * 20, rest=rest)
        rig.end()
        assert of(rig, Ended) == [Ended(20 * FRAME - rest)]
        assert rig.book.speech == [(0, 20 * FRAME - rest)]


class TestFailure:
    def test_a_failed_job_is_asked_again(self) -> None:
        rig = Rig("localagreement")
        rig.speak(30)
        rig.hush(30)
        for _ in range(MAX_FAILURES - 1):
            assert rig.ask()
            rig.fail()
        rig.end()
        assert rig.book.text == [word.text for word in rig.script]
        assert not of(rig, Warned)

    def test_after_three_the_audio_is_given_up_aloud(self) -> None:
        rig = Rig("localagreement")
        rig.speak(30)
        rig.hush(30)
        for _ in range(MAX_FAILURES):
            assert rig.ask()
            rig.fail()
        [warning] = of(rig, Warned)
        assert warning.code == "engine_error"
        assert "it was told to" in warning.message
        rig.speak(30)
        rig.hush(30)
        rig.end()
        assert rig.book.text == [word.text for word in rig.script[len(rig.script) // 2 :]]

    def test_what_was_shown_is_kept(self) -> None:
        rig = Rig("alignatt")
        rig.speak(20)
        rig.work()
        shown = rig.book.interim
        assert shown
        rig.hush(30)
        for _ in range(MAX_FAILURES):
            assert rig.ask()
            rig.fail()
        assert tuple(rig.book.words[-len(shown) :]) == shown

    def test_successes_in_between_begin_the_count_again(self) -> None:
        rig = Rig("localagreement")
        for _ in range(5):
            rig.speak(20)
            for _ in range(MAX_FAILURES - 1):
                assert rig.ask()
                rig.fail()
            assert rig.ask()
            rig.answer()
        assert not of(rig, Warned)

    def test_a_native_engine_hears_the_utterance_again(self) -> None:
        rig = native()
        rig.speak(20)
        rig.work()
        rig.speak(20)
        assert rig.ask()
        assert rig.job is not None
        assert rig.job.start == 20 * FRAME
        rig.job.stream.start = None
        rig.fail()
        assert rig.ask()
        assert rig.job.start == 0
        rig.hush(30)
        rig.end()
        assert rig.book.text == [word.text for word in rig.script]

    def test_a_native_engine_that_fails_for_good_begins_anew(self) -> None:
        """Committed words are counted off its answers no longer: it has forgotten them."""
        rig = native()
        rig.speak(60)
        rig.work()
        before = len(rig.book.words)
        assert before
        rig.speak(10)
        for _ in range(MAX_FAILURES):
            assert rig.ask()
            assert rig.job is not None
            rig.job.stream.start = None
            rig.fail()
        lost = rig.now
        rig.speak(60)
        rig.hush(30)
        rig.end()
        after = [word.text for word in rig.script if word.start >= lost]
        assert rig.book.text[-len(after) :] == after


class TestMemory:
    def test_a_long_monologue_is_kept_short(self) -> None:
        rig = Rig("alignatt")
        for _ in range(300):
            rig.speak(30)
            rig.work()
            held = rig.session._audio.end - rig.session._audio.start
            assert held <= TUNING.max_window + 30 * FRAME
        assert len(rig.book.words) > 590

    def test_silence_is_forgotten(self) -> None:
        rig = Rig("alignatt")
        rig.hush(3_000)
        assert rig.session._audio.end - rig.session._audio.start < from_seconds(1)

    def test_speech_may_have_started_long_ago(self) -> None:
        """Pre-roll and shortest speech may be longer than anything else that is remembered."""
        endpointing = EndpointingOptions(pre_roll_ms=5_000, min_speech_ms=3_000)
        rig = Rig("utterance", endpointing=endpointing)
        for _ in range(400):
            rig.hush(1)
        for _ in range(100):
            rig.speak(1)
            rig.work()
        rig.end()
        [(start, _)] = rig.book.speech
        assert start == 400 * FRAME - from_ms(5_000)
        assert not rig.unheard()

    def test_context_is_forgotten_after_a_pause(self) -> None:
        rig = Rig("utterance")
        contexts = []
        for pause in (20, 300, 20):
            rig.speak(30)
            rig.hush(pause)
            assert rig.ask()
            assert rig.job is not None
            contexts.append(len(rig.job.context))
            rig.answer()
        assert contexts == [0, 2, 0]


def test_lag_is_what_no_engine_has_heard() -> None:
    session = Session(None, ABLE, Utterance(), tuning=Tuning())
    session.receive_audio(np.zeros(10 * FRAME, np.float32), np.zeros(10, np.float32))
    assert session.lag == 0
    session.receive_audio(np.zeros(10 * FRAME, np.float32), np.ones(10, np.float32))
    assert 10 * FRAME <= session.lag <= 20 * FRAME
