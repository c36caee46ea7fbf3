"""A diarizer without a model: turns at known times, for demos and tests.

By default it goes with the default text of `livestt.engines.scripted`: two people take turns, a
sentence each.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from livestt.engines.scripted import default_script
from livestt.speakers import (
    Activity,
    DiarizerCapabilities,
    DiarizerJob,
    DiarizerSettings,
    Probabilities,
)
from livestt.timebase import from_ms

FRAME = from_ms(80)
LATENCY = from_ms(1040)
SPEAKERS = 4
SURE = 0.95
"""Probability that the speaker speaks; each of the others has the rest."""


@dataclass(frozen=True, slots=True)
class ScriptedTurn:
    """A stretch of speech of one speaker, in samples of the stream."""

    speaker: int
    start: int
    end: int


@dataclass(eq=False, slots=True)
class ScriptedStream:
    """How far one session is, in samples."""

    heard: int = 0
    answered: int = 0


class ScriptedDiarizer:
    """Answers with the turns of a script, a fixed time after they were heard.

    Args:
        settings: only there because every diarizer takes them.
        turns: the script, by start; None for the default, which has no end.
        latency: samples that must follow a frame before it is answered.
    """

    def __init__(
        self,
        settings: DiarizerSettings | None = None,
        turns: Sequence[ScriptedTurn] | None = None,
        latency: int = LATENCY,
    ) -> None:
        self._turns = turns
        self._latency = latency
        self.capabilities = DiarizerCapabilities(
            name="scripted",
            model="scripted",
            max_speakers=SPEAKERS,
            frame=FRAME,
            step=FRAME,
            latency=FRAME + latency,
            max_batch=16,
            notice="Scripted diarizer: these speakers are a demonstration, not who spoke.",
        )

    def open(self) -> ScriptedStream:
        return ScriptedStream()

    def release(self, stream: ScriptedStream) -> None: ...

    def close(self) -> None: ...

    def batch_key(self, job: DiarizerJob) -> Hashable:
        return None

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        return [self._answer(job) for job in jobs]

    def _answer(self, job: DiarizerJob) -> Activity:
        stream: ScriptedStream = job.stream
        stream.heard += len(job.audio)
        known = stream.heard if job.final else max(0, stream.heard - self._latency)
        frames = -(-known // FRAME) if job.final else known // FRAME
        start = stream.answered
        stream.answered = max(start, frames * FRAME)
        return Activity(start, FRAME, self._probabilities(start, stream.answered))

    def _probabilities(self, start: int, end: int) -> Probabilities:
        """A speaker is active in the frames whose middle lies in one of their turns."""
        middles = np.arange(start, end, FRAME) + FRAME // 2
        answer = np.full((len(middles), SPEAKERS), 1.0 - SURE, np.float32)
        script = default_turns() if self._turns is None else iter(self._turns)
        for turn in takewhile(lambda turn: turn.start < end, script):
            answer[(turn.start <= middles) & (middles < turn.end), turn.speaker] = SURE
        return answer


def default_turns() -> Iterator[ScriptedTurn]:
    """Two speakers, a sentence of the scripted engine's default text each, without end."""
    speaker, start = 0, 0
    for word in default_script():
        if word.text.endswith("."):
            yield ScriptedTurn(speaker, start, word.end)
            speaker, start = 1 - speaker, word.end
