"""What is kept for a disk that fails, and what is given up. Pure.

What grows beyond `MAX_BACKLOG` words, or `MAX_KEPT` entries, is counted and given up. An entry that
begins or ends a session is kept even then, if need be without its words.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from livestt.store.entries import Entry
from livestt.store.outcomes import Outcome, StoreStats

MAX_BACKLOG = 200_000
"""Words kept: about twenty minutes of 72 people talking."""
MAX_KEPT = 100_000
"""Entries kept, with words or without: how far a session is, who its speakers are."""


class Backlog:
    """Entries, oldest first.

    Args:
        stats: which this keeps up to date.
    """

    def __init__(self, stats: StoreStats) -> None:
        self._stats = stats
        self._entries: deque[Entry] = deque()
        self._lost: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._entries)

    def holds(self, session: str) -> bool:
        """Whether entries of this session are kept."""
        return any(entry.session == session for entry in self._entries)

    def oldest(self, most: int) -> list[Entry]:
        """The first entries."""
        return list(islice(self._entries, most))

    def keep(self, entry: Entry) -> Outcome:
        """Keep an entry that is newer than all that are kept already."""
        kept, outcome = self._fitting(entry)
        self._entries.extend(kept)
        return outcome

    def keep_before(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Keep entries that are older than all that are kept already."""
        fitting = [self._fitting(entry) for entry in entries]
        self._entries.extendleft(reversed([entry for kept, _ in fitting for entry in kept]))
        return [outcome for _, outcome in fitting]

    def drop(self, count: int) -> None:
        """The oldest so many are written, or given up."""
        for _ in range(count):
            self._stats.backlog -= len(self._entries.popleft().words)

    def lose(self, entry: Entry) -> Outcome:
        """Give an entry up."""
        if entry.words:
            self._stats.lost_words += len(entry.words)
            self._lost[entry.session] += len(entry.words)
        return Outcome.LOST

    def lost_of(self, session: str) -> int:
        """Words of a session that were given up, as far as the database does not know it."""
        return self._lost[session]

    def told(self, lost: Mapping[str, int]) -> None:
        """The database knows of these."""
        for session, words in lost.items():
            self._lost[session] -= words
            if not self._lost[session]:
                del self._lost[session]

    def _fitting(self, entry: Entry) -> tuple[list[Entry], Outcome]:
        """What of an entry there is room for, and what becomes of it."""
        spoken = self._stats.backlog + len(entry.words) <= MAX_BACKLOG
        if spoken and (entry.vital or len(self) < MAX_KEPT):
            self._stats.backlog += len(entry.words)
            return [entry], Outcome.DEFERRED
        self.lose(entry)
        rest = replace(entry, first=entry.first + len(entry.words), words=(), lines=())
        return [rest] if entry.vital else [], Outcome.LOST
