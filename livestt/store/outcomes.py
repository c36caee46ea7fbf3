"""What becomes of entries. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class Outcome(Enum):
    """What became of an entry."""

    STORED = auto()
    """It will survive this process."""
    DEFERRED = auto()
    """The disk fails; the entry waits for it to recover."""
    LOST = auto()
    """The disk has failed for too long, or this entry cannot be written at all."""
    REFUSED = auto()
    """The session was deleted, or another server goes on with it."""


Answer = Callable[[Outcome], None]
"""Told what became of an entry, once."""


@dataclass(slots=True)
class StoreStats:
    """Counted since the start."""

    transactions: int = 0
    entries: int = 0
    words: int = 0
    largest: int = 0
    """Entries in the largest transaction."""
    seconds: float = 0.0
    """Spent in transactions."""
    failures: int = 0
    """Transactions that failed."""
    lost_words: int = 0
    backlog: int = 0
    """Words that wait for a disk that fails."""
