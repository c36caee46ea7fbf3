"""Work on stored transcripts for requests, which may take seconds: a few at a time, in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
from anyio import to_thread
from anyio.lowlevel import RunVar

from livestt.errors import Overloaded
from livestt.limiters import MAX_BROWSING, browsing

MOST_WAITING = 100
"""Such pieces of work that wait; whoever comes then is told to come back."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_places: RunVar[anyio.CapacityLimiter] = RunVar("places")


async def in_turn(work: Callable[[*Ts], T], *args: *Ts) -> T:
    """Do this in a thread once it is its turn, and leave the other threads to those who speak.

    Raises:
        Overloaded: too many wait.
    """
    places, place = _all_places(), object()
    try:
        places.acquire_on_behalf_of_nowait(place)
    except anyio.WouldBlock:
        raise Overloaded(
            "too many people read stored transcripts at the moment; try again shortly"
        ) from None
    try:
        return await to_thread.run_sync(work, *args, limiter=browsing())
    finally:
        places.release_on_behalf_of(place)


def _all_places() -> anyio.CapacityLimiter:
    try:
        return _places.get()
    except LookupError:
        places = anyio.CapacityLimiter(MAX_BROWSING + MOST_WAITING)
        _places.set(places)
        return places
