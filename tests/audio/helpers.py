"""Signals, files of every format, and what decoding them must give."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import av
import numpy as np
import numpy.typing as npt

from livestt.audio import Decoder
from livestt.engines import Samples

RATE = 16_000


def sweep(seconds: float = 2.0, rate: int = RATE, top: float = 3_000.0) -> Samples:
    """A sine from 100 Hz to ``top``, half of full scale; nothing in it repeats."""
    t = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * (100 * t + (top - 100) / (2 * seconds) * t**2)
    return (0.5 * np.sin(phase)).astype(np.float32)


def s16(samples: npt.NDArray[np.float32]) -> bytes:
    return np.round(samples * 32767).astype("<i2").tobytes()


def encode(
    samples: Samples,
    rate: int,
    container: str,
    codec: str,
    *,
    layout: str = "mono",
    options: dict[str, str] | None = None,
    seekable: bool = True,
    tags: dict[str, str] | None = None,
) -> bytes:
    """Write a file with FFmpeg's libraries."""
    target = io.BytesIO()
    if not seekable:
        target.seekable = lambda: False  # type: ignore[method-assign]
    with av.open(target, "w", format=container, options=options or {}) as output:
        output.metadata.update(tags or {})
        stream = output.add_stream(codec, rate=rate)
        stream.layout = layout
        resampler = av.AudioResampler(stream.format, layout, rate)
        fifo = np.round(samples * 32767).astype(np.int16)
        for start in range(0, len(fifo), 960):
            frame = av.AudioFrame.from_ndarray(fifo[None, start : start + 960], "s16", "mono")
            frame.sample_rate, frame.pts = rate, start
            for converted in resampler.resample(frame):
                output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
    return target.getvalue()


def chunks(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut data into pieces of these sizes, round and round."""
    pieces, start, turn = [], 0, 0
    while start < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[start : start + size])
        start, turn = start + size, turn + 1
    return pieces


def decode(decoder: Decoder, pieces: Iterable[bytes]) -> Samples:
    """Everything that a decoder makes of the pieces; closes it."""
    try:
        blocks = [decoder.feed(piece) for piece in pieces]
        blocks += decoder.finish()
    finally:
        decoder.close()
    return np.concatenate(blocks)


def correlation(a: Samples, b: Samples) -> float:
    """Normalised correlation at the delay where it is highest."""
    size = 1 << (len(a) + len(b)).bit_length()
    product = np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size))
    lag = int(np.argmax(np.fft.irfft(product, size)))
    lag = lag if lag < size // 2 else lag - size
    a, b = (a[lag:], b) if lag > 0 else (a, b[-lag:])
    shared = min(len(a), len(b))
    a, b = a[:shared], b[:shared]
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
