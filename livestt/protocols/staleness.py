"""How old what a client shows is, as far as its acknowledgements say. Pure."""

from __future__ import annotations

from collections import deque

APART = 0.25
"""Seconds within which states count as sent with the first of them."""
MOST = 100
"""Times that are kept: a client that reads nothing for 20 s is gone before there are more."""


class Unseen:
    """The states that one client has been sent and has not acknowledged; for one that does so."""

    def __init__(self) -> None:
        self._sent: deque[tuple[int, float]] = deque(maxlen=MOST)

    def sent(self, seq: int, now: float) -> None:
        """A state begins its way to the client.

        Args:
            seq: its number.
            now: seconds, on a clock that never goes back.
        """
        first = self._sent.pop()[1] if self._sent and now - self._sent[-1][1] < APART else now
        self._sent.append((seq, first))

    def acknowledged(self, seq: int, now: float) -> float:
        """The client has applied a state.

        Args:
            seq: its number.
            now: seconds, on the same clock.

        Returns:
            Seconds for which the oldest state that it has not applied is on its way, or up to
            `APART` more; 0 if it has applied them all.
        """
        while self._sent and self._sent[0][0] <= seq:
            self._sent.popleft()
        return now - self._sent[0][1] if self._sent else 0.0
