"""The decoder contract: bytes in, samples out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from livestt.engines import Samples

NO_SAMPLES: Samples = np.zeros(0, np.float32)
NO_SAMPLES.setflags(write=False)


class Decoder(Protocol):
    """Turns the bytes of one stream into mono float32 audio at 16 kHz.

    Blocking: called from worker threads, by one thread at a time, `close` included.
    Law: however the same bytes are cut into `feed` calls, the concatenated samples are the same.
    After `finish` or `close` no more is fed.
    """

    @property
    def waits(self) -> bool:
        """Whether nothing is decoded before the input has ended, as is known by now."""

    def feed(self, data: bytes) -> Samples:
        """Take the next bytes; return the samples that they complete, shape ``[n]``.

        Raises:
            BadAudio: the bytes are not the audio they should be. Every later call raises it too.
        """

    def finish(self) -> Iterator[Samples]:
        """Say that the input has ended; iterate over what remains, a few seconds at a time.

        Input that stops in the middle is no error: everything up to the cut is returned.

        Raises, while iterated over:
            BadAudio: as in `feed`, or nothing in the stream was audio.
        """

    def close(self) -> None:
        """Free everything. Idempotent, never blocks for long, safe after errors."""


def join(blocks: list[Samples]) -> Samples:
    """Concatenate blocks; the empty list gives no samples."""
    return np.concatenate(blocks) if blocks else NO_SAMPLES
