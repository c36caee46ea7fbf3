"""The channels of a stream, each as a mono stream of its own. Pure."""

from __future__ import annotations

from livestt.audio.format import AudioFormat


class RawSplitter:
    """Takes interleaved headerless samples apart.

    Args:
        audio: how they are interleaved.

    Attributes:
        apart: the format of each part.
    """

    def __init__(self, audio: AudioFormat) -> None:
        self._channels = audio.channels
        self._width = audio.frame_bytes // audio.channels
        self._rest = b""
        self.apart = AudioFormat(audio.encoding, audio.sample_rate, 1)

    def split(self, data: bytes) -> list[bytes]:
        """The next bytes of each channel. Bytes that do not complete a frame wait."""
        data = self._rest + data
        frame = self._width * self._channels
        whole = len(data) - len(data) % frame
        self._rest = data[whole:]
        return [self._channel(data[:whole], at * self._width) for at in range(self._channels)]

    def finish(self) -> list[bytes]:
        """Nothing more: samples that are not whole are lost."""
        return [b""] * self._channels

    def close(self) -> None:
        """Nothing to free."""

    def _channel(self, data: bytes, offset: int) -> bytes:
        frame = self._width * self._channels
        apart = bytearray(len(data) // self._channels)
        for byte in range(self._width):
            apart[byte :: self._width] = data[offset + byte :: frame]
        return bytes(apart)
