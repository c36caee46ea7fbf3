"""Voices without models: audio that says whose it is, and an embedder that hears it.

A voice is a level of the audio. `Choir` answers with the unit vector that belongs to the level
it hears most, so that equal voices are equal and different ones have nothing in common.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from livestt.engines import Samples
from livestt.speakers.embeddings import (
    EmbedderCapabilities,
    EmbedderJob,
    EmbedderSettings,
    Embedding,
    unit,
)

RATE = 16_000
DIMENSIONS = 16
STEP = 0.01


def sung(voice: int, seconds: float) -> Samples:
    """Audio of one voice, from 1."""
    return np.full(round(seconds * RATE), voice * STEP, np.float32)


def sound_of(voice: int) -> Embedding:
    """What a voice sounds like."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[voice % DIMENSIONS] = 1.0
    return vector


class Choir:
    """An embedder for `sung` audio; mixed audio sounds like its voices in proportion."""

    def __init__(self, settings: EmbedderSettings | None = None, model: str = "choir") -> None:
        self.capabilities = EmbedderCapabilities("choir", model, DIMENSIONS, 0.7, max_batch=4)
        self.heard: list[EmbedderJob] = []

    def batch_key(self, job: EmbedderJob) -> Hashable:
        return None

    def run(self, jobs: Sequence[EmbedderJob]) -> list[Embedding]:
        self.heard += jobs
        return [self._answer(job.audio) for job in jobs]

    def _answer(self, audio: Samples) -> Embedding:
        voices = np.rint(audio / STEP).astype(int)
        vector = np.zeros(DIMENSIONS, np.float32)
        for voice in set(voices.tolist()) - {0}:
            vector[voice % DIMENSIONS] = (voices == voice).sum()
        return unit(vector)

    def close(self) -> None: ...
