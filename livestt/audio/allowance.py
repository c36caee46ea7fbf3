"""A limit on how much audio a few bytes may turn into."""

from __future__ import annotations

from livestt.errors import BadAudio
from livestt.timebase import SAMPLE_RATE

FREE_SECONDS = 600
MIN_BYTES_PER_SECOND = 16
"""Below this a stream is a decompression bomb: FLAC silence needs 55, Opus DTX 25."""


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
