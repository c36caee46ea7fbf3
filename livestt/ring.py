"""Audio kept by a session: a window that slides along the sample clock."""

from __future__ import annotations

from collections import deque

import numpy as np

from livestt.engines import Samples


class SampleBuffer:
    """Consecutive samples ``[start, end)`` of a session; the front can be dropped."""

    def __init__(self) -> None:
        self._chunks: deque[Samples] = deque()
        self.start = 0
        self.end = 0

    def append(self, samples: Samples) -> None:
        if len(samples):
            self._chunks.append(samples)
            self.end += len(samples)

    def drop_before(self, sample: int) -> None:
        """Forget samples before this one. Frees whole chunks and copies at most one."""
        while self._chunks and self.start + len(self._chunks[0]) <= sample:
            self.start += len(self._chunks.popleft())
        if self._chunks and self.start < sample:
            self._chunks[0] = self._chunks[0][sample - self.start :].copy()
            self.start = sample

    def slice(self, start: int, end: int) -> Samples:
        """A copy of ``[start, end)``.

        Raises:
            IndexError: part of it was dropped or has not arrived.
        """
        if start < self.start or end > self.end:
            raise IndexError(f"[{start}, {end}) is outside [{self.start}, {self.end})")
        parts = []
        at = self.start
        for chunk in self._chunks:
            if at >= end:
                break
            if at + len(chunk) > start:
                parts.append(chunk[max(0, start - at) : end - at])
            at += len(chunk)
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)
