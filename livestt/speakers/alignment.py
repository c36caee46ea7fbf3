"""Whose words are these? Committed words meet the turns of a diarizer. Pure.

1. A word is the speaker's who talks longest while it is said. A tie goes to the speaker of the
   word before. A word that nobody is heard over goes to the nearest turn within ``reach``, or
   with the word before.
2. Word times and turn edges are both a little off, so a change of speaker is moved to the
   nearest end of a sentence, or pause, that is not further away than ``snap``. Words count as no
   longer than ``longest`` for that: models stretch the first word of a sentence over the pause.
3. A word waits while something that is still to come could change its speaker: activity that is
   not known yet, a change of speaker just after the end of a sentence, the end of a sentence
   just after a change of speaker. So what is said does not depend on when things arrive.
4. No word waits longer than ``patience``, or for a diarizer that is late: it is then given to
   nobody, and corrected later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from livestt.events import Attributed, Voice, Word
from livestt.speakers.turns import Turns
from livestt.timebase import from_ms, from_seconds
from livestt.writing import ends_sentence


@dataclass(frozen=True, slots=True)
class AlignmentOptions:
    """How words and turns are brought together. Samples at 16 kHz."""

    snap: int = from_ms(500)
    """A change of speaker moves to the end of a sentence this near."""
    longest: int = from_ms(300)
    """Most of a word that counts in distances."""
    pause: int = from_ms(400)
    """Silence between words that is as good as the end of a sentence."""
    reach: int = from_ms(1000)
    """How near a turn must be to a word over which nobody is heard."""
    overlap: float = 0.5
    """Part of a word over which another speaker must be heard to count as talking over it."""
    patience: int = from_seconds(30)
    """Longest wait for a speaker, in audio received since."""


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
        """What was said of the first words that wait, when patience ended."""
        self._before: _Aligned | None = None
        self._speaker_before: int | None = None
        self._places: list[int] = []

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
        self,
        turns: Turns,
        committed: int,
        now: int,
        *,
        finished: bool = False,
        late: bool = False,
    ) -> list[Attributed]:
        """Give out the words whose speaker is certain, and those that have waited too long.

        Args:
            turns: who speaks when.
            committed: sample before which all words are known.
            now: samples received.
            finished: nothing more will come.
            late: no word should wait any longer.
        """
        self._measure(turns, finished)
        self._places = self._distances(committed)
        places = self._changes()
        count = len(self._waiting) if finished else self._certain(places)
        said = self._attribute(self._speakers(places)[:count])
        return said + self._lose_patience(math.inf if late else now - self._options.patience)

    def give_up(self) -> list[Attributed]:
        """Nothing will be known of the words that wait."""
        return self._attribute([Voice(None) for _ in self._waiting])

    def _measure(self, turns: Turns, finished: bool) -> None:
        """Step 1, for the words whose surroundings are known."""
        last = self._before
        for aligned in self._waiting:
            if not aligned.measured:
                word = aligned.word
                heard = _heard(turns, word)
                needed = word.end if heard else word.end + self._options.reach
                if turns.settled < needed and not finished:
                    return
                aligned.nearest = self._nearest(turns, heard, word, last)
                aligned.over = self._over(heard, word, aligned.nearest)
                aligned.measured = True
            last = aligned

    def _nearest(
        self, turns: Turns, heard: dict[int, int], word: Word, last: _Aligned | None
    ) -> int | None:
        before = last.nearest if last else None
        if heard:
            return max(heard, key=lambda speaker: (heard[speaker], speaker == before, -speaker))
        near = self._near(turns, word)
        if near is None and last and word.start - last.word.end < self._options.reach:
            return before
        return near

    def _near(self, turns: Turns, word: Word) -> int | None:
        reach = self._options.reach
        distances = [
            (max(turn.start - word.end, word.start - turn.end), -turn.end, turn.speaker)
            for turn in turns.within(word.start - reach, word.end + reach)
        ]
        return min(distances)[2] if distances else None

    def _over(self, heard: dict[int, int], word: Word, speaker: int | None) -> tuple[int, ...]:
        least = self._options.overlap * (word.end - word.start)
        return tuple(sorted(other for other in heard if other != speaker and heard[other] >= least))

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
        for i, following in pairwise([*raw, known]):
            place = self._sentence_near(i, least, following)
            places.append((i, place))
            least = place + 1
        return places

    def _changes_at(self, i: int) -> bool:
        before = self._waiting[i - 1] if i else self._before
        return before is not None and before.nearest != self._waiting[i].nearest

    def _sentence_near(self, i: int, least: int, limit: int) -> int:
        """The boundary to which the change before word ``i`` moves; ``i`` if there is none."""
        at = self._places
        distances = {k: abs(at[k] - at[i]) for k in range(least, limit) if self._is_boundary(k)}
        near = [k for k in distances if distances[k] <= self._options.snap]
        return min(near, key=lambda k: distances[k], default=i)

    def _distances(self, committed: int) -> list[int]:
        """Where each measured word begins, and the one after them may, long words shortened.

        Of a whole recording all words may wait until its end, so no more is looked at.
        """
        places = [0]
        known = self._known()
        starts = [aligned.word.start for aligned in self._waiting[1 : known + 1]]
        measured = self._waiting[:known]
        for aligned, following in zip(measured, [*starts, committed], strict=False):
            word = aligned.word
            spoken = min(word.end - word.start, self._options.longest)
            places.append(places[-1] + spoken + max(0, following - word.end))
        return places

    def _is_boundary(self, i: int) -> bool:
        before = self._waiting[i - 1] if i else self._before
        if before is None:
            return False
        pause = self._waiting[i].word.start - before.word.end
        return pause >= self._options.pause or ends_sentence(before.word.text)

    def _certain(self, places: Sequence[tuple[int, int]]) -> int:
        """Step 3: how many of the first waiting words nothing to come can change."""
        known = self._known()
        open_from = self._places[known] - self._options.snap
        starts = self._places
        limits = [k for k in range(known) if starts[k] >= open_from and self._is_boundary(k)][:1]
        limits += [min(i, place) for i, place in places if starts[i] >= open_from][:1]
        count = min([known, *limits])
        for i, place in places:
            if min(i, place) < count <= max(i, place) and i != place:
                count = min(i, place)  # a change goes as a whole
        return count

    def _speakers(self, places: Sequence[tuple[int, int]]) -> list[Voice]:
        """What is said of each measured word, with changes where they have moved to."""
        known = self._known()
        moves = {place: self._waiting[i].nearest for i, place in places}
        speaker = self._speaker_before
        if self._before is None and known:
            speaker = self._waiting[0].nearest  # nobody came before
        voices = []
        for i in range(known):
            speaker = moves.get(i, speaker)
            over = tuple(other for other in self._waiting[i].over if other != speaker)
            voices.append(Voice(speaker, over))
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

    def _lose_patience(self, late: float) -> list[Attributed]:
        """Step 4, for words that end before ``late``."""
        start = len(self._released)
        while (
            len(self._released) < len(self._waiting)
            and self._waiting[len(self._released)].word.end < late
        ):
            self._released.append(Voice(None))
        released = tuple(self._released[start:])
        return [Attributed(self._first + start, released)] if released else []


def _heard(turns: Turns, word: Word) -> dict[int, int]:
    """How many samples of a word each speaker is heard over."""
    heard: dict[int, int] = {}
    for turn in turns.within(word.start, word.end):
        samples = min(turn.end, word.end) - max(turn.start, word.start)
        heard[turn.speaker] = heard.get(turn.speaker, 0) + samples
    return heard
