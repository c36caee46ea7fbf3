"""The laws that every diarizer obeys, as checks that run on any diarizer.

::

    from livestt.speakers.conformance import check_diarizer

    def test_my_diarizer() -> None:
        diarizer = MyDiarizer(DiarizerSettings())
        try:
            check_diarizer(diarizer, conversation)
        finally:
            diarizer.close()

Give half a minute of real conversation: what a diarizer remembers matters only after a while.
Each law is a function in `LAWS` that raises `AssertionError` with a sentence about what was
broken; nothing but NumPy is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from livestt.engines import Samples
from livestt.engines.conformance_tools import require
from livestt.speakers import Activity, Diarizer, DiarizerJob, Probabilities

Law = Callable[[Diarizer, Samples], None]
"""Raises AssertionError if the diarizer, on this audio, breaks it."""

TOLERANCE = 1e-3
"""Probabilities that differ by less are the same: batches round differently."""
SLACK = 160
"""Samples at the end of audio that may be left out of the last answer: 10 ms."""


def check_diarizer(diarizer: Diarizer, audio: Samples) -> None:
    """Check all laws on a loaded diarizer, which stays open.

    Args:
        diarizer: no other thread may use it meanwhile.
        audio: half a minute of conversation.

    Raises:
        AssertionError: a law is broken.
    """
    for law in LAWS:
        law(diarizer, audio)


def capabilities_are_sane(diarizer: Diarizer, audio: Samples) -> None:
    """Names are there, and limits are positive."""
    able = diarizer.capabilities
    require(bool(able.name.strip()), "capabilities.name is empty")
    require(bool(able.model.strip()), "capabilities.model is empty")
    require(able.max_speakers >= 1, f"max_speakers is {able.max_speakers}")
    require(able.max_batch >= 1, f"max_batch is {able.max_batch}")
    require(able.frame >= 1, f"frame is {able.frame}")
    require(able.step >= able.frame, f"step is {able.step}, less than a frame")
    require(able.latency >= able.step, f"latency is {able.latency}, less than a step")


def probabilities_are_well_formed(diarizer: Diarizer, audio: Samples) -> None:
    """Rows of as many numbers from 0 to 1 as there can be speakers, of float32."""
    for answer in session(diarizer, audio, (len(audio) // 2,)):
        rows = answer.probabilities
        require(rows.dtype == np.float32, f"probabilities are {rows.dtype}")
        speakers = diarizer.capabilities.max_speakers
        require(rows.shape[1:] == (speakers,), f"rows of {rows.shape[1:]}, not {speakers}")
        require(bool(((rows >= 0) & (rows <= 1)).all()), "a probability outside 0 to 1")
        require(answer.frame == diarizer.capabilities.frame, f"frames of {answer.frame}")


def answers_follow_one_another(diarizer: Diarizer, audio: Samples) -> None:
    """From sample 0 to the end of audio, without gap or overlap."""
    for cuts in ((), (1, 2, 500), range(4000, len(audio), 7777)):
        answers = session(diarizer, audio, cuts)
        require(answers[0].start == 0, f"the first answer starts at {answers[0].start}")
        for before, after in pairwise(answers):
            require(before.end == after.start, f"{after.start} follows {before.end}")
        end = answers[-1].end
        low, high = len(audio) - SLACK, len(audio) + diarizer.capabilities.frame
        require(low < end <= high, f"{len(audio)} samples were heard, and {end} answered")


def cutting_changes_nothing(diarizer: Diarizer, audio: Samples) -> None:
    """The same audio in other pieces gives the same probabilities."""
    whole = rows_of(session(diarizer, audio))
    for cuts in ((1, 2, 3), range(1000, len(audio), 12_345)):
        require_close(rows_of(session(diarizer, audio, cuts)), whole, "in pieces")


def answers_are_in_time(diarizer: Diarizer, audio: Samples) -> None:
    """Once ``latency`` samples from the start of a step on were heard, it is answered."""
    able = diarizer.capabilities
    stream = diarizer.open()
    try:
        heard, answered = 0, 0
        for piece in np.array_split(audio, max(1, len(audio) // 5000)):
            heard += len(piece)
            answered = ask(diarizer, DiarizerJob(stream, piece)).end
            due = max(0, (heard - able.latency) // able.step + 1) * able.step
            require(answered >= due, f"after {heard} samples {answered} were answered, not {due}")
    finally:
        diarizer.release(stream)


def batches_change_nothing(diarizer: Diarizer, audio: Samples) -> None:
    """Sessions that share batches, begun at different times, hear what each would alone."""
    count = min(3, diarizer.capabilities.max_batch)
    sounds = [audio[i * len(audio) // 7 :] for i in range(count)]
    alone = [rows_of(session(diarizer, sound)) for sound in sounds]
    size = len(audio) // 9
    streams = [diarizer.open() for _ in sounds]
    rows: list[list[Probabilities]] = [[] for _ in sounds]
    try:
        for turn in range(9 + count):
            jobs = {}
            for i, sound in enumerate(sounds):
                at = (turn - i) * size
                if 0 <= at < len(sound):
                    piece = sound[at : at + size]
                    jobs[i] = DiarizerJob(streams[i], piece, at + size >= len(sound))
            answers = run_by_key(diarizer, list(jobs.values()))
            for i, answer in zip(jobs, answers, strict=True):
                rows[i].append(answer.probabilities)
    finally:
        for stream in streams:
            diarizer.release(stream)
    for got, expected in zip(rows, alone, strict=True):
        require_close(np.concatenate(got), expected, "in a batch")


def very_little_audio_is_survived(diarizer: Diarizer, audio: Samples) -> None:
    """A session may end after nothing, or next to nothing."""
    for samples in (0, 1, 100, 1600):
        answers = session(diarizer, audio[:samples])
        require(answers[-1].end > samples - SLACK, f"{samples} samples were not answered")


LAWS: tuple[Law, ...] = (
    capabilities_are_sane,
    probabilities_are_well_formed,
    answers_follow_one_another,
    cutting_changes_nothing,
    answers_are_in_time,
    batches_change_nothing,
    very_little_audio_is_survived,
)


def session(diarizer: Diarizer, audio: Samples, cuts: Iterable[int] = ()) -> list[Activity]:
    """All answers to one session, its audio cut at these samples."""
    edges = [0, *(cut for cut in cuts if cut < len(audio)), len(audio)]
    stream = diarizer.open()
    try:
        return [
            ask(diarizer, DiarizerJob(stream, audio[begin:end], i == len(edges) - 2))
            for i, (begin, end) in enumerate(pairwise(edges))
        ]
    finally:
        diarizer.release(stream)


def ask(diarizer: Diarizer, job: DiarizerJob) -> Activity:
    (answer,) = run_by_key(diarizer, [job])
    return answer


def run_by_key(diarizer: Diarizer, jobs: Sequence[DiarizerJob]) -> list[Activity]:
    """Run jobs together if the diarizer says they can be, else one by one."""
    keys: dict[Any, list[DiarizerJob]] = {}
    for job in jobs:
        keys.setdefault(diarizer.batch_key(job), []).append(job)
    answers: dict[int, Activity] = {}
    for batch in keys.values():
        given = diarizer.run(batch)
        require(len(given) == len(batch), f"{len(given)} answers to {len(batch)} jobs")
        answers |= {id(job): answer for job, answer in zip(batch, given, strict=True)}
    return [answers[id(job)] for job in jobs]


def rows_of(answers: Sequence[Activity]) -> Probabilities:
    return np.concatenate([answer.probabilities for answer in answers])


def require_close(rows: Probabilities, expected: Probabilities, when: str) -> None:
    require(rows.shape == expected.shape, f"{when} there are {rows.shape}, not {expected.shape}")
    off = float(np.abs(rows - expected).max(initial=0.0))
    require(off < TOLERANCE, f"{when} a probability differs by {off:.4f}")
