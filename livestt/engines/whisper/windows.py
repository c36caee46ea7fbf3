"""How much audio an encoder is given.

Whisper was trained on 30 s windows, but its encoder takes any shorter length at a fraction of
the cost (10 s is about a ninth of 30 s). A *short* window is the content plus at least 2.56 s of
silence, the margin that whisper.cpp's dynamic audio context settled on (ggml-org/whisper.cpp
pull request 3532), rounded up to one of a few buckets so that sessions can share a batch.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from livestt.timebase import SAMPLE_RATE

WindowMode = Literal["short", "full30"]

FRAME = 160
"""Samples per mel frame (10 ms)."""
TOKEN_FRAME = 320
"""Samples per encoder position (20 ms)."""
FULL_SECONDS = 30
BUCKETS = (8, 10, 12, 15, 20, FULL_SECONDS)
SILENCE_SECONDS = 2.56


def bucket_seconds(samples: int, mode: WindowMode) -> int:
    """Length in seconds of the encoder window for this many samples of content."""
    if mode == "full30":
        return FULL_SECONDS
    wanted = samples / SAMPLE_RATE + SILENCE_SECONDS
    return next((b for b in BUCKETS if b >= wanted), FULL_SECONDS)


def pad_features(features: npt.NDArray[np.float32], seconds: int) -> npt.NDArray[np.float32]:
    """Pad log-mel features ``[n_mels, frames]`` with silence to ``[n_mels, seconds * 100]``.

    Whisper's features are clamped at 8 decades below the loudest frame (2.0 after scaling) and
    at 1e-10 absolute power (-1.5 after scaling), so that is what digital silence looks like.
    """
    frames = seconds * SAMPLE_RATE // FRAME
    content = features[:, :frames]
    floor = max(float(content.max(initial=-1.5)) - 2.0, -1.5)
    padded = np.full((features.shape[0], frames), floor, dtype=np.float32)
    padded[:, : content.shape[1]] = content
    return padded
