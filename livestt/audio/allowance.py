"""A limit on how much audio a few bytes may turn into."""

from __future__ import annotations

from livestt.errors import BadAudio
from livestt.timebase import SAMPLE_RATE

FREE_SECONDS = 600
MIN_BYTES_PER_SECOND = 16
"""Below this a stream is a decompression bomb: FLAC silence needs 55, Opus DTX 25."""

MAX_WHOLE_SECONDS = 4 * 3600
"""Longest audio of a file that can only be decoded in one piece."""


def check_whole(samples: int) -> None:
    """Check ``samples`` made in one piece.

    Raises:
        BadAudio: more than fits in memory.
    """
    if samples > SAMPLE_RATE * MAX_WHOLE_SECONDS:
        raise BadAudio(
            f"the file cannot be streamed and is longer than {MAX_WHOLE_SECONDS // 3600} hours:"
            " send it in parts, or as WAV, WebM, Ogg, MP3 or FLAC"
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
