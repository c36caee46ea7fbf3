from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from livestt.bench.engine import speech_like
from livestt.bench.full_load import SETTLED, Steady, carried
from livestt.engines import Hypothesis, Job
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import EngineError
from livestt.events import Word
from livestt.timebase import SAMPLE_RATE, from_seconds

STEP = 0.5


class Busy(ScriptedEngine):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, max_batch=4)
        self.jobs: list[Job] = []

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        self.jobs += jobs
        return super().run(jobs)


def test_sessions_go_on_step_by_step_while_the_engine_is_never_idle() -> None:
    engine = Busy()
    found = carried(engine, speech_like(3), STEP, seconds=0.1)
    assert found.sessions > 0
    assert 1 <= found.batch <= 4
    assert max(job.end for job in engine.jobs) > SETTLED
    assert len({job.end for job in engine.jobs}) > SETTLED / from_seconds(STEP) / 2
    assert any(job.prefix for job in engine.jobs), "words are committed"
    assert max(len(job.audio) for job in engine.jobs) < SETTLED, "and windows stay short"


def test_an_engine_that_fails_is_told_about() -> None:
    class Broken(ScriptedEngine):
        def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
            raise EngineError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        carried(Broken(), speech_like(3), STEP, seconds=0.1)


def test_words_are_committed_once_they_are_old() -> None:
    words = tuple(Word(f" {i}", i, i + SAMPLE_RATE) for i in range(0, 3 * SAMPLE_RATE, SAMPLE_RATE))
    assert Steady().decide(Hypothesis(words), 3 * SAMPLE_RATE, final=False) == 2
