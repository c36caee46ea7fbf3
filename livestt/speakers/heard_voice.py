"""What a speaker of a session sounds like so far. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livestt.speakers.embeddings import Embedding, unit


@dataclass(frozen=True, slots=True, eq=False)
class HeardVoice:
    """The mean of a speaker's embeddings, each as heavy as its speech is long."""

    total: npt.NDArray[np.float32]
    """Sum of embeddings times samples."""
    samples: int
    """Clean speech heard."""

    @classmethod
    def of(cls, embedding: Embedding, samples: int) -> HeardVoice:
        return cls(embedding * np.float32(samples), samples)

    @classmethod
    def read(cls, vector: bytes, samples: int) -> HeardVoice:
        """The voice of a mean embedding, little-endian float32."""
        return cls.of(np.frombuffer(vector, "<f4").astype(np.float32), samples)

    def written(self) -> bytes:
        """The mean embedding, little-endian float32."""
        return self.embedding.astype("<f4").tobytes()

    @property
    def embedding(self) -> Embedding:
        return unit(self.total)

    def __add__(self, other: HeardVoice) -> HeardVoice:
        return HeardVoice(self.total + other.total, self.samples + other.samples)
