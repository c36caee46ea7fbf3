"""Log-mel features as the Sortformer diarizers were trained on, in NumPy, of incoming audio.

Frame ``i`` is centred on sample ``i * HOP``: 25 ms of pre-emphasised audio under a symmetrical
Hann window, zero-padded to 512 points; the power spectrum goes through triangular filters on
Slaney's mel scale (M. Slaney, "Auditory Toolbox", Interval Research technical report 1998-010)
of unit area, and the natural logarithm is taken of the result plus 2**-24. Nothing is normalised.
Of ``n`` samples ``n // HOP`` frames exist; what a frame reaches past either end counts as zero.

This equals NeMo's ``AudioToMelSpectrogramPreprocessor`` (``normalize: NA``) and transformers'
``NemotronAsrStreamingFeatureExtractor`` over the whole audio, however it was cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livestt.engines import Samples
from livestt.timebase import SAMPLE_RATE

HOP = 160
"""Samples from one frame to the next: 10 ms."""
WINDOW = 400
"""Samples under the window: 25 ms."""
FFT = 512
PREEMPHASIS = 0.97
FLOOR = 2.0**-24
"""Added before the logarithm."""
BEFORE = WINDOW // 2
"""Samples before its centre that a frame looks at, and after it as well."""

Frames = npt.NDArray[np.float32]
"""Log-mel features, float32 ``[frames, mels]``."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Audio of one session that is not yet in a frame. Never changed, only replaced."""

    samples: Samples
    """Pre-emphasised, from `BEFORE` before the next frame's centre on."""
    heard: int = 0
    """Samples received so far."""
    last: float = 0.0
    """The last of them."""
    frames: int = 0
    """Frames taken so far."""

    @property
    def ready(self) -> int:
        """Frames that can be taken: all their samples are here."""
        return max(0, (len(self.samples) - WINDOW) // HOP + 1)

    @property
    def left(self) -> int:
        """Frames that can be taken if nothing follows."""
        return self.heard // HOP - self.frames


class LogMel:
    """The features of one model.

    Args:
        mels: number of filters.
    """

    def __init__(self, mels: int) -> None:
        self._filters = mel_filters(mels).T
        # Not np.hanning, whose ends differ in the last bits of float64 only; written as in the
        # definition so that the source of the window is plain.
        phase = 2.0 * np.pi * np.arange(WINDOW) / (WINDOW - 1)
        self._window = 0.5 - 0.5 * np.cos(phase)

    def start(self) -> Pending:
        return Pending(np.zeros(BEFORE, np.float32))

    def push(self, pending: Pending, audio: Samples) -> Pending:
        """Take in audio that follows, float32 ``[n]`` at 16 kHz."""
        if not len(audio):
            return pending
        before = np.concatenate([[np.float32(pending.last)], audio[:-1]])
        new = audio - np.float32(PREEMPHASIS) * before
        return Pending(
            np.concatenate([pending.samples, new]).astype(np.float32, copy=False),
            pending.heard + len(audio),
            float(audio[-1]),
            pending.frames,
        )

    def take(self, pending: Pending, frames: int) -> tuple[Frames, Pending]:
        """The next frames; silence stands for audio that has not come.

        Returns:
            Features, float32 ``[frames, mels]``, and what is left.
        """
        needed = (frames - 1) * HOP + WINDOW
        samples = pending.samples
        if len(samples) < needed:
            samples = np.concatenate([samples, np.zeros(needed - len(samples), np.float32)])
        rest = Pending(
            samples[frames * HOP :], pending.heard, pending.last, pending.frames + frames
        )
        return self._frames(samples[:needed]), rest

    def _frames(self, samples: Samples) -> Frames:
        cut = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
        spectrum = np.fft.rfft(cut.astype(np.float64) * self._window, FFT)
        power = spectrum.real**2 + spectrum.imag**2
        return np.log(power @ self._filters + FLOOR).astype(np.float32)


def mel_filters(mels: int) -> npt.NDArray[np.float64]:
    """Triangular filters of unit area on Slaney's mel scale, up to half the sample rate.

    Returns:
        float64 ``[mels, FFT // 2 + 1]``.
    """
    edges = _to_hertz(np.linspace(0.0, _to_mel(SAMPLE_RATE / 2), mels + 2))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, FFT // 2 + 1)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return np.asarray(filters, np.float64)


# Slaney's scale: 200/3 Hz per mel up to 1000 Hz, then 27 mels for every factor of 6.4.
_LINEAR = 200.0 / 3.0
_BREAK = 1000.0
_LOG_STEP = np.log(6.4) / 27.0


def _to_mel(hertz: float) -> float:
    if hertz < _BREAK:
        return hertz / _LINEAR
    return float(_BREAK / _LINEAR + np.log(hertz / _BREAK) / _LOG_STEP)


def _to_hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = mels - _BREAK / _LINEAR
    return np.where(above < 0, mels * _LINEAR, _BREAK * np.exp(np.maximum(above, 0) * _LOG_STEP))
