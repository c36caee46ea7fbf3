"""Audio that a client sent and may have to send again. Pure."""

from __future__ import annotations

from collections import deque

KEPT = 30.0
"""Seconds kept before what the server has committed. What it has stored may be 5 s behind, another
server listens again from up to 5 s before that, and a database may be slow."""
KEPT_UNSTORED = 600.0
"""The same while the server cannot store: 19 MB of 16 kHz."""
SAMPLE_BYTES = {"s16le": 2, "f32le": 4, "mulaw": 1, "alaw": 1}
SILENT = {"mulaw": b"\xff", "alaw": b"\xd5"}
"""The byte of silence, where it is not zero."""
LONGEST_GAP = 600.0
"""Seconds of audio that may be gone and become silence; a server that lacks more is no use."""


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
        self._silence = SILENT.get(encoding, b"\0")
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

    def lacks(self, sample: int) -> float | None:
        """Seconds of the audio from this sample on that are gone.

        Returns:
            None if there never was such a sample, or too much is gone to go on from there.
        """
        gone = max(0, self._start - sample * self._frame) / (self._frame * self._rate)
        return gone if sample * self._frame <= self.end and gone <= LONGEST_GAP else None

    def rewind(self, sample: int) -> bool:
        """Go on from this sample, with silence for what is gone; False where `lacks` says None."""
        if self.lacks(sample) is None:
            return False
        self.cursor = sample * self._frame
        while self._start > self.cursor:
            piece = min(self._start - self.cursor, self._frame * self._rate)
            self._pieces.appendleft(self._silence * piece)
            self._start -= piece
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
