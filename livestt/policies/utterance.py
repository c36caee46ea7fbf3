"""The policy for files: whole utterances, no guesses on the way."""

from __future__ import annotations

from livestt.engines import Hypothesis


class Utterance:
    partial = False

    def decide(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        return len(hypothesis.words) if final else 0

    def reset(self) -> None: ...
