"""Clear speech without a word, seen from the session: noticed, told, and heard again."""

from __future__ import annotations

import pytest
from laws.rig import Rig

from livestt.engines import Hypothesis, Job
from livestt.events import Warned
from livestt.policies import PolicyName
from livestt.watchdog import SPEECHLESS, Speechless

POLICIES: tuple[PolicyName, ...] = ("alignatt", "localagreement", "utterance")


class StuckRig(Rig):
    """Hears no word until it is reset."""

    def __init__(self, policy: PolicyName) -> None:
        super().__init__(policy)
        self.resets = 0
        self.reset = self._begin_anew
        self._hears, self._answer = self._answer, self._hear_nothing

    def _hear_nothing(self, job: Job) -> Hypothesis:
        return self._hears(job) if self.resets else Hypothesis(())

    def _begin_anew(self) -> None:
        self.resets += 1

    @property
    def told(self) -> list[str]:
        return [e.code for e in self.book.events if isinstance(e, Warned)]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("frames", [5, 40, 700])
def test_all_that_a_stuck_decoder_did_not_hear_is_heard_again(
    policy: PolicyName, frames: int
) -> None:
    """The window holds 3 s here, and what was said before it comes out all the same."""
    rig = StuckRig(policy)
    rig.hush(10)
    for _ in range(700 // frames):
        rig.speak(frames)
        rig.work()
    rig.end()
    rig.work()
    assert (rig.resets, rig.told) == (1, ["no_words"])
    assert rig.book.text == [one.text for one in rig.script]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_decoder_that_is_stuck_from_utterance_to_utterance_is_noticed(policy: PolicyName) -> None:
    rig = StuckRig(policy)
    while rig.now < 2 * SPEECHLESS:
        rig.speak(60)
        rig.hush(40)
        rig.work()
    rig.end()
    rig.work()
    assert (rig.resets, rig.told) == (1, ["no_words"])
    assert rig.book.text == [one.text for one in rig.script][-len(rig.book.text) :]
    assert rig.book.text
    [told] = (e.message for e in rig.book.events if isinstance(e, Warned))
    assert " from 0.0 s to " in told


def test_who_only_coughs_now_and_then_is_not_spoken_of() -> None:
    rig = StuckRig("alignatt")
    for _ in range(40):
        rig.speak(20)
        rig.hush(150)
        rig.work()
    assert not rig.told


def test_a_word_ends_the_count_of_what_was_not_understood() -> None:
    count = Speechless()
    second = SPEECHLESS // 20
    count.finish(0, 0, 15 * second, clear=True)
    count.finish(16 * second, 16 * second, 17 * second, clear=False)
    assert not count.too_long(18 * second, 18 * second, 22 * second)
    assert count.too_long(18 * second, 18 * second, 23 * second)
    assert not count.too_long(18 * second, 19 * second, 23 * second)
    count.finish(18 * second, 19 * second, 23 * second, clear=True)
    assert not count.too_long(24 * second, 24 * second, 30 * second)
