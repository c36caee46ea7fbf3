"""What is asked twice, of an engine that answers as it is told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from livestt.engines import Hypothesis, Job, StreamOptions
from livestt.engines.whisper.guards import FROM_CONTEXT
from livestt.engines.whisper.steps import SHORTEST, answer
from livestt.engines.whisper.windows import WindowMode
from livestt.events import Word

EARLIER = (Word(" before", 0, 100),)


def job(samples: int = 16_000) -> Job:
    options = StreamOptions(prompt="names")
    return Job(None, np.zeros(samples, np.float32), 200, True, options, context=EARLIER)


class Told:
    """Answers with these reasons in turn, and remembers the questions."""

    def __init__(self, *reasons: str | None) -> None:
        self._reasons = iter(reasons)
        self.asked: list[tuple[Job, WindowMode]] = []
        self.batches: list[int] = []

    def __call__(self, jobs: Sequence[Job], mode: WindowMode) -> list[Hypothesis]:
        self.batches.append(len(jobs))
        self.asked += [(job, mode) for job in jobs]
        return [Hypothesis((), rejected=next(self._reasons)) for _ in jobs]

    def seen(self) -> list[tuple[bool, bool, WindowMode]]:
        """Of each question: had it earlier text, had it the prompt, on which window."""
        return [(bool(j.context), bool(j.options.prompt), mode) for j, mode in self.asked]


def test_a_good_answer_is_believed() -> None:
    told = Told(None)
    assert [a.rejected for a in answer([job()], told, "short")] == [None]
    assert told.seen() == [(True, True, "short")]


def test_too_little_audio_is_not_asked_about() -> None:
    told = Told()
    assert answer([job(SHORTEST - 1)], told, "short")[0].words == ()
    assert not told.asked


def test_a_doubtful_answer_is_asked_for_bare_and_on_the_full_window() -> None:
    told = Told("loop", None)
    assert [a.rejected for a in answer([job()], told, "short")] == [None]
    assert told.seen() == [(True, True, "short"), (False, False, "full30")]


def test_doubtful_answers_of_a_batch_are_asked_for_together() -> None:
    told = Told("loop", None, "squeezed", "no_speech", None, "loop")
    answers = answer([job() for _ in range(4)], told, "short")
    assert [a.rejected for a in answers] == [None, None, "loop", "no_speech"]
    assert told.batches == [4, 2]


def test_what_earlier_text_led_to_is_asked_for_without_it_and_keeps_the_prompt() -> None:
    told = Told(FROM_CONTEXT, None)
    assert [a.rejected for a in answer([job()], told, "short")] == [None]
    assert told.seen() == [(True, True, "short"), (False, True, "short")]


def test_doubtful_even_so() -> None:
    told = Told(FROM_CONTEXT, "loop", "squeezed")
    assert [a.rejected for a in answer([job()], told, "short")] == ["squeezed"]
    assert told.seen()[1:] == [(False, True, "short"), (False, False, "full30")]
