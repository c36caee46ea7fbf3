"""Any sample rate to 16 kHz, statefully."""

from __future__ import annotations

from typing import cast

import numpy as np
import soxr

from livestt.audio.decoder import NO_SAMPLES
from livestt.engines import Samples
from livestt.timebase import SAMPLE_RATE


class Resampler:
    """One stream's rate converter: libsoxr at quality HQ, or nothing at 16 kHz.

    The output does not depend on how the input was cut, and never leaves [-1, 1].
    """

    def __init__(self, rate: int) -> None:
        self._soxr = None
        if rate != SAMPLE_RATE:
            self._soxr = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def feed(self, samples: Samples) -> Samples:
        """Take mono samples at the source rate; return what is ready at 16 kHz, shape ``[n]``."""
        return self._process(samples, last=False) if len(samples) else NO_SAMPLES

    def finish(self) -> Samples:
        """Return the tail of the filter. No call follows."""
        return self._process(NO_SAMPLES, last=True)

    def _process(self, samples: Samples, *, last: bool) -> Samples:
        if self._soxr is not None:
            samples = cast(Samples, self._soxr.resample_chunk(samples, last=last))
        return np.clip(samples, -1.0, 1.0)
