"""How the server degrades under load, one rung at a time, and recovers. Pure.

What tells the load is how late words come: how long jobs wait for the engine, and how long it works
on them where that is too long to follow speech. Audio is never dropped: each rung makes captions
later or plainer, and the last one keeps newcomers out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from livestt.engines.delays import Delay
from livestt.timebase import from_seconds
from livestt.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Rung:
    """One way of giving way."""

    code: str
    """Of the warning that clients get."""
    message: str
    late: float
    """Seconds, see `lateness`, from which this rung is taken."""


RUNGS = (
    Rung("load_normal", "the server keeps up again", 0.0),
    Rung("load_longer_steps", "the server is busy: words come in larger groups", 0.6),
    Rung("load_shorter_windows", "the server is busy: the model hears less context", 1.5),
    Rung("load_final_only", "the server is very busy: words come at the end of an utterance", 3.0),
    Rung("load_no_newcomers", "the server is overloaded: it accepts no new sessions", 6.0),
)
FINAL_ONLY = 3
NO_NEWCOMERS = 4
NATIVE = (0, 1, NO_NEWCOMERS)
"""Levels on which a native engine has less to do: it hears each sample once, in whatever window and
whether or not anybody is shown what it heard."""
UP_AFTER = 3.0
"""Seconds the load must last before the next rung is taken."""
DOWN_AFTER = 5.0
"""Seconds it must be under half of what took the rung before it is left."""
RELAPSE = 60.0
"""Seconds within which going up again says that a rung was left too early: each helps, and so hides
the load it was taken for. From then on it takes twice as long to leave one."""
MOST_WARY = 16
"""Times `DOWN_AFTER`, at most, that it takes."""
REAL_TIME = 1.0
"""Seconds that the engine may work on a batch before words come too late to follow speech."""
SHORT_WINDOW = from_seconds(5.4)
"""Content of a window that still fits in the shortest bucket of a Whisper encoder."""


def lateness(delay: Delay) -> float:
    """Seconds that words come later than from an engine with time for everybody."""
    return delay.wait + max(0.0, delay.run - REAL_TIME)


class Ladder:
    """The rung the server stands on.

    Args:
        native: whether the engine is; then there are only the rungs of `NATIVE`.

    Attributes:
        level: index into `RUNGS`.
    """

    def __init__(self, *, native: bool = False) -> None:
        self.level = 0
        self._levels = NATIVE if native else tuple(range(len(RUNGS)))
        self._over_since: float | None = None
        self._under_since: float | None = None
        self._left = -math.inf
        self._wary = 1

    @property
    def rung(self) -> Rung:
        return RUNGS[self.level]

    def observe(self, late: float, now: float) -> bool:
        """Take a reading.

        Args:
            late: seconds, see `lateness`.
            now: seconds on any clock that never goes back.

        Returns:
            Whether the level changed.
        """
        higher = [level for level in self._levels if level > self.level]
        above = bool(higher) and late >= RUNGS[higher[0]].late
        below = self.level > 0 and late < self.rung.late / 2
        self._over_since = _since(self._over_since, now) if above else None
        self._under_since = _since(self._under_since, now) if below else None
        if self._over_since is not None and now - self._over_since >= UP_AFTER:
            self._learn(now)
            return self._step(higher[0])
        patience = DOWN_AFTER * self._wary
        if self._under_since is not None and now - self._under_since >= patience:
            self._left = now
            return self._step(max(level for level in self._levels if level < self.level))
        return False

    def clear(self) -> bool:
        """No session runs that could give way.

        Returns:
            Whether the level changed.
        """
        changed = self.level > 0
        self.level = 0
        self._over_since = self._under_since = None
        self._left, self._wary = -math.inf, 1
        return changed

    def _learn(self, now: float) -> None:
        """How long to wait before the next step down."""
        if now - self._left < RELAPSE:
            self._wary = min(MOST_WARY, 2 * self._wary)
            self._left = -math.inf
        elif self.level == 0:
            self._wary = 1

    def _step(self, level: int) -> bool:
        self.level = level
        self._over_since = self._under_since = None
        return True


def _since(since: float | None, now: float) -> float:
    return now if since is None else since


def eased(tuning: Tuning, level: int, *, native: bool = False) -> Tuning:
    """How a session works on this level, given how it works without load."""
    if level >= 1:
        tuning = replace(tuning, step=2 * tuning.step)
    if native:
        return tuning
    if level >= 2:
        tuning = replace(tuning, max_window=min(tuning.max_window, SHORT_WINDOW))
    if level >= FINAL_ONLY:
        tuning = replace(tuning, partial=False)
    return tuning
