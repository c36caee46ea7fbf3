"""Laws of events through the whole pure pipeline, under any course of events."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from livestt.engines import StreamOptions
from livestt.policies import PolicyName
from livestt.timebase import from_ms
from livestt.tuning import Tuning
from livestt.vad.endpointing import EndpointingOptions

from .engines import AdversarialEngine, NativeEngine, NativeState
from .rig import HIGH, LOW, Rig

MIDDLE = 0.4
counts = st.one_of(st.integers(1, 12), st.integers(1, 60), st.integers(60, 700))
WINDOW_POLICIES: tuple[PolicyName, ...] = ("alignatt", "localagreement", "utterance")


class Conversation(RuleBasedStateMachine):
    """Everything an owner may do with a session, in any order."""

    rig: Rig

    @rule(count=counts)
    def speak(self, count: int) -> None:
        self.rig.speak(count)

    @rule(count=counts)
    def hush(self, count: int) -> None:
        self.rig.hush(count)

    @rule()
    def receive_nothing(self) -> None:
        self.rig.frames([])

    @rule(flush_id=st.one_of(st.none(), st.sampled_from("abc")))
    def flush(self, flush_id: str | None) -> None:
        self.rig.flush(flush_id)

    @rule(language=st.sampled_from([None, "en", "fr"]))
    def configure(self, language: str | None) -> None:
        self.rig.session.configure(StreamOptions(language=language))

    @rule(
        pre_roll=st.integers(0, 900),
        silence=st.integers(200, 900),  # less leaves the last word no room to end in
        speech=st.integers(0, 200),
    )
    def listen(self, pre_roll: int, silence: int, speech: int) -> None:
        self.rig.session.listen(
            EndpointingOptions(pre_roll_ms=pre_roll, min_silence_ms=silence, min_speech_ms=speech)
        )

    @rule()
    def ask(self) -> None:
        self.rig.ask()

    @precondition(lambda self: self.rig.job)
    @rule()
    def answer(self) -> None:
        self.rig.answer()

    @rule()
    def work(self) -> None:
        self.rig.work()

    @invariant()
    def lag_is_what_is_not_heard(self) -> None:
        if hasattr(self, "rig"):
            assert 0 <= self.rig.session.lag <= self.rig.now

    def teardown(self) -> None:
        if hasattr(self, "rig"):
            self.finish()

    def finish(self) -> None:
        self.rig.end()
        assert self.rig.book.ended


class Faultless(Conversation):
    """An engine that hears every word, asked in any order: every word comes out once."""

    @initialize(policy=st.sampled_from(WINDOW_POLICIES))
    def begin(self, policy: PolicyName) -> None:
        self.rig = Rig(policy)

    def finish(self) -> None:
        self.rig.hush(7)  # AlignAtt does not trust what attends to the last 80 ms
        super().finish()
        self.every_word_once()
        assert not self.rig.unheard()
        assert not self.rig.book.warnings

    def every_word_once(self) -> None:
        text = self.rig.book.text
        said = Counter(text)
        assert all(said[word.text] <= 1 for word in self.rig.script)
        whole = self.rig.whole_words()
        assert [word for word in text if word in set(whole)] == whole


class FaultlessNative(Faultless):
    """The same for an engine that streams by itself, words at its own cuts apart."""

    @initialize()
    def begin(self) -> None:  # type: ignore[override]
        self.rig = Rig("native", capabilities=NativeEngine.capabilities, stream=NativeState())
        self.rig._answer = NativeEngine(self.rig.script).answer

    def every_word_once(self) -> None:
        said = Counter(self.rig.book.text)
        assert all(said[word.text] <= 1 for word in self.rig.script)
        # Every word that lies within one run of jobs up to a final one was heard whole.
        finals = [end for _, end in self.rig.heard]
        whole = [
            word.text
            for word in self.rig.script
            if word.text in self.rig.whole_words()
            and not any(word.start < end < word.end for end in finals)
        ]
        assert [word for word in self.rig.book.text if word in set(whole)] == whole


class Rough(Conversation):
    """An engine that makes no sense and fails, ears that waver, and odd settings."""

    @initialize(
        policy=st.sampled_from(WINDOW_POLICIES),
        seed=st.integers(0, 2**32),
        window_ms=st.sampled_from([400, 1_000, 3_000, 12_000]),
        step_ms=st.sampled_from([40, 250, 700]),
        min_silence_ms=st.sampled_from([0, 500, 2_500]),
        pre_roll_ms=st.sampled_from([0, 300, 5_000]),
        min_speech_ms=st.sampled_from([0, 96, 2_000]),
    )
    def begin(
        self,
        policy: PolicyName,
        seed: int,
        window_ms: int,
        step_ms: int,
        **endpointing: Any,
    ) -> None:
        engine = AdversarialEngine(Random(seed))
        self.rig = Rig(
            policy,
            capabilities=engine.capabilities,
            answer=engine.answer,
            tuning=Tuning(from_ms(step_ms), from_ms(step_ms), from_ms(window_ms)),
            endpointing=EndpointingOptions(**endpointing),
        )

    @precondition(lambda self: self.rig.job)
    @rule(times=st.integers(1, 4))
    def fail(self, times: int) -> None:
        for _ in range(times):
            self.rig.fail()
            if not self.rig.ask():
                break

    @rule(levels=st.lists(st.sampled_from([HIGH, MIDDLE, LOW]), max_size=30))
    def waver(self, levels: list[float]) -> None:
        self.rig.frames(levels)

    def finish(self) -> None:
        self.rig.frames([HIGH], rest=100)
        super().finish()


class RoughNative(Conversation):
    """A native engine whose run fails now and then."""

    @initialize()
    def begin(self) -> None:
        self.rig = Rig("native", capabilities=NativeEngine.capabilities, stream=NativeState())
        self.engine = NativeEngine(self.rig.script)
        self.rig._answer = self.engine.answer

    @precondition(lambda self: self.rig.job)
    @rule(times=st.integers(1, 4))
    def fail(self, times: int) -> None:
        for _ in range(times):
            job = self.rig.job
            assert job is not None
            self.engine.fail(job)
            self.rig.fail()
            if not self.rig.ask():
                break

    def finish(self) -> None:
        super().finish()
        said = Counter(self.rig.book.text)
        assert all(said[word.text] <= 1 for word in self.rig.script)
        if not self.rig.book.warnings:
            assert not self.rig.unheard()


def case(machine: type[Conversation], examples: int) -> Any:
    test = machine.TestCase
    test.settings = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    return pytest.mark.timeout(120)(test)


TestFaultless = case(Faultless, 60)
TestFaultlessNative = case(FaultlessNative, 40)
TestRough = case(Rough, 80)
TestRoughNative = case(RoughNative, 40)
