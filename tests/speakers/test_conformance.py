"""Every diarizer of ours keeps the laws, and the laws find who does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from livestt.speakers import Activity, DiarizerJob
from livestt.speakers.conformance import LAWS, Law, check_diarizer
from livestt.speakers.scripted import ScriptedDiarizer
from tests.speakers.fixture_models import loaded, speech

AUDIO = speech("stream-two-voices")[: 16_000 * 12 + 77]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("kind", ["nemotron", "sortformer"])
def test_the_models(kind: str, law: Law) -> None:
    law(loaded(kind, "0.64"), AUDIO)


def test_the_scripted_one() -> None:
    check_diarizer(ScriptedDiarizer(), AUDIO)


class Broken(ScriptedDiarizer):
    """Keeps all laws but one."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        if how == "latency is":
            self.capabilities = replace(self.capabilities, latency=1)
        if how == "were answered, not":
            self._latency *= 2

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        answers = super().run(jobs)
        for job, answer in zip(jobs, answers, strict=True):
            rows = answer.probabilities
            if self.how == "in a batch" and len(jobs) > 1:
                answer.probabilities = rows * np.float32(0.5)
            if self.how == "in pieces" and not job.final:
                answer.probabilities = rows * np.float32(0.5)
            if self.how == "outside 0 to 1":
                answer.probabilities = rows * np.float32(2)
            if self.how == "float64":
                answer.probabilities = rows.astype(np.float64)
            if self.how == "follows":
                answer.start += 1280
        return answers[:-1] if self.how == "answers to" else answers


@pytest.mark.parametrize(
    "how",
    [
        "latency is",
        "were answered, not",
        "in a batch",
        "in pieces",
        "outside 0 to 1",
        "float64",
        "starts at",
        "answers to",
    ],
)
def test_a_broken_one_is_found(how: str) -> None:
    with pytest.raises(AssertionError, match=how):
        check_diarizer(Broken("follows" if how == "starts at" else how), AUDIO)
