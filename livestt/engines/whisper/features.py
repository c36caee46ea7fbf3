"""Log-mel spectrograms as Whisper was trained on them, in NumPy.

The same numbers as OpenAI's ``audio.py`` and faster-whisper's ``feature_extractor.py``: Slaney mel
bands, a periodic Hann window of 25 ms, a step of 10 ms, reflected edges, and a floor at eight
decades below the loudest frame. One thing is ours: very quiet audio is lifted. Whisper hears
levels, and words much quieter than those it was trained on come out as other words.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from livestt.engines import Samples
from livestt.engines.whisper.windows import FRAME
from livestt.timebase import SAMPLE_RATE

FloatArray = npt.NDArray[np.float32]

WINDOW = 400
"""Samples of one Fourier transform (25 ms)."""
LINEAR_STEP = 200.0 / 3
"""Hertz per mel, up to `BEND`."""
BEND = 1000.0
"""Hertz above which mels are logarithmic."""
QUIET = -0.5
"""Decades of power of the loudest band of a window, below which it is lifted to that; speech at a
usual level reaches 1 to 2."""
MOST_LIFT = 4.0
"""Decades of power (40 dB)."""
LOG_STEP = float(np.log(6.4)) / 27.0


def log_mel(audio: Samples, bands: int) -> FloatArray:
    """Features ``[bands, len(audio) // 160]``, float32, about -1.5 to 2.

    Args:
        audio: float32 ``[n]`` at 16 kHz.
        bands: 80, or 128 for large-v3 and its descendants.
    """
    count = len(audio) // FRAME
    if not count:
        return np.zeros((bands, 0), np.float32)
    padded = np.pad(np.pad(audio, (0, FRAME)), WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::FRAME][: count + 1]
    spectrum = np.fft.rfft(frames * _hann(), axis=-1).astype(np.complex64)
    power = np.abs(spectrum) ** 2
    energy = mel_filters(bands) @ power.T
    lift = _lift(float(energy.max()))
    mel = np.log10(np.maximum(energy, 10.0 ** -(10.0 + lift))) + np.float32(lift)
    scaled: FloatArray = ((np.maximum(mel, mel.max() - 8.0) + 4.0) / 4.0).astype(np.float32)
    return scaled[:, :count]


def _lift(loudest: float) -> float:
    """By how many decades a window is lifted; digital silence is not."""
    if loudest <= 1e-10:
        return 0.0
    return min(max(QUIET - float(np.log10(loudest)), 0.0), MOST_LIFT)


@lru_cache(maxsize=4)
def mel_filters(bands: int) -> FloatArray:
    """Triangles of equal area, ``[bands, 201]``."""
    bins = np.fft.rfftfreq(WINDOW, 1.0 / SAMPLE_RATE)
    edges = _hertz(np.linspace(0.0, _mels(SAMPLE_RATE / 2), bands + 2))
    ramps = edges[:, None] - bins[None, :]
    widths = np.diff(edges)
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    filters: FloatArray = (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return filters


def _mels(hertz: float) -> float:
    return BEND / LINEAR_STEP + float(np.log(hertz / BEND)) / LOG_STEP


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    bend = BEND / LINEAR_STEP
    return np.where(
        mels < bend, mels * LINEAR_STEP, BEND * np.exp(LOG_STEP * (np.maximum(mels, bend) - bend))
    )


@lru_cache(maxsize=1)
def _hann() -> FloatArray:
    window: FloatArray = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    return window
