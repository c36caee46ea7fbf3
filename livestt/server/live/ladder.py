"""How the server gives way under load, a rung at a time, and climbs down again. Pure.

What tells the load is how long jobs wait for the engine. Audio is never dropped: each rung makes
captions later or plainer, and the last one keeps newcomers out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from livestt.timebase import from_seconds
from livestt.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Rung:
    """One way of giving way."""

    code: str
    """Of the warning that clients get."""
    message: str
    wait: float
    """Seconds jobs wait, on average, from which this rung is taken."""


RUNGS = (
    Rung("load_normal", "the server keeps up again", 0.0),
    Rung("load_longer_steps", "the server is busy: words come in larger groups", 0.6),
    Rung("load_shorter_windows", "the server is busy: the model hears less context", 1.5),
    Rung("load_final_only", "the server is very busy: words come at the end of an utterance", 3.0),
    Rung("load_no_newcomers", "the server is overloaded: it takes no new sessions", 6.0),
)
FINAL_ONLY = 3
NO_NEWCOMERS = 4
UP_AFTER = 3.0
"""Seconds the load must last before the next rung is taken."""
DOWN_AFTER = 10.0
"""Seconds it must be under half of what took the rung before it is left."""
SHORT_WINDOW = from_seconds(5.4)
"""Content of a window that still fits in the shortest bucket of a Whisper encoder."""


class Ladder:
    """The rung the server stands on.

    Attributes:
        level: index into `RUNGS`.
    """

    def __init__(self) -> None:
        self.level = 0
        self._over_since: float | None = None
        self._under_since: float | None = None

    @property
    def rung(self) -> Rung:
        return RUNGS[self.level]

    def observe(self, wait: float, now: float) -> bool:
        """Take a reading.

        Args:
            wait: seconds that jobs wait for the engine now.
            now: seconds on any clock that never goes back.

        Returns:
            Whether the level changed.
        """
        above = self.level + 1 < len(RUNGS) and wait >= RUNGS[self.level + 1].wait
        below = self.level > 0 and wait < self.rung.wait / 2
        self._over_since = (self._over_since or now) if above else None
        self._under_since = (self._under_since or now) if below else None
        if self._over_since is not None and now - self._over_since >= UP_AFTER:
            return self._step(+1)
        if self._under_since is not None and now - self._under_since >= DOWN_AFTER:
            return self._step(-1)
        return False

    def _step(self, by: int) -> bool:
        self.level += by
        self._over_since = self._under_since = None
        return True


def eased(tuning: Tuning, level: int) -> Tuning:
    """How a session works on this level, given how it works without load."""
    if level >= 1:
        tuning = replace(tuning, step=2 * tuning.step)
    if level >= 2:
        tuning = replace(tuning, max_window=min(tuning.max_window, SHORT_WINDOW))
    if level >= FINAL_ONLY:
        tuning = replace(tuning, partial=False)
    return tuning
