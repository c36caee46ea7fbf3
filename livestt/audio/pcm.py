"""Headerless samples: linear PCM of every width, float, and G.711."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from livestt.audio.resample import Resampler
from livestt.engines import Samples


def to_float(values: npt.NDArray[Any]) -> Samples:
    """Scale samples of any integer or float dtype to float32 with full scale at 1.

    Unsigned integers are offset binary. Floats that are no numbers become 0.
    """
    if values.dtype.kind == "f":
        samples: Samples = values.astype(np.float32)
        samples[~np.isfinite(samples)] = 0.0
        return samples
    full_scale = np.float32(2.0 ** (8 * values.dtype.itemsize - 1))
    offset = full_scale if values.dtype.kind == "u" else np.float32(0.0)
    return (values.astype(np.float32) - offset) / full_scale


def mix_down(channels: npt.NDArray[np.float32]) -> Samples:
    """Average ``[channels, n]`` to ``[n]``.

    Added one channel after the other, because the order (and so the rounding) of ``mean`` depends
    on the shape of the array, that is, on how the input was cut.
    """
    mixed: Samples = channels[0].copy()
    for channel in channels[1:]:
        mixed += channel
    mixed /= len(channels)
    return mixed


def _mulaw_table() -> Samples:
    """Values of ITU-T G.711 table 2 (mu-law), scaled from 16 bits."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -magnitude, magnitude) / 32768).astype(np.float32)


def _alaw_table() -> Samples:
    """Values of ITU-T G.711 table 1 (A-law, even bits inverted), scaled from 16 bits."""
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    step = ((code & 0x0F) << 4) + 8
    magnitude = np.where(segment == 0, step, (step + 0x100) << np.maximum(segment - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) / 32768).astype(np.float32)


_MULAW = _mulaw_table()
_ALAW = _alaw_table()


def _linear(dtype: str) -> Callable[[bytes], Samples]:
    return lambda data: to_float(np.frombuffer(data, dtype))


def _s24le(data: bytes) -> Samples:
    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return to_float(wide.view("<i4")[:, 0])


@dataclass(frozen=True, slots=True)
class SampleType:
    """How one sample lies in memory."""

    width: int
    """Bytes."""
    decode: Callable[[bytes], Samples]
    """Whole samples to float32, full scale 1."""


SAMPLE_TYPES = {
    "u8": SampleType(1, _linear("u1")),
    "s16le": SampleType(2, _linear("<i2")),
    "s24le": SampleType(3, _s24le),
    "s32le": SampleType(4, _linear("<i4")),
    "f32le": SampleType(4, _linear("<f4")),
    "f64le": SampleType(8, _linear("<f8")),
    "mulaw": SampleType(1, lambda data: _MULAW[np.frombuffer(data, np.uint8)]),
    "alaw": SampleType(1, lambda data: _ALAW[np.frombuffer(data, np.uint8)]),
}


class PcmDecoder:
    """A `livestt.audio.decoder.Decoder` for interleaved samples without a header.

    Bytes that do not complete a frame (a sample of each channel) wait for the next call, and are
    dropped at the end.
    """

    waits = False

    def __init__(self, encoding: str, sample_rate: int, channels: int) -> None:
        """``encoding`` is a key of `SAMPLE_TYPES`."""
        self._type = SAMPLE_TYPES[encoding]
        self._channels = channels
        self._frame = self._type.width * channels
        self._rest = b""
        self._resampler = Resampler(sample_rate)

    def feed(self, data: bytes) -> Samples:
        data = self._rest + data
        whole = len(data) - len(data) % self._frame
        self._rest = data[whole:]
        samples = self._type.decode(data[:whole])
        np.clip(samples, -1.0, 1.0, out=samples)
        return self._resampler.feed(mix_down(samples.reshape(-1, self._channels).T))

    def finish(self) -> Iterator[Samples]:
        yield self._resampler.finish()

    def close(self) -> None:
        """Nothing to free."""
