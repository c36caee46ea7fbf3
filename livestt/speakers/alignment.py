"""Whose words are these? Committed words meet the turns of a diarizer. Pure.

1. A word is the speaker's who talks longest while it is said. A tie goes to the speaker of the
   word before. A word that nobody is heard over goes to the nearest turn within ``reach``.
2. Word times and turn edges are both a little off, so a change of speaker is moved to the
   nearest end of a sentence, or pause, that is not further away than ``snap``.
3. A word waits while something that is still to come could change its speaker: activity that is
   not known yet, a change of speaker just after the end of a sentence, the end of a sentence
   just after a change of speaker. So what is said does not depend on when things arrive.
4. No word waits longer than ``patience``: it is then given to nobody, and corrected later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from livestt.events import Attributed, Voice, Word
from livestt.speakers.turns import Turns
from livestt.timebase import from_ms, from_seconds

SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")  # noqa: RUF001 - the full-width forms are data
CLOSING = "\"'”’)»"  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class AlignmentOptions:
    """How words and turns are brought together. Samples at 16 kHz."""

    snap: int = from_ms(500)
    """A change of speaker moves to the end of a sentence this near."""
    pause: int = from_ms(400)
    """Silence between words that is as good as the end of a sentence."""
    reach: int = from_ms(1000)
    """How near a turn must be to a word over which nobody is heard."""
    overlap: float = 0.5
    """Part of a word over which another speaker must be heard to count as talking over it."""
    patience: int = from_seconds(5)
    """Longest wait for a speaker."""


@dataclass(slots=True)
class _Aligned:
    """One committed word, and what is known about its speaker."""

    word: Word
    nearest: int | None = None
    """Speaker by time alone; None while not known, or if nobody was near."""
    over: tuple[int, ...] = ()
    measured: bool = False
    """Whether ``nearest`` is final."""


class Alignment:
    """The words of one session on their way to their speakers.

    Args:
        options: distances.
    """

    def __init__(self, options: AlignmentOptions | None = None) -> None:
        self._options = options or AlignmentOptions()
        self._waiting: list[_Aligned] = []
        self._first = 0
        self._released: list[Voice] = []
        """Of the first words that wait, what was said when patience ended."""
        self._before: _Aligned | None = None
        self._speaker_before: int | None = None

    @property
    def waiting(self) -> int:
        """Words whose speaker has not been said, or only for the time being."""
        return len(self._waiting)

    @property
    def start(self) -> int | None:
        """First sample of the oldest word that waits."""
        return self._waiting[0].word.start if self._waiting else None

    def receive(self, words: Iterable[Word]) -> None:
        """Take committed words, in order."""
        self._waiting += map(_Aligned, words)

    def decide(
        self, turns: Turns, committed: int, now: int, *, finished: bool = False
    ) -> list[Attributed]:
        """Give out the words whose speaker is certain, and those that have waited too long.

        Args:
            turns: who speaks when.
            committed: sample before which all words are known.
            now: samples received.
            finished: nothing more will come.
        """
        self._measure(turns, finished)
        places = self._changes()
        count = len(self._waiting) if finished else self._certain(places, turns, committed)
        said = self._attribute(self._speakers(places)[:count])
        return said + self._lose_patience(now)

    def _measure(self, turns: Turns, finished: bool) -> None:
        """Step 1, for the words whose surroundings are known."""
        before = self._before.nearest if self._before else None
        for aligned in self._waiting:
            if not aligned.measured:
                word = aligned.word
                if word.end > turns.settled and not finished:
                    return
                heard = _heard(turns, word)
                alone = not heard and not finished
                if alone and word.end + self._options.reach > turns.settled:
                    return
                aligned.nearest = self._longest(heard, before) or self._near(turns, word)
                aligned.over = self._over(heard, word, aligned.nearest)
                aligned.measured = True
            before = aligned.nearest

    def _longest(self, heard: dict[int, int], before: int | None) -> int | None:
        if not heard:
            return None
        return max(heard, key=lambda speaker: (heard[speaker], speaker == before, -speaker))

    def _near(self, turns: Turns, word: Word) -> int | None:
        reach = self._options.reach
        distances = [
            (max(turn.start - word.end, word.start - turn.end), -turn.end, turn.speaker)
            for turn in turns.within(word.start - reach, word.end + reach)
        ]
        return min(distances)[2] if distances else None

    def _over(self, heard: dict[int, int], word: Word, speaker: int | None) -> tuple[int, ...]:
        least = self._options.overlap * (word.end - word.start)
        return tuple(
            sorted(other for other in heard if other != speaker and heard[other] >= least)
        )

    def _known(self) -> int:
        """How many of the first waiting words are measured."""
        for i, aligned in enumerate(self._waiting):
            if not aligned.measured:
                return i
        return len(self._waiting)

    def _changes(self) -> list[tuple[int, int]]:
        """Step 2: where the speaker changes by time alone, and where that moves to."""
        known = self._known()
        raw = [i for i in range(known) if self._changes_at(i)]
        places: list[tuple[int, int]] = []
        least = 0
        for i, following in zip(raw, [*raw[1:], known], strict=True):
            place = self._sentence_near(i, least, following)
            places.append((i, place))
            least = place + 1
        return places

    def _changes_at(self, i: int) -> bool:
        before = self._waiting[i - 1] if i else self._before
        return before is not None and before.nearest != self._waiting[i].nearest

    def _sentence_near(self, i: int, least: int, limit: int) -> int:
        """The boundary to which the change before word ``i`` moves; ``i`` if there is none."""
        at = self._edge(i)
        near = [
            (abs(self._edge(k) - at), k)
            for k in range(least, min(limit, len(self._waiting)))
            if abs(self._edge(k) - at) <= self._options.snap and self._is_boundary(k)
        ]
        return min(near)[1] if near else max(i, least)

    def _edge(self, i: int) -> int:
        """The time between word ``i`` and the one before it."""
        before = self._waiting[i - 1] if i else self._before
        start = self._waiting[i].word.start
        return start if before is None else (before.word.end + start) // 2

    def _is_boundary(self, i: int) -> bool:
        before = self._waiting[i - 1] if i else self._before
        if before is None:
            return True
        pause = self._waiting[i].word.start - before.word.end
        return pause >= self._options.pause or ends_sentence(before.word.text)

    def _certain(self, places: Sequence[tuple[int, int]], turns: Turns, committed: int) -> int:
        """Step 3: how many of the first waiting words nothing to come can change."""
        known = self._known()
        horizon = min(turns.settled, committed)
        limits = [known]
        limits += [i for i in range(known) if self._waiting[i].word.end > horizon][:1]
        open_from = horizon - self._options.snap
        limits += [k for k in range(known) if self._edge(k) > open_from and self._is_boundary(k)][
            :1
        ]
        limits += [min(i, place) for i, place in places if self._edge(i) > open_from][:1]
        return min(limits)

    def _speakers(self, places: Sequence[tuple[int, int]]) -> list[Voice]:
        """What is said of each measured word, with changes where they have moved to."""
        known = self._known()
        moves = {place: self._waiting[i].nearest for i, place in places}
        speaker = self._speaker_before
        if self._before is None and known:
            speaker = self._waiting[0].nearest
        voices = []
        for i in range(known):
            speaker = moves.get(i, speaker)
            over = {*self._waiting[i].over, self._waiting[i].nearest} - {speaker, None}
            kept = tuple(sorted(v for v in over if v in self._waiting[i].over))
            voices.append(Voice(speaker, kept))
        return voices

    def _attribute(self, voices: Sequence[Voice]) -> list[Attributed]:
        """Let the first words go; what was rightly guessed of them need not be said again."""
        if not voices:
            return []
        guessed, self._released = self._released, self._released[len(voices) :]
        right = 0
        while right < min(len(voices), len(guessed)) and voices[right] == guessed[right]:
            right += 1
        said = Attributed(self._first + right, tuple(voices[right:]))
        self._before = self._waiting[len(voices) - 1]
        self._speaker_before = voices[-1].speaker
        self._first += len(voices)
        del self._waiting[: len(voices)]
        return [said] if said.voices else []

    def _lose_patience(self, now: int) -> list[Attributed]:
        """Step 4."""
        start = len(self._released)
        late = now - self._options.patience
        while (
            len(self._released) < len(self._waiting)
            and self._waiting[len(self._released)].word.end < late
        ):
            self._released.append(Voice(None))
        released = tuple(self._released[start:])
        return [Attributed(self._first + start, released)] if released else []


def ends_sentence(text: str) -> bool:
    return text.rstrip(CLOSING).endswith(SENTENCE_ENDS)


def _heard(turns: Turns, word: Word) -> dict[int, int]:
    """How many samples of a word each speaker is heard over."""
    heard: dict[int, int] = {}
    for turn in turns.within(word.start, word.end):
        samples = min(turn.end, word.end) - max(turn.start, word.start)
        heard[turn.speaker] = heard.get(turn.speaker, 0) + samples
    return heard
