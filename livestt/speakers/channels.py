"""Which person a channel of the diarizer is, and since when. Pure.

Every channel begins as a person of its own, numbered in the order in which channels are first
heard. Who compares voices may say that a channel is somebody else from some sample on.
"""

from __future__ import annotations

from bisect import bisect_right


class Channels:
    """The channels of one session.

    Args:
        people: numbers of people from before, which no channel gets by itself.
    """

    def __init__(self, people: int = 0) -> None:
        self._following = people + 1
        self._turns: dict[int, list[tuple[int, int]]] = {}

    def person(self, channel: int, at: int) -> int:
        """The number of whoever speaks on a channel at a sample."""
        while channel not in self._turns:
            self._turns[len(self._turns) + 1] = [(0, self.newcomer())]
        turns = self._turns[channel]
        return turns[max(0, bisect_right(turns, (at, 1 << 62)) - 1)][1]

    def newcomer(self) -> int:
        """A number that nobody has had."""
        self._following += 1
        return self._following - 1

    def assign(self, channel: int, start: int, person: int) -> None:
        """From ``start`` on a channel is this person, until something else is said of it."""
        now = self.person(channel, start)
        turns = self._turns[channel]
        kept = [turn for turn in turns if turn[0] < start]
        self._turns[channel] = [*kept, (start, person)] if now != person else [*kept, (start, now)]

    def replace(self, person: int, by: int) -> None:
        """All that a number stood for is another person; it may be given out again if it was the
        last."""
        for channel, turns in self._turns.items():
            self._turns[channel] = [(at, by if who == person else who) for at, who in turns]
        if person == self._following - 1:
            self._following = person
