"""The embedder contract: what a voice sounds like, as a vector to compare with others.

As with diarizers (`livestt.speakers`), an **embedder** is heavy, one per process and shared by all
sessions; it keeps no state for any of them. A job carries a piece of one person's clean speech,
the answer is a vector of length 1. The cosine of two vectors says how alike the voices are.
`livestt.engines.scheduler` batches the jobs of all sessions in worker threads.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from livestt.engines import Samples

Embedding = npt.NDArray[np.float32]
"""A voice, float32 ``[dimensions]``, of length 1."""


@dataclass(frozen=True, slots=True)
class EmbedderCapabilities:
    """What an embedder makes, and how much it takes at once."""

    name: str
    """Its registry name, e.g. ``onnx``."""
    model: str
    """Names the model and its weights: vectors of two embedders can be compared if, and only if,
    this is the same."""
    dimensions: int
    threshold: float
    """Cosine from which two voices count as one person's, unless the operator says otherwise."""
    max_batch: int = 1
    """Most jobs `Embedder.run` takes at once."""
    parallel: int = 1
    """How many calls of `Embedder.run` may go on at the same time."""
    device: str = "cpu"


@dataclass(eq=False, slots=True)
class EmbedderJob:
    """One question to an embedder: what does this voice sound like?"""

    audio: Samples
    """Speech of one person, float32 ``[n]`` at 16 kHz, at least `LEAST` samples."""


LEAST = 8_000
"""Samples of the shortest speech that an embedder is asked about: half a second."""


class Embedder(Protocol):
    """A loaded model. Constructed with `EmbedderSettings`; may raise `SetupError` then."""

    capabilities: EmbedderCapabilities

    def batch_key(self, job: EmbedderJob) -> Hashable:
        """Jobs with equal keys may run in one batch."""

    def run(self, jobs: Sequence[EmbedderJob]) -> list[Embedding]:
        """Answer a batch of jobs, in order. Blocking; for worker threads.

        An answer does not depend on the other jobs of the batch.

        Raises:
            EngineError: the batch failed.
        """

    def close(self) -> None:
        """Free the model. No call follows."""


@dataclass(frozen=True, slots=True)
class EmbedderSettings:
    """What an embedder needs to load. A subset of `livestt.settings.Settings`."""

    model: str = ""
    """A file, a folder or a hub repository; an embedder that brings its model needs none."""
    threads: int = 0
    """CPU threads; 0 lets the embedder choose."""
    device: str = "auto"
    model_dir: str | None = None
    """Where downloaded weights are kept; None for the hub's usual cache."""


def unit(vector: npt.NDArray[np.floating]) -> Embedding:
    """The vector of length 1 in the same direction; zero stays zero."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, np.float32)


def cosine(one: Embedding, other: Embedding) -> float:
    """How alike two voices are, -1 to 1."""
    return float(np.dot(one, other))
