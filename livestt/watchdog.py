"""Signs that a session's decoder is stuck: clear speech without a word, and words in a loop. Pure.

Whisper engines look for loops inside one answer (`livestt.engines.whisper.guards`). Here the words
of many answers are looked at, whatever the engine: a loop that grows a little with each step, or
from utterance to utterance, since what was said before is shown to the decoder.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from livestt.engines import Samples
from livestt.events import Word
from livestt.timebase import from_seconds
from livestt.writing import folded

SPEECHLESS = from_seconds(20)
"""Clear speech without a word after which the decoder starts anew."""
RECENT = from_seconds(60)
"""In which that much of it must be spoken: now and then somebody coughs, or hums."""
LOUD = 0.03
"""Amplitude in which somebody may be speaking, where nothing detects voices: of 1 at full scale."""
SECOND = from_seconds(1)
LONGEST = 8
"""Words of a phrase that is looked for."""
TIMES = 4
"""In a row that a phrase must be there; short ones must fill as many words as `LONGEST`."""


class Watchdog:
    """Watches the words of one session."""

    def __init__(self) -> None:
        self._said: deque[str] = deque(maxlen=LONGEST * TIMES)
        self._told: tuple[str, ...] | None = None
        self._told_at = -1

    def commit(self, words: Sequence[Word]) -> None:
        """These are settled."""
        said = _plain(words)
        self._said.extend(said)
        if self._told is not None and not set(said) <= set(self._told):
            self._told = None

    def loops(self, words: Sequence[Word], at: int) -> bool:
        """Whether the decoder has fallen into a loop, told once of each loop and place.

        Somebody who really says the same over and over is believed: once the decoder has started
        anew and still hears it, that is no loop until something else is settled.

        Args:
            words: heard and not settled yet.
            at: sample up to which everything is settled.
        """
        phrase = repeated([*self._said, *_plain(words)]) if words else None
        if phrase is None or phrase == self._told or at == self._told_at:
            return False
        self._told, self._told_at = phrase, at
        return True


class Sounds:
    """Remembers in which seconds there was any sound, for audio in which nothing detects voices."""

    def __init__(self) -> None:
        self._seconds: deque[int] = deque(maxlen=RECENT // SECOND + 1)

    def hear(self, samples: Samples, start: int) -> None:
        """Take audio, float32 ``[n]`` at 16 kHz, whose first sample has this number."""
        found = np.flatnonzero(np.abs(samples) >= LOUD)
        last = self._seconds[-1] if self._seconds else -1
        self._seconds.extend(s for s in np.unique((start + found) // SECOND).tolist() if s > last)

    def within(self, start: int, end: int) -> int:
        """Samples of ``[start, end)`` in seconds with a sound, as far as these are recent."""
        start = max(start, end - RECENT)
        return sum(
            max(0, min(end, (second + 1) * SECOND) - max(start, second * SECOND))
            for second in self._seconds
        )


def all_of(start: int, end: int) -> int:
    """Samples of ``[start, end)``."""
    return max(0, end - start)


class Speechless:
    """Counts clear speech without a word: in the current utterance, and in those before it.

    Args:
        spoken: how many samples from one to another are speech.
    """

    def __init__(self, spoken: Callable[[int, int], int] = all_of) -> None:
        self._spoken = spoken
        self._anew = 0
        self._first = 0
        self._earlier = 0

    def since(self, start: int, reached: int) -> int:
        """The sample from which on no word was heard of an utterance.

        Args:
            start: where it starts.
            reached: sample where its last word ends, or its start.
        """
        return max(start, reached, self._anew)

    def too_long(self, start: int, reached: int, end: int) -> bool:
        """Whether the decoder must be stuck.

        Args:
            start: where the utterance starts, which is speech beyond doubt.
            reached: sample where its last word ends, or its start.
            end: sample up to which the decoder has heard it.
        """
        earlier = self._earlier if self._counts(start, reached, end) else 0
        return earlier + self._spoken(self.since(start, reached), end) >= SPEECHLESS

    def first(self, start: int, reached: int, end: int) -> int:
        """As `since`, but in the utterances before it too. Arguments as of `too_long`."""
        return self._first if self._counts(start, reached, end) else self.since(start, reached)

    def _counts(self, start: int, reached: int, end: int) -> bool:
        """Whether what was said before the utterance belongs to the same silence of the decoder."""
        return bool(self._earlier) and reached <= start and end - self._first <= RECENT

    def finish(self, start: int, reached: int, end: int, *, clear: bool) -> None:
        """An utterance is over.

        Args:
            start: where it starts.
            reached: sample where its last word ends, or its start.
            end: where it ends.
            clear: whether it is speech beyond doubt.
        """
        if reached > start:
            self._earlier = 0
        elif clear:
            if not self._earlier or end - self._first > RECENT:
                self._first, self._earlier = start, 0
            self._earlier += self._spoken(max(start, self._anew), end)

    def begin_anew(self, end: int) -> None:
        """The decoder starts anew, after it has heard this many samples."""
        self._anew, self._earlier = end, 0


def repeated(words: Sequence[str]) -> tuple[str, ...] | None:
    """The phrase in which the words end over and over, or None.

    Args:
        words: without case and punctuation.

    Returns:
        The shortest, turned so that it is the same wherever the words stop.
    """
    for length in range(1, LONGEST + 1):
        needed = length * max(TIMES, LONGEST // length)
        tail = words[-needed:]
        if len(tail) == needed and all(tail[i] == tail[i % length] for i in range(needed)):
            return min(tuple(tail[i : i + length]) for i in range(length))
    return None


def _plain(words: Sequence[Word]) -> list[str]:
    plain = (folded(word.text) for word in words)
    return [word for word in plain if word]
