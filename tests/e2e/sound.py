"""A sound that can be recognised sample by sample, and the comparison that does so."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SECONDS = 8.0
RATE = 16_000

Samples = NDArray[np.float64]
Sound = Callable[[Samples], Samples]

_random = np.random.default_rng(7)
_hertz = _random.uniform(150, 3500, 60)
_phase = _random.uniform(0, 2 * np.pi, 60)


def signal(seconds: Samples) -> Samples:
    """The sound at any times, also between samples: a chord that never repeats, as loud as talk."""
    chord = np.zeros_like(seconds)
    for hertz, phase in zip(_hertz, _phase, strict=True):
        chord += np.sin(2 * np.pi * hertz * seconds + phase)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 3.7 * seconds)
    result: Samples = 0.02 * chord * syllables
    return result


def other_signal(seconds: Samples) -> Samples:
    """A sound that no stretch of `signal` fits."""
    return signal(1.13 * seconds)


def write_sound(path: Path, rate: int = 48_000, sound: Sound = signal) -> None:
    _write(path, sound(np.arange(int(SECONDS * rate)) / rate), rate)


def write_silence(path: Path, rate: int = 48_000, seconds: int = 1) -> None:
    _write(path, np.zeros(seconds * rate), rate)


def _write(path: Path, samples: Samples, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def window_correlations(pcm: bytes, window: float = 0.5, sound: Sound = signal) -> list[float]:
    """How well each stretch of the recording fits the sound, wherever in it it was.

    Stretches, not the whole: a browser's fake device slips by a fraction of a millisecond now and
    then on a busy machine, and after a slip nothing would fit any more.
    """
    heard = np.frombuffer(pcm, "<i2").astype(float)
    size = int(window * RATE)
    known = sound(np.arange(int(SECONDS * RATE)) / RATE)
    spectrum = np.fft.rfft(known, 2 * len(known))
    windows = [heard[at : at + size] for at in range(0, len(heard) - size + 1, size)]
    return [_best_fit(part, spectrum, sound) for part in windows]


def _best_fit(part: Samples, spectrum: NDArray[np.complex128], sound: Sound) -> float:
    length = 2 * (len(spectrum) - 1)
    at = int(np.argmax(np.fft.irfft(spectrum * np.fft.rfft(part, length).conj())[: length // 2]))
    times = (at + np.arange(len(part))) / RATE
    shifts = np.arange(-0.6, 0.61, 0.1) / RATE
    return max(float(np.corrcoef(part, sound(times + shift))[0, 1]) for shift in shifts)
