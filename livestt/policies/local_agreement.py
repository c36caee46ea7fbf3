"""LocalAgreement-n: commit what n hypotheses in a row agree on.

Liu et al., "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial
Hypothesis Selection", Interspeech 2020; used for Whisper by Macháček et al. (arXiv 2307.14743).
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from livestt.engines import Hypothesis
from livestt.writing import folded


class LocalAgreement:
    """Commit the longest common prefix of the last ``n`` hypotheses.

    Words are compared without case and punctuation. The hypotheses kept are those of the words
    still uncommitted: what is committed is dropped from their front.
    """

    partial = True

    def __init__(self, n: int = 2) -> None:
        self._n = n
        self._seen: deque[list[str]] = deque(maxlen=n)

    def decide(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        words = [folded(word.text) for word in hypothesis.words]
        if final:
            self.reset()
            return len(words)
        self._seen.append(words)
        agreed = self._agreed()
        for seen in self._seen:
            del seen[:agreed]
        return agreed

    def reset(self) -> None:
        self._seen.clear()

    def _agreed(self) -> int:
        if len(self._seen) < self._n:
            return 0
        count = 0
        for row in zip(*self._seen, strict=False):
            if any(a != b for a, b in pairwise(row)):
                break
            count += 1
        return count
