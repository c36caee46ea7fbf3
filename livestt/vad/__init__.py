"""Voice activity detection: a model gives probabilities, rules turn them into utterances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FRAME = 512
"""Samples judged at once, 32 ms."""

Probabilities = npt.NDArray[np.float32]
"""Probability of speech in each frame, shape ``[n]``, 0 to 1."""
