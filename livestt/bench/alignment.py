"""Which word of one text is which word of another, and since when it has been there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

SLACK = 2
"""Words of the final text beyond a guess that the guess is still compared with."""


def matches(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Index pairs of equal words in an alignment with the fewest edits."""
    return [
        (i, j)
        for op in Levenshtein.opcodes(a, b)
        if op.tag == "equal"
        for i, j in zip(
            range(op.src_start, op.src_end), range(op.dest_start, op.dest_end), strict=True
        )
    ]


class Presence:
    """When each word of the final text was there, told what was there from time to time.

    A word is there when the alignment of the words that are there with the final words puts it
    on itself: a word at another place of the text is another word.

    Attributes:
        first: for each final word the first time it was there, or None.
        since: for each final word the time since which it has been there all along, or None.
    """

    def __init__(self, final: Sequence[str]) -> None:
        self._final = final
        self.first: list[float | None] = [None] * len(final)
        self.since: list[float | None] = [None] * len(final)
        self._agreed = 0
        self._reach = 0

    def see(self, at: float, words: Sequence[str], unchanged: int, length: int) -> None:
        """Take what is there now.

        Args:
            at: seconds; never less than before.
            words: the words that are there are its first ``length``.
            unchanged: leading words that were there the last time too.
            length: how many words are there.
        """
        final = self._final
        start = agreed = min(self._agreed, unchanged, length)
        while agreed < min(length, len(final)) and words[agreed] == final[agreed]:
            agreed += 1
        reach = min(len(final), length + SLACK)
        there = set(range(start, agreed))
        if agreed < length:
            found = matches(words[agreed:length], final[agreed:reach])
            there.update(agreed + j for _, j in found)
        for i in range(start, max(reach, self._reach)):
            if i not in there:
                self.since[i] = None
            elif self.since[i] is None:
                self.since[i] = at
                if self.first[i] is None:
                    self.first[i] = at
        self._agreed, self._reach = agreed, reach
