from __future__ import annotations

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livestt.settings import Settings
from livestt.speakers import Activity, DiarizerJob
from livestt.speakers.registry import available, load_diarizer
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.speakers.scripted import FRAME, ScriptedDiarizer, ScriptedTurn

TURNS = (ScriptedTurn(0, 0, 16_000), ScriptedTurn(1, 12_000, 40_000))


def silence(samples: int) -> np.ndarray:
    return np.zeros(samples, np.float32)


def joined(answers: list[Activity]) -> np.ndarray:
    return np.concatenate([answer.probabilities for answer in answers])


def whole(samples: int) -> np.ndarray:
    diarizer = ScriptedDiarizer(turns=TURNS)
    return joined(diarizer.run([DiarizerJob(diarizer.open(), silence(samples), True)]))


@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=6))
def test_any_cut_gives_the_same_frames(cuts: list[int]) -> None:
    diarizer = ScriptedDiarizer(turns=TURNS)
    stream = diarizer.open()
    answers = []
    for i, samples in enumerate(cuts):
        final = i == len(cuts) - 1
        answers += diarizer.run([DiarizerJob(stream, silence(samples), final)])
    ends = [0, *(answer.end for answer in answers)]
    assert [answer.start for answer in answers] == ends[:-1]
    assert sum(cuts) <= ends[-1] < sum(cuts) + FRAME
    np.testing.assert_array_equal(joined(answers), whole(sum(cuts)))


def test_follows_its_script_with_overlap() -> None:
    active = whole(48_000) > 0.5
    assert active[0].tolist() == [True, False, False, False]
    assert active[14_000 // FRAME].tolist() == [True, True, False, False]
    assert active[30_000 // FRAME].tolist() == [False, True, False, False]
    assert not active[-1].any()


def test_answers_come_after_its_latency() -> None:
    diarizer = ScriptedDiarizer(turns=TURNS, latency=3 * FRAME)
    stream = diarizer.open()
    (early,) = diarizer.run([DiarizerJob(stream, silence(4 * FRAME - 1))])
    (later,) = diarizer.run([DiarizerJob(stream, silence(1))])
    assert (early.end, later.start, later.end) == (0, 0, FRAME)
    assert diarizer.capabilities.latency == 4 * FRAME


def test_takes_turns_by_default() -> None:
    diarizer = ScriptedDiarizer()
    (answer,) = diarizer.run([DiarizerJob(diarizer.open(), silence(16_000 * 12), True)])
    active = answer.probabilities > 0.5
    assert active.sum(1).max() == 1
    assert active.any(0).tolist() == [True, True, False, False]


def test_runs_behind_a_scheduler() -> None:
    done = threading.Event()
    diarizer = load_diarizer(Settings(diarization_backend="scripted"))
    scheduler = DiarizerScheduler(diarizer)
    try:
        job = DiarizerJob(diarizer.open(), silence(32_000), True)
        ticket = scheduler.submit(job, 0.0, done.set)
        assert done.wait(20)
    finally:
        scheduler.close()
    assert ticket.answer is not None
    assert ticket.answer.end == 32_000


def test_is_found_by_name() -> None:
    assert {"nemotron", "scripted", "sortformer"} <= available().keys()
