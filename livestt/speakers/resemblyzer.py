"""Resemblyzer: a speaker model that comes with its package, so that nothing is downloaded.

Three LSTM layers over 40 mel energies, averaged over windows of 1.6 s; 256 dimensions (Wan et al.
2018, "Generalized end-to-end loss for speaker verification", arXiv:1710.10467).
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from livestt.errors import EngineError, MissingExtra
from livestt.speakers.embeddings import (
    LEAST,
    EmbedderCapabilities,
    EmbedderJob,
    EmbedderSettings,
    Embedding,
    unit,
)

LOUDNESS = 10 ** (-30 / 20)
"""Root mean square to which quiet speech is raised, as in the model's training."""
THRESHOLD = 0.75
"""See `docs/voices.md` for what it makes of people."""


class ResemblyzerEmbedder:
    """The encoder of the package ``resemblyzer``, in PyTorch.

    Args:
        settings: threads; the model is the package's own.

    Raises:
        MissingExtra: the package, or PyTorch, is not installed.
    """

    def __init__(self, settings: EmbedderSettings) -> None:
        try:
            from resemblyzer import VoiceEncoder
        except ImportError as error:
            raise MissingExtra("--embedding-backend resemblyzer", "resemblyzer") from error
        self._threads = settings.threads or 1
        wanted = None if settings.device == "auto" else settings.device
        self._encoder: Any = VoiceEncoder(wanted, verbose=False)
        self._lock = threading.Lock()
        self.capabilities = EmbedderCapabilities(
            name="resemblyzer",
            model="resemblyzer",
            dimensions=256,
            threshold=THRESHOLD,
            device=str(self._encoder.device),
        )
        self.run([EmbedderJob(np.zeros(LEAST, np.float32))])  # compiles what it uses

    def batch_key(self, job: EmbedderJob) -> Hashable:
        return None

    def run(self, jobs: Sequence[EmbedderJob]) -> list[Embedding]:
        with self._lock, threadpool_limits(self._threads):
            try:
                return [self._embed(job) for job in jobs]
            except RuntimeError as error:
                raise EngineError(f"the speaker model failed: {error}") from error

    def _embed(self, job: EmbedderJob) -> Embedding:
        loudness = float(np.sqrt(np.mean(job.audio.astype(np.float64) ** 2)))
        gain = max(1.0, LOUDNESS / max(loudness, 1e-6))
        return unit(self._encoder.embed_utterance(job.audio * np.float32(gain)))

    def close(self) -> None:
        del self._encoder
