"""What a publisher sent that its session has not taken yet, in order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import anyio

from livestt.engines import StreamOptions
from livestt.vad.endpointing import EndpointingOptions

MAX_WAITING = 1 << 17
"""Bytes that may wait before the publisher is no longer read: 4 s of 16 kHz PCM."""
COST = 1 << 10
"""Bytes that anything but audio counts for."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Commit what was put before this, then answer with this id."""

    id: str | None


@dataclass(frozen=True, slots=True)
class End:
    """The publisher has sent its last byte."""


Item = bytes | Flush | StreamOptions | EndpointingOptions | End
OPTIONS = (StreamOptions, EndpointingOptions)


class Inbox:
    """Putting never waits, so it cannot be cut in two by a lost connection; `ready` is where a
    publisher that is too fast is held up."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._arrived = anyio.Event()
        self._taken = anyio.Event()
        self.waiting = 0
        """Bytes put and not taken; what is no audio counts too."""

    def put(self, item: Item) -> None:
        if isinstance(item, OPTIONS) and self._items and type(self._items[-1]) is type(item):
            self._items[-1] = item  # nothing was put under the older ones
            return
        self.waiting += _cost(item)
        self._items.append(item)
        self._arrived.set()

    async def take(self) -> Item:
        """The next thing to do; all audio that lies together comes as one."""
        while not self._items:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        item = self._items.popleft()
        if isinstance(item, bytes):
            item = self._with_what_follows(item)
        self.waiting -= _cost(item)
        self._taken.set()
        self._taken = anyio.Event()
        return item

    async def ready(self) -> None:
        """Wait until there is room for more audio."""
        while self.waiting > MAX_WAITING:
            await self._taken.wait()

    def clear(self) -> None:
        """Nothing will be taken any more."""
        self._items.clear()
        self.waiting = 0
        self._taken.set()

    def _with_what_follows(self, data: bytes) -> bytes:
        pieces = [data]
        while self._items:
            following = self._items[0]
            if not isinstance(following, bytes):
                break
            pieces.append(following)
            self._items.popleft()
        return b"".join(pieces)


def _cost(item: Item) -> int:
    return len(item) if isinstance(item, bytes) else COST
