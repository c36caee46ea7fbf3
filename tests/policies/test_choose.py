"""Native, Utterance, and which policy suits which engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livestt.engines import Capabilities, Hypothesis
from livestt.errors import UnsupportedOption
from livestt.events import Word
from livestt.policies import (
    AlignAtt,
    LocalAgreement,
    Native,
    Policy,
    PolicyName,
    Utterance,
    choose,
)

ATTENDS = Capabilities("attends", "none", "window", attends=True)
PLAIN = replace(ATTENDS, name="plain", attends=False)
STREAMS = replace(ATTENDS, name="streams", streaming="native", attends=False)

WORDS = tuple(Word(f" {i}", i, i + 1) for i in range(3))


@pytest.mark.parametrize(
    ("name", "engine", "kind"),
    [
        ("auto", ATTENDS, AlignAtt),
        ("auto", PLAIN, LocalAgreement),
        ("auto", STREAMS, Native),
        ("alignatt", ATTENDS, AlignAtt),
        ("localagreement", ATTENDS, LocalAgreement),
        ("localagreement", PLAIN, LocalAgreement),
        ("native", STREAMS, Native),
        ("utterance", ATTENDS, Utterance),
        ("utterance", PLAIN, Utterance),
        ("utterance", STREAMS, Utterance),
    ],
)
def test_choice(name: PolicyName, engine: Capabilities, kind: type[Policy]) -> None:
    assert type(choose(name, engine)) is kind


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("alignatt", PLAIN),
        ("alignatt", STREAMS),
        ("localagreement", STREAMS),
        ("native", ATTENDS),
        ("native", PLAIN),
    ],
)
def test_an_engine_that_cannot_is_told_so(name: PolicyName, engine: Capabilities) -> None:
    with pytest.raises(UnsupportedOption, match=engine.name):
        choose(name, engine)


def test_sessions_do_not_share_a_policy() -> None:
    assert choose("alignatt", ATTENDS) is not choose("alignatt", ATTENDS)


def test_the_threshold_is_handed_on() -> None:
    answer = Hypothesis((Word(" a", 0, 320), Word(" b", 400, 900)), (320, 900))
    assert choose("alignatt", ATTENDS, frame_threshold=1).decide(answer, 900, final=False) == 0
    long = Hypothesis((Word(" a", 0, 640), Word(" b", 700, 900)), (320, 900))
    scored = replace_scores(long)
    assert choose("alignatt", ATTENDS, frame_threshold=1).decide(scored, 900, final=False) == 1
    assert choose("alignatt", ATTENDS, frame_threshold=9).decide(scored, 900, final=False) == 0


def replace_scores(answer: Hypothesis) -> Hypothesis:
    return Hypothesis(tuple(replace(w, score=1.0) for w in answer.words), answer.attended)


@pytest.mark.parametrize(("stable", "count"), [(0, 0), (2, 2), (9, 3)])
def test_native_commits_what_the_engine_vouches_for(stable: int, count: int) -> None:
    assert Native().decide(Hypothesis(WORDS, stable=stable), 9, final=False) == count
    assert Native().decide(Hypothesis(WORDS, stable=stable), 9, final=True) == 3


def test_utterance_waits_for_the_end() -> None:
    assert not Utterance.partial
    assert Utterance().decide(Hypothesis(WORDS, stable=3), 9, final=False) == 0
    assert Utterance().decide(Hypothesis(WORDS), 9, final=True) == 3
