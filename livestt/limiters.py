"""How many threads run slow work, for all sessions of an event loop together."""

from __future__ import annotations

import anyio
from anyio.lowlevel import RunVar

MAX_HEARING = 4
"""Threads that decode and detect speech."""
MAX_OPENING = 8
"""Threads that open streams, which takes long where a model has to be loaded."""

MAX_LOOKING = 4
"""Threads that look for sessions which readers of any address may ask for."""
MAX_BROWSING = 4
"""Threads that list, search, write down and change stored transcripts."""

_hearing: RunVar[anyio.CapacityLimiter] = RunVar("hearing")
_opening: RunVar[anyio.CapacityLimiter] = RunVar("opening")
_looking: RunVar[anyio.CapacityLimiter] = RunVar("looking")
_browsing: RunVar[anyio.CapacityLimiter] = RunVar("browsing")


def hearing() -> anyio.CapacityLimiter:
    """For decoding and voice detection."""
    return _limited(_hearing, MAX_HEARING)


def opening() -> anyio.CapacityLimiter:
    """For opening streams."""
    return _limited(_opening, MAX_OPENING)


def looking() -> anyio.CapacityLimiter:
    """For finding sessions in the store: a database that hangs must keep nobody else waiting."""
    return _limited(_looking, MAX_LOOKING)


def browsing() -> anyio.CapacityLimiter:
    """For stored transcripts over HTTP: a search through many of them delays no live session."""
    return _limited(_browsing, MAX_BROWSING)


def _limited(variable: RunVar[anyio.CapacityLimiter], threads: int) -> anyio.CapacityLimiter:
    """The threads of this event loop that are there for one kind of work."""
    try:
        return variable.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(threads)
        variable.set(limiter)
        return limiter
