"""Log-mel features of incoming audio.

Frame ``i`` of the whole utterance is centred on sample ``i * hop``, with zeros before the first
sample. The model's own feature extractor computes it from the ``n_fft`` samples around that
centre, so a chunk's frames equal those of the whole utterance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from livestt.engines import Samples
from livestt.timebase import SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Pending:
    """Audio of one session that the encoder has not seen. Never changed, only replaced."""

    samples: Samples
    """From ``n_fft // 2`` before the next frame's centre on."""
    heard: int = 0
    """Samples of the utterance received."""

    def add(self, audio: Samples) -> Pending:
        return Pending(np.concatenate([self.samples, audio]), self.heard + len(audio))


class Features:
    """A model's feature extractor, fed in chunks.

    Args:
        extractor: ``NemotronAsrStreamingFeatureExtractor``.
    """

    def __init__(self, extractor: Any) -> None:
        self._extractor = extractor
        self.hop = int(extractor.hop_length)
        self._size = int(extractor.n_fft)

    def start(self) -> Pending:
        return Pending(np.zeros(self._size // 2, np.float32))

    def ready(self, pending: Pending, frames: int) -> bool:
        """Whether so many frames can be computed."""
        return len(pending.samples) >= self._needed(frames)

    def padded(self, pending: Pending, frames: int) -> Pending:
        """With silence after its end, if need be, so that so many frames can be computed."""
        lacking = self._needed(frames) - len(pending.samples)
        if lacking <= 0:
            return pending
        silence = np.zeros(lacking, np.float32)
        return replace(pending, samples=np.concatenate([pending.samples, silence]))

    def take(self, pending: Sequence[Pending], frames: int) -> tuple[Any, list[Pending]]:
        """Compute the next frames of several sessions.

        Returns:
            A tensor float32 ``[sessions, frames, mels]``, and what is left of each.
        """
        size = self._needed(frames)
        features = self._extractor(
            [one.samples[:size] for one in pending],
            sampling_rate=SAMPLE_RATE,
            center=False,
            return_tensors="pt",
        )["input_features"]
        rest = [replace(one, samples=one.samples[frames * self.hop :]) for one in pending]
        return features, rest

    def _needed(self, frames: int) -> int:
        return (frames - 1) * self.hop + self._size
