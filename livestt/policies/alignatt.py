"""AlignAtt: stop where the decoder looks at the newest audio.

Papi et al., "AlignAtt: Using Attention-based Audio-Translation Alignments as a Guide for
Simultaneous Speech Translation", Interspeech 2023 (arXiv 2305.11408); for Whisper in Simul-
Whisper (arXiv 2406.10052). A token that attends within ``frame_threshold`` positions of the end
of the audio may be written differently once more audio is there, so it and all after it wait.
Decoding is greedy and causal, so cutting a finished hypothesis equals stopping inside the loop.

A DTW path is weaker evidence than attention: over silence it can squeeze invented words into an
instant far from the end of the audio. So a word that lasts no longer than one position, or that
the model is unsure of, also needs the hypothesis before to have said it in the same place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from livestt.engines import Hypothesis
from livestt.events import Word
from livestt.timebase import from_ms
from livestt.writing import folded

FRAME = from_ms(20)
"""One position of Whisper's encoder."""
FINAL_THRESHOLD = 4
"""Positions, once nothing more will come: what attends later than this was not said."""
SURE = 0.7
"""Score from which a word needs no second opinion."""


class AlignAtt:
    """Commit words that attend to audio at least ``frame_threshold`` positions (20 ms) old.

    The last word of a hypothesis could still grow, so it waits until its end is that old.
    """

    partial = True

    def __init__(self, frame_threshold: int = 25) -> None:
        self._threshold = frame_threshold * FRAME
        self._before: list[str] = []

    def decide(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        words = hypothesis.words
        settled = self._heard_long_ago(hypothesis, end, final=final)
        if not final:
            settled = self._trusted(words[:settled])
            if settled == len(words) and settled and words[-1].end > end - self._threshold:
                settled -= 1
        self._before = [folded(word.text) for word in words[settled:]]
        return settled

    def reset(self) -> None:
        self._before = []

    def _heard_long_ago(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        if hypothesis.attended is None:
            return len(hypothesis.words) if final else 0
        limit = end - (FINAL_THRESHOLD * FRAME if final else self._threshold)
        return sum(1 for _ in takewhile(lambda at: at <= limit, hypothesis.attended))

    def _trusted(self, words: Sequence[Word]) -> int:
        """How many leading words stand by themselves or were said by the hypothesis before."""
        for i, word in enumerate(words):
            sound = word.score >= SURE and word.end - word.start > FRAME
            if not sound and self._before[i : i + 1] != [folded(word.text)]:
                return i
        return len(words)
