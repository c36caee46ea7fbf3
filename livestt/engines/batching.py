"""Which jobs make the next batch, and whether it is time for one. Pure.

Earliest deadline first. The most urgent job picks the batch; others with the same key ride along
up to the model's batch size. What several idle workers could do is shared among them. Jobs that
nobody waits for (files) go when no other job waits, and never with one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, TypeVar


class Waiting(Protocol):
    """The part of a ticket that matters here."""

    @property
    def deadline(self) -> float: ...

    @property
    def background(self) -> bool: ...


T = TypeVar("T", bound=Waiting)


def next_batch(
    waiting: Sequence[T], key: Callable[[T], Hashable], *, most: int, idle: int, live: bool
) -> list[T]:
    """The most urgent job and its like.

    Args:
        waiting: at least one.
        key: jobs with equal keys may run in one batch; asked of no more jobs than need be.
        most: jobs that the model takes at once.
        idle: workers without work, this one among them.
        live: whether somebody is speaking; files then go one at a time.
    """
    queue = sorted(waiting, key=lambda one: (one.background, one.deadline))
    background = queue[0].background
    queue = [one for one in queue if one.background == background]
    most = 1 if background and live else most
    if most == 1 or len(queue) == 1:
        return queue[:1]
    wanted = key(queue[0])
    alike = [queue[0], *(one for one in queue[1:] if key(one) == wanted)]
    share = -(-len(alike) // max(1, idle))
    return alike[: min(most, share)]


def may_begin(waiting: Sequence[Waiting], *, busy: int, workers: int, live: bool) -> bool:
    """Whether there is something that a worker without work should begin now.

    Args:
        waiting: all jobs that wait.
        busy: workers at jobs that nobody waits for.
        workers: all there are; where there are several, one stays free of such jobs while somebody
            speaks.
        live: whether somebody is speaking.
    """
    if not all(one.background for one in waiting):
        return True
    return bool(waiting) and (workers - busy > 1 or workers == 1 or not live)
