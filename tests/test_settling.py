"""What becomes of the words of an answer."""

from __future__ import annotations

import numpy as np
import pytest

from livestt.engines import Hypothesis, Job, StreamOptions
from livestt.events import Committed, Interim, Word
from livestt.policies import LocalAgreement
from livestt.report import Report
from livestt.settling import SURE, Settling
from livestt.timebase import from_seconds
from livestt.watchdog import LONGEST
from livestt.window import Window


def said(*texts: str, score: float = 1.0) -> tuple[Word, ...]:
    """One word each half second."""
    half = from_seconds(0.5)
    return tuple(Word(text, i * half, (i + 1) * half, score=score) for i, text in enumerate(texts))


class Desk:
    """One stretch of speech that begins at the first sample."""

    def __init__(self) -> None:
        self.report = Report()
        self.settling = Settling(Window(from_seconds(12)), LocalAgreement(), self.report)
        self.settling.begin(0)

    def receive(self, answer: Hypothesis, *, final: bool = False, clear: bool = True) -> bool:
        audio = np.zeros(from_seconds(8), np.float32)
        return self.settling.receive(
            Job(None, audio, 0, final, StreamOptions()), answer, clear=clear
        )

    @property
    def committed(self) -> list[str]:
        """Texts committed since the last look."""
        events = [event for event in self.report.take() if isinstance(event, Committed)]
        return [word.text for event in events for word in event.words]


def test_what_two_answers_agree_on_is_settled() -> None:
    desk = Desk()
    desk.receive(Hypothesis(said(" a", " b")))
    assert (desk.committed, desk.settling.is_open) == ([], True)
    desk.receive(Hypothesis(said(" a", " b")))
    assert desk.committed == [" a", " b"]
    assert desk.settling.reached == from_seconds(1)


def test_a_loop_is_told_and_nothing_of_it_used() -> None:
    desk = Desk()
    assert desk.receive(Hypothesis(said(" a")))
    assert not desk.receive(Hypothesis(said(*[" b"] * LONGEST)))
    desk.settling.hear_again()
    assert (desk.committed, desk.report.interim) == ([], ())
    assert desk.receive(Hypothesis(said(*[" b"] * LONGEST))), "whoever says it again is believed"


@pytest.mark.parametrize("clear", [True, False])
@pytest.mark.parametrize("score", [SURE, SURE - 0.1])
def test_unsure_words_in_doubtful_audio_are_not_believed(score: float, clear: bool) -> None:
    desk = Desk()
    desk.receive(Hypothesis(said(" a", score=score)), final=True, clear=clear)
    assert desk.committed == ([" a"] if clear or score >= SURE else [])


def test_few_words_of_doubtful_audio_wait_for_its_end() -> None:
    desk = Desk()
    for _ in range(2):
        desk.receive(Hypothesis(said(" a", " b")), clear=False)
    assert (desk.committed, desk.report.interim) == ([], ())
    for _ in range(2):
        desk.receive(Hypothesis(said(" a", " b", " c", " d")), clear=False)
    assert desk.committed == [" a", " b", " c", " d"]
    for _ in range(2):
        desk.receive(Hypothesis(said(" a", " b", " c", " d", " e")[4:]), clear=False)
    assert desk.committed == [" e"], "the stretch has shown that somebody speaks"
    desk.settling.finish()
    desk.settling.begin(from_seconds(3))
    answer = Hypothesis((Word(" f", from_seconds(3), from_seconds(3.5), score=1.0),))
    desk.receive(answer, clear=False)
    assert desk.committed == []
    desk.receive(answer, final=True, clear=False)
    assert desk.committed == [" f"]


@pytest.mark.parametrize(("reason", "kept"), [("no_speech", []), ("loop", [" a"])])
def test_what_was_shown_outlives_an_answer_that_cannot_be_used(
    reason: str, kept: list[str]
) -> None:
    desk = Desk()
    desk.receive(Hypothesis(said(" a")))
    desk.receive(Hypothesis((), rejected=reason), final=True)
    assert desk.committed == kept


def test_an_answer_that_cannot_be_used_leaves_it_open() -> None:
    desk = Desk()
    desk.receive(Hypothesis((), rejected="loop"))
    assert desk.settling.is_open
    desk.settling.finish()
    assert not desk.settling.is_open


def test_open_words_are_taken_back_when_the_stretch_is_over() -> None:
    desk = Desk()
    desk.receive(Hypothesis(said(" a")))
    desk.settling.finish()
    assert desk.report.take()[-1] == Interim(())
