"""Voice activity detection: a model gives probabilities, rules make speech of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from livestt.timebase import SAMPLE_RATE

FRAME = 512
"""Samples judged at once, 32 ms."""

FRAME_MS = FRAME * 1000 // SAMPLE_RATE

Probabilities = npt.NDArray[np.float32]
"""Probability of speech in each frame, shape ``[n]``, 0 to 1."""
