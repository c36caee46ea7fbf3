"""Reads the WAV files that recordings are kept in."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np


def played(data: bytes) -> np.ndarray[Any, Any]:
    """The samples of a mono 16 kHz file, int16 ``[n]``."""
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16_000, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")
