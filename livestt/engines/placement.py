"""Which of several equal devices gets the next batch. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Place:
    """One device."""

    room: int
    """Batches it works on at the same time."""
    running: int = 0
    done: int = 0
    failing: bool = False

    @property
    def rank(self) -> tuple[bool, bool, float, int]:
        return self.running >= self.room, self.failing, self.running / self.room, self.done


@dataclass(slots=True)
class Placement:
    """The least loaded device goes first; of equals, the one that has done least.

    A device whose last batch failed comes after all others that have room, or it would draw all
    work: who fails at once is never busy.

    Args:
        room: for each device how many batches it works on at the same time.
    """

    room: tuple[int, ...]
    _places: list[_Place] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._places = [_Place(room) for room in self.room]

    @property
    def running(self) -> tuple[int, ...]:
        """Batches on each device now."""
        return tuple(place.running for place in self._places)

    def take(self) -> int:
        """The device for a batch that begins."""
        chosen = min(range(len(self._places)), key=lambda i: self._places[i].rank)
        self._places[chosen].running += 1
        return chosen

    def give_back(self, device: int, *, failed: bool) -> None:
        """A batch has ended."""
        place = self._places[device]
        place.running -= 1
        place.done += 1
        place.failing = failed
