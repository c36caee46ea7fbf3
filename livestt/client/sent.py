"""What a client sent and may have to send again. Pure."""

from __future__ import annotations

from collections import deque

KEPT = 10.0
"""Seconds kept before what the server has committed: it stores how far it is now and then."""
KEPT_UNSTORED = 600.0
"""The same while the server cannot store: 19 MB of 16 kHz."""
SAMPLE_BYTES = {"s16le": 2, "f32le": 4, "mulaw": 1, "alaw": 1}


class Sent:
    """The newest audio of a session, addressed by its bytes from the start.

    Args:
        encoding: of the audio; a container cannot be sent again from its middle.
        sample_rate: Hz.
        channels: interleaved.

    Attributes:
        end: bytes put in so far.
        cursor: bytes that the present connection has taken.
    """

    def __init__(self, encoding: str, sample_rate: int, channels: int) -> None:
        self.keeps = encoding in SAMPLE_BYTES
        self.end = 0
        self.cursor = 0
        self._frame = SAMPLE_BYTES.get(encoding, 1) * channels
        self._rate = sample_rate
        self._pieces: deque[bytes] = deque()
        self._start = 0

    def put(self, audio: bytes) -> None:
        self._pieces.append(audio)
        self.end += len(audio)

    def next(self) -> bytes | None:
        """The piece at the cursor, which moves behind it."""
        at = self._start
        for piece in self._pieces:
            if at + len(piece) > self.cursor:
                rest = piece[self.cursor - at :]
                self.cursor = at + len(piece)
                if not self.keeps:
                    self._forget(self.cursor)
                return rest
            at += len(piece)
        return None

    def rewind(self, sample: int) -> bool:
        """Go on from this sample; False if it is gone, or was never put in."""
        at = sample * self._frame
        if not self._start <= at <= self.end:
            return False
        self.cursor = at
        return True

    def committed(self, seconds: float, *, stored: bool = True) -> None:
        """The server has committed everything before this, and will not ask for it again.

        Args:
            seconds: from the start of the session.
            stored: whether it could store what it committed; otherwise another server may ask.
        """
        kept = KEPT if stored else KEPT_UNSTORED
        safe = int((seconds - kept) * self._rate) * self._frame
        self._forget(min(safe, self.cursor))

    def _forget(self, before: int) -> None:
        while self._pieces and self._start + len(self._pieces[0]) <= before:
            self._start += len(self._pieces.popleft())
