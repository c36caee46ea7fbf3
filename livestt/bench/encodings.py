"""Sound as the bytes that a client would send."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Literal, cast

import numpy as np

from livestt.audio.pcm import SAMPLE_TYPES
from livestt.engines import Samples
from livestt.timebase import SAMPLE_RATE, from_seconds

Encoding = Literal["s16le", "f32le", "mulaw", "alaw", "wav", "webm"]


def is_raw(encoding: Encoding) -> bool:
    """Whether equal samples are equal bytes wherever they stand."""
    return encoding != "webm"


def header(encoding: Encoding) -> bytes:
    """What comes before the first sample: for WAV the header of a stream without known end."""
    if encoding != "wav":
        return b""
    most = 0xFFFFFFFF
    form = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", most) + b"WAVEfmt " + struct.pack("<I", len(form)) + form
        + b"data" + struct.pack("<I", most)
    )  # fmt: skip


def encode(samples: Samples, encoding: Encoding, frame: float) -> Iterator[tuple[float, bytes]]:
    """Bytes, and the second of the audio by which a live encoder would have given them."""
    seconds = len(samples) / SAMPLE_RATE
    match encoding:
        case "s16le" | "wav":
            clipped = np.clip(samples, -1.0, 1.0)
            yield seconds, (clipped * 32767).astype("<i2").tobytes()
        case "f32le":
            yield seconds, samples.astype("<f4").tobytes()
        case "mulaw" | "alaw":
            yield seconds, _companded(samples, encoding)
        case "webm":
            yield from _webm(samples, frame)


def _companded(samples: Samples, encoding: str) -> bytes:
    """The code whose value is nearest to each sample."""
    codes = np.arange(256, dtype=np.uint8)
    values = SAMPLE_TYPES[encoding].decode(codes.tobytes())
    order = np.argsort(values, kind="stable")
    between = (values[order][1:] + values[order][:-1]) / 2
    return codes[order][np.searchsorted(between, samples)].tobytes()


def _webm(samples: Samples, frame: float) -> Iterator[tuple[float, bytes]]:
    """Opus in WebM, cluster by cluster, as a browser's MediaRecorder gives it."""
    import av

    sink = _Pipe()
    options = {"cluster_time_limit": str(int(frame * 1000)), "flush_packets": "1"}
    step = from_seconds(frame)
    with av.open(cast(io.IOBase, sink), "w", format="webm", options=options) as container:
        track = container.add_stream("libopus", rate=48_000, layout="mono")
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        for begin in range(0, len(samples), step):
            part = samples[begin : begin + step].reshape(1, -1)
            sound = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
            sound.sample_rate = SAMPLE_RATE
            sound.pts = begin
            for ready in resampler.resample(sound):
                container.mux(track.encode(ready))
            if data := sink.take():
                yield (begin + part.shape[1]) / SAMPLE_RATE, data
        container.mux(track.encode(None))
    if data := sink.take():
        yield len(samples) / SAMPLE_RATE, data


class _Pipe:
    """What a muxer writes, taken as it comes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data
