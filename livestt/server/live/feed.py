"""The publisher of a live session: its connection, how far its audio is, how long it is awaited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import anyio

from livestt.audio.format import AudioFormat
from livestt.errors import LivesttError
from livestt.events import Event


class Listener(Protocol):
    """Somebody who is told what a session says."""

    def receive_events(self, events: Sequence[Event]) -> None:
        """What the session says, in order; `LiveSession.transcript` knows of it already.

        Of `Progress`, which is absolute, not every one comes. `Flushed` answers the publisher's
        flushes, and warnings of the load come as `Warned`.
        """

    def failed(self, error: LivesttError) -> None:
        """The session ends early. What was heard before is still committed."""

    def superseded(self) -> None:
        """Another connection feeds the session from now on."""


class Feed:
    """The publisher's end of a session: one connection after another sends its audio.

    Args:
        audio: what is sent.
        first: the sample, at the publisher's rate, that the session needs first.
        grace: seconds for which a lost publisher is waited for.

    Attributes:
        publisher: the connection that sends now; None while there is none.
    """

    def __init__(self, audio: AudioFormat, first: int, grace: float) -> None:
        self.publisher: Listener | None = None
        self._frame = audio.frame_bytes
        self._total = first * audio.frame_bytes
        self._skip = 0
        self._grace = grace
        self._missed = False
        self._turned = anyio.Event()

    @property
    def received(self) -> int:
        """Whole samples that came, in the publisher's own rate."""
        return self._total // self._frame

    def take_over(self, publisher: Listener) -> int:
        """Let this connection send, instead of the one before it.

        Returns:
            The next sample, in the publisher's own rate, that the session needs.
        """
        before, self.publisher = self.publisher, publisher
        if before is not None:
            before.superseded()
        self._missed = False
        self._turn()
        sample, cut = divmod(self._total, self._frame)
        self._total -= cut
        self._skip += cut  # of a publisher that was lost before it sent anything, too
        return sample

    def lose(self, publisher: Listener, *, resumable: bool) -> bool:
        """This connection is gone without having said that it was done.

        Args:
            publisher: the connection.
            resumable: whether it may come back at all.

        Returns:
            Whether nobody is waited for: the session is to end.
        """
        if self._missed or self.publisher not in (publisher, None):
            return False
        self.publisher = None
        if not (resumable and self._grace):
            return True
        self._missed = True
        self._turn()
        return False

    def receive(self, data: bytes) -> bytes:
        """Count these bytes; what of them the session has not had yet."""
        self._total += len(data)
        if self._skip:
            # The stored rest of a sample that was cut in two is sent again whole.
            dropped = min(self._skip, len(data))
            data, self._skip = data[dropped:], self._skip - dropped
        return data

    async def given_up(self) -> None:
        """Return when a lost publisher has not come back in time."""
        while True:
            turned = self._turned
            with anyio.move_on_after(self._grace if self._missed else None) as grace:
                await turned.wait()
            if grace.cancelled_caught and not turned.is_set():  # both can come at once
                return

    def _turn(self) -> None:
        """A publisher has come or gone."""
        self._turned.set()
        self._turned = anyio.Event()
