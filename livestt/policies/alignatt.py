"""AlignAtt: stop where the decoder looks at the newest audio.

Papi et al., "AlignAtt: Using Attention-based Audio-Translation Alignments as a Guide for
Simultaneous Speech Translation", Interspeech 2023 (arXiv 2305.11408); for Whisper in Simul-
Whisper (arXiv 2406.10052). A token that attends within ``frame_threshold`` positions of the end
of the audio may be written differently once more audio is there, so it and all after it wait.
Decoding is greedy and causal, so cutting a finished hypothesis equals stopping inside the loop.
"""

from __future__ import annotations

from itertools import takewhile

from livestt.engines import Hypothesis
from livestt.timebase import from_ms

FRAME = from_ms(20)
"""One position of Whisper's encoder."""
FINAL_THRESHOLD = 4
"""Positions, once nothing more will come: what attends later than this was not said."""


class AlignAtt:
    """Commit words that attend to audio at least ``frame_threshold`` positions (20 ms) old.

    The last word of a hypothesis could still grow, so it waits until its end is that old.
    """

    partial = True

    def __init__(self, frame_threshold: int = 25) -> None:
        self._threshold = frame_threshold * FRAME

    def decide(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        if hypothesis.attended is None:
            return len(hypothesis.words) if final else 0
        limit = end - (FINAL_THRESHOLD * FRAME if final else self._threshold)
        settled = sum(1 for _ in takewhile(lambda at: at <= limit, hypothesis.attended))
        if not final and settled == len(hypothesis.words) and settled:
            settled -= hypothesis.words[-1].end > limit
        return settled

    def reset(self) -> None: ...
