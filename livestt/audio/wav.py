"""RIFF/WAVE as it arrives, without waiting for FFmpeg's probe (2 to 3 s of audio).

Sources: Microsoft/IBM, "Multimedia Programming Interface and Data Specifications 1.0" (1991);
Microsoft, "Multiple Channel Audio Data and WAVE Files" (WAVE_FORMAT_EXTENSIBLE).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from livestt.audio.decoder import NO_SAMPLES, Decoder
from livestt.audio.format import MAX_CHANNELS, MAX_RATE, MIN_RATE
from livestt.audio.pcm import SAMPLE_TYPES, PcmDecoder
from livestt.engines import Samples
from livestt.errors import BadAudio

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_ENCODINGS = {
    (_PCM, 8): "u8",
    (_PCM, 16): "s16le",
    (_PCM, 24): "s24le",
    (_PCM, 32): "s32le",
    (_FLOAT, 32): "f32le",
    (_FLOAT, 64): "f64le",
    (_ALAW, 8): "alaw",
    (_MULAW, 8): "mulaw",
}
_EXTENSIBLE_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")

_UNKNOWN_SIZES = (0, 0xFFFFFFFF)
"""What streaming writers put as the size of a data chunk they have not finished."""

_MAX_FORMAT = 40
"""Bytes of the longest fmt chunk (extensible)."""

_MAX_HEAD = 1 << 20
"""Bytes kept while the fmt chunk has not come: pictures and broadcast metadata may precede it."""


def is_wave(head: bytes | bytearray) -> bool:
    """Whether these first 12 bytes open a WAVE file that `WavDecoder` reads."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


class WavDecoder:
    """A `livestt.audio.decoder.Decoder` for WAVE.

    PCM of 8 to 32 bits, float, mu-law and A-law are read here; any other codec goes, with every
    byte from the first, to the decoder that ``fallback`` opens.
    """

    waits = False

    def __init__(self, fallback: Callable[[], Decoder]) -> None:
        self._fallback = fallback
        self._state = self._feed_header
        self._seen = bytearray()  # everything until the fmt chunk is understood, for the fallback
        self._pending = b""  # the part of the header that could not be read yet
        self._skip = 12  # bytes to ignore; at first the RIFF header itself
        self._before_format = 12
        self._left: int | None = None  # bytes of the data chunk to come; None for until the end
        self._samples: Decoder | None = None

    def feed(self, data: bytes) -> Samples:
        return self._state(data)

    def finish(self) -> Iterator[Samples]:
        if self._samples is None or self._state == self._feed_header:
            raise BadAudio("the WAVE file ends inside its header: send the whole file")
        yield from self._samples.finish()

    def close(self) -> None:
        if self._samples is not None:
            self._samples.close()

    def _feed_header(self, data: bytes) -> Samples:
        if self._samples is None:
            self._seen += data
        data = self._pending + data
        while True:
            dropped = min(self._skip, len(data))
            self._skip -= dropped
            data = data[dropped:]
            if self._skip or len(data) < 8:
                break
            name, size = struct.unpack_from("<4sI", data)
            if name == b"data":
                return self._start_data(size, data[8:])
            if name == b"fmt " and self._samples is None:
                if len(data) < 8 + min(size, _MAX_FORMAT):
                    break
                if not self._read_format(data[8 : 8 + min(size, _MAX_FORMAT)]):
                    return self._hand_over()
            self._skip = 8 + size + size % 2
            self._check_distance()
        self._pending = data
        return NO_SAMPLES

    def _read_format(self, chunk: bytes) -> bool:
        """Open the decoder for the samples; False if only the fallback can read them."""
        if len(chunk) < 16:
            raise BadAudio("the WAVE file's fmt chunk is too short: the file is damaged")
        tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
        if tag == _EXTENSIBLE and chunk[26:40] == _EXTENSIBLE_GUID_TAIL:
            (tag,) = struct.unpack_from("<H", chunk, 24)
        if not 1 <= channels <= MAX_CHANNELS or not MIN_RATE <= rate <= MAX_RATE:
            raise BadAudio(
                f"the WAVE file says {channels} channels at {rate} Hz: send 1 to {MAX_CHANNELS}"
                f" channels at {MIN_RATE} to {MAX_RATE} Hz"
            )
        encoding = _ENCODINGS.get((tag, -(-bits // 8) * 8))
        if encoding is None or block != SAMPLE_TYPES[encoding].width * channels:
            return False
        self._samples = PcmDecoder(encoding, rate, channels)
        self._seen.clear()
        return True

    def _check_distance(self) -> None:
        """Refuse to keep more than `_MAX_HEAD` bytes for a fallback that may not be needed."""
        if self._samples is None:
            self._before_format += self._skip
            if self._before_format > _MAX_HEAD:
                raise BadAudio("no fmt chunk in the first MiB of the WAVE file: it is damaged")

    def _hand_over(self) -> Samples:
        self._samples = self._fallback()
        self._state = self._samples.feed
        head = bytes(self._seen)
        self._seen.clear()
        return self._state(head)

    def _start_data(self, size: int, data: bytes) -> Samples:
        if self._samples is None:
            raise BadAudio("the WAVE file has no fmt chunk before its data: it is damaged")
        self._left = None if size in _UNKNOWN_SIZES else size
        self._state = self._feed_data
        return self._feed_data(data)

    def _feed_data(self, data: bytes) -> Samples:
        assert self._samples is not None
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        return self._samples.feed(data)
