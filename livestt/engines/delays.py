"""How long jobs wait and take, as a mean that forgets with time. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

MEMORY = 4.0
"""Seconds after which what was seen counts for a third (1/e)."""
QUIET = 3.0
"""Seconds without any job after which nothing delays anybody."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds, on average, that live jobs take now."""

    wait: float
    """Seconds until it is their turn."""
    run: float
    """Seconds that the model works on a batch."""


class Delays:
    """An exponentially weighted mean over time.

    Not over jobs: a hundred of them pass in a second where many speak, and take minutes where the
    model is slow.
    """

    def __init__(self) -> None:
        self._weight = 0.0
        self._mean = 0.0
        self._last = -math.inf

    def add(self, seconds: float, now: float) -> None:
        """One is over.

        Args:
            seconds: that it took.
            now: seconds on any clock that never goes back.
        """
        self._weight = self._weight_at(now) + 1.0
        self._mean += (seconds - self._mean) / self._weight
        self._last = now

    def mean(self, now: float, still: Iterable[float] = ()) -> float:
        """What they take now, in seconds.

        Args:
            now: as for `add`.
            still: seconds taken so far by those that are not over; they count as soon as they
                take longer than the mean.
        """
        open_ = list(still)
        if not open_ and now - self._last > QUIET:
            return 0.0
        longer = [seconds for seconds in open_ if seconds > self._mean]
        weight = self._weight_at(now)
        if not longer:
            return self._mean
        return (self._mean * weight + sum(longer)) / (weight + len(longer))

    def _weight_at(self, now: float) -> float:
        return self._weight * math.exp(-(now - self._last) / MEMORY) if self._weight else 0.0
