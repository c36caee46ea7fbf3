"""The policy of engines that stream by themselves: commit what the engine vouches for."""

from __future__ import annotations

from livestt.engines import Hypothesis


class Native:
    partial = True

    def decide(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        return len(hypothesis.words) if final else min(hypothesis.stable, len(hypothesis.words))

    def reset(self) -> None: ...
