"""The stretch of audio a window engine is asked about, and the words committed around it."""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from livestt.engines import MAX_PREFIX_TOKENS, MAX_WORD_TOKENS, Hypothesis, Job
from livestt.events import Word
from livestt.timebase import from_ms, from_seconds

KEEP = from_ms(1500)
"""Committed audio that stays in the window so that the engine hears where it left off."""
TRIM_BEYOND = from_seconds(3)
"""Committed audio that makes trimming worth it."""
MAX_HISTORY = 64
"""Words remembered as context."""
SAID = frozenset("%‰&#@*/")
"""Marks that are words when they are read out: 5 % of what was said."""
TAIL = from_seconds(1)
"""Audio at the end of a full window whose words are heard again in the next (at most half)."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a session already when its first sample is heard.

    A session that goes on in another process hears a little again of what was committed there, so
    that it goes on where words end and not in the middle of them.
    """

    words: tuple[Word, ...] = ()
    """The newest committed ones, oldest first; times before the first sample are negative."""
    committed: int = 0
    """Sample up to which all words are among them, or older."""
    language: str | None = None
    """In which the last of them was spoken, where known."""


class Window:
    """Audio ``[start, start + limit)`` of one utterance.

    Attributes:
        start: first sample of the window.
        prefix: committed words spoken inside it, oldest first.
        history: committed words from before it, oldest first, bounded.
        committed_end: where the last committed word of this utterance ends, or its start.
        untouched: whether nothing of this utterance has been committed yet.

    Args:
        limit: most samples of a window.
        trims: False keeps every word of the utterance in the prefix (native engines).
        before: what was committed before the first sample, or is heard again.
    """

    def __init__(self, limit: int, *, trims: bool = True, before: Before | None = None) -> None:
        before = before or Before()
        self.limit = limit
        self._tail = min(TAIL, limit // 2)
        self._trims = trims
        self.start = 0
        self.prefix: list[Word] = []
        self.history: deque[Word] = deque(before.words, maxlen=MAX_HISTORY)
        self.committed_end = self._known = before.committed
        self.untouched = True

    def begin(self, start: int) -> None:
        """An utterance begins at this sample."""
        self.start = start
        while self._is_heard_again(start):
            self.prefix.insert(0, self.history.pop())
        self.committed_end = max(self.committed_end, start)
        self.untouched = not self.prefix

    def finish(self) -> None:
        """The utterance is over: its words become context."""
        self.history.extend(self.prefix)
        self.prefix.clear()

    def begin_anew(self) -> None:
        """Hear on from the last committed word, without any text; a native window stays."""
        if self._trims:
            self.prefix.clear()
            self.start = max(self.start, self.committed_end)

    def go_back(self, start: int, first: int) -> None:
        """Hear on from here, where the window was before; a native window stays.

        If the last committed word ends here, it is heard again as the prefix: engines place its end
        a little early, and would take the rest of it for another word.

        Args:
            start: where to hear on.
            first: the first sample that can still be had.
        """
        if not self._trims or start >= self.start:
            return
        self.start = start
        last = self.history[-1] if self.history and not self.prefix else None
        if last is None or last.end != start or last.start < first or self.untouched:
            return
        if len(last.tokens) <= MAX_WORD_TOKENS:
            self.start = last.start
            self.prefix.append(self.history.pop())

    def _is_heard_again(self, start: int) -> bool:
        """Whether the newest of the older words is spoken after this sample all the same."""
        if not (self._trims and self.history):
            return False
        return self.history[-1].end <= self._known and _middle(self.history[-1]) >= start

    def limit_end(self, end: int) -> int:
        """The sample where a job about audio up to ``end`` has to stop."""
        return min(end, self.start + self.limit)

    def full_at(self, end: int) -> bool:
        """Whether audio up to this sample fills the window."""
        return end - self.start >= self.limit

    def full(self, job: Job) -> bool:
        """Whether the job's audio filled the window."""
        return self.full_at(job.end)

    def fresh(self, words: Sequence[Word], end: int) -> tuple[Word, ...]:
        """The words of an answer that are not committed yet, in order and without overlap.

        Args:
            words: as the engine gave them.
            end: where the audio of the job ended; a word's own times may say more.
        """
        if not self._trims:
            again = sum(1 for _ in takewhile(lambda word: _middle(word) < self._known, words))
            words = words[again + len(self.prefix) :]
        while words and not self.untouched and _is_punctuation(words[0].text):
            # The word it belongs to is committed without it, and committed words never change.
            words = words[1:]
        fresh: list[Word] = []
        earliest = self.committed_end
        for word in words:
            start = max(min(word.start, end - 1), earliest)
            earliest = max(min(word.end, end), start + 1)
            fresh.append(replace(word, start=start, end=earliest))
        return tuple(fresh)

    def commit(self, words: Sequence[Word]) -> None:
        """These follow on the committed words; the window moves if there are many."""
        self.prefix.extend(words)
        self.committed_end = words[-1].end
        self.untouched = False
        if self._trims:
            self._trim()

    def forced(self, words: Sequence[Word]) -> int:
        """How many words to commit because the window is full and the policy left them open."""
        limit = self.start + self.limit - self._tail
        return sum(1 for word in words if word.end <= limit) or max(0, len(words) - 1)

    def make_room(self, end: int, unsettled: int) -> None:
        """A full window must move, whatever was heard in it.

        Args:
            end: where the audio of the last job ended.
            unsettled: where the first word starts that should be heard again; it is, unless
                the window would move by less than half.
        """
        if self.full_at(end):
            self._cut(len(self.prefix))
            start = max(min(end - self._tail, unsettled), end - self.limit // 2)
            self.start = max(self.start, start)

    def _trim(self) -> None:
        tokens = sum(len(word.tokens) for word in self.prefix)
        if self.committed_end - self.start > TRIM_BEYOND or tokens > MAX_PREFIX_TOKENS:
            self._cut(len(self.prefix) - self._kept())

    def _kept(self) -> int:
        """How many of the newest words stay as the prefix."""
        tokens = 0
        for count, word in enumerate(reversed(self.prefix)):
            tokens += len(word.tokens)
            most = MAX_PREFIX_TOKENS if count else MAX_WORD_TOKENS
            if tokens > most or self.committed_end - word.end >= KEEP:
                return count
        return len(self.prefix)

    def _cut(self, count: int) -> None:
        """Move the first words out of the window, and its start between them and the rest."""
        if not count:
            return
        gone, self.prefix = self.prefix[:count], self.prefix[count:]
        self.history.extend(gone)
        following = self.prefix[0].start if self.prefix else gone[-1].end
        self.start = max(self.start, (gone[-1].end + following) // 2)


def replace_words(hypothesis: Hypothesis, words: tuple[Word, ...]) -> Hypothesis:
    """The same answer with only its last ``len(words)`` words."""
    dropped = len(hypothesis.words) - len(words)
    attended = hypothesis.attended
    return Hypothesis(
        words,
        None if attended is None else attended[dropped:],
        stable=max(0, hypothesis.stable - dropped),
        language=hypothesis.language,
    )


def _middle(word: Word) -> int:
    return (word.start + word.end) // 2


def _is_punctuation(text: str) -> bool:
    """Whether nothing of it is said. In scripts without spaces a vowel sign may come alone."""
    return not text.startswith(" ") and all(
        unicodedata.category(c)[0] == "P" and c not in SAID for c in text
    )
