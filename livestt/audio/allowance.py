"""Limits on how much audio a few bytes may expand to."""

from __future__ import annotations

from livestt.audio.format import AudioFormat
from livestt.errors import BadAudio
from livestt.timebase import SAMPLE_RATE

FREE_SECONDS = 600
MIN_BYTES_PER_SECOND = 16
"""Below this a stream is a decompression bomb: FLAC silence needs 55, Opus DTX 25."""

PIECE, CODED_PIECE = 1 << 16, 1 << 14
"""Bytes to decode at a time, and of audio whose form is not declared, which may be compressed: a
message or a file may be a thousand times its size in memory."""

MAX_APART_SECONDS = 16 * 3600
"""Longest audio of a file whose channels are kept apart on disk, all channels together."""


def piece_of(audio: AudioFormat) -> int:
    """Bytes of this audio to decode at a time."""
    return CODED_PIECE if audio.encoding == "auto" else PIECE


def check_apart(samples: int) -> None:
    """Check ``samples`` made of all channels of one file.

    Raises:
        BadAudio: more than a disk should hold for one client.
    """
    if samples > SAMPLE_RATE * MAX_APART_SECONDS:
        raise BadAudio(
            f"the channels of the file are longer than {MAX_APART_SECONDS // 3600} hours together:"
            " send it in parts"
        )


def check_allowance(samples: int, taken: int) -> None:
    """Check ``samples`` made from the first ``taken`` bytes.

    Raises:
        BadAudio: more audio than any honest encoder puts into so few bytes.
    """
    if samples > SAMPLE_RATE * (FREE_SECONDS + taken / MIN_BYTES_PER_SECOND):
        raise BadAudio(
            f"the stream expands to over {samples // SAMPLE_RATE} s of audio from {taken} bytes:"
            " send it as ordinary audio"
        )
