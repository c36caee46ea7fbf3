"""The audio format that a client declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from livestt.errors import BadRequest
from livestt.timebase import SAMPLE_RATE

Encoding = Literal["auto", "u8", "s16le", "s24le", "s32le", "f32le", "mulaw", "alaw"]

_SAMPLE_BYTES: dict[Encoding, int] = {
    "auto": 1,
    "u8": 1,
    "s16le": 2,
    "s24le": 3,
    "s32le": 4,
    "f32le": 4,
    "mulaw": 1,
    "alaw": 1,
}

MIN_RATE = 4_000
MAX_RATE = 192_000
"""Sample rates accepted anywhere, in Hz: lower is not speech, higher is not audio hardware."""

MAX_CHANNELS = 8


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """The declared encoding of a stream.

    Raises:
        BadRequest: a value outside the supported range.
    """

    encoding: Encoding = "auto"
    """``auto`` detects WAV and every container by content; the others are headerless."""
    sample_rate: int = SAMPLE_RATE
    """Hz, 4000 to 192000. Ignored for ``auto``."""
    channels: int = 1
    """Interleaved channels, 1 to 8, mixed down. Ignored for ``auto``."""

    def __post_init__(self) -> None:
        if self.encoding not in get_args(Encoding):
            known = ", ".join(get_args(Encoding))
            raise BadRequest(f"unknown audio encoding {self.encoding!r}: use one of {known}")
        if not MIN_RATE <= self.sample_rate <= MAX_RATE:
            raise BadRequest(
                f"sample_rate {self.sample_rate} is out of range: use {MIN_RATE} to {MAX_RATE} Hz"
            )
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise BadRequest(f"channels {self.channels} is out of range: use 1 to {MAX_CHANNELS}")

    def described(self) -> dict[str, str | int]:
        """As plain values."""
        return {
            "encoding": self.encoding,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
        }

    def own_sample(self, sample: int) -> int:
        """The first sample at this rate that is not before a sample at 16 kHz."""
        return -(-sample * self.sample_rate // SAMPLE_RATE)

    def session_sample(self, own: int) -> int:
        """Where a sample at this rate lies at 16 kHz."""
        return -(-own * SAMPLE_RATE // self.sample_rate)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels; 1 for ``auto``, which has no fixed frames."""
        return _SAMPLE_BYTES[self.encoding] * (1 if self.encoding == "auto" else self.channels)
