"""A bounded pipe between a caller that has bytes and a thread that reads them as a file."""

from __future__ import annotations

import threading

from livestt.audio.decoder import NO_SAMPLES, join
from livestt.audio.explain import HEAD
from livestt.engines import Samples
from livestt.errors import BadAudio

BLOCK = 128
"""The reader sees the input in blocks of this many bytes, however the caller cuts it.

FFmpeg's probes and parsers act on what one read returns, so reads of varying length would make
the result depend on the network. 128 bytes are 40 ms of 24 kbit/s.
"""

STALL_SECONDS = 30.0


class Pipe:
    """A rendezvous: `feed` returns when the reader has used up the input and wants more.

    That bounds the memory to one call's input and output, and makes the result of each call
    depend on nothing but the bytes so far.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._input = bytearray()
        self._output: list[Samples] = []
        self._steps = 0  # reads and blocks: whether the reader is getting on
        self._no_more = False
        self._starved = False
        self._over = False
        self._error: BadAudio | None = None
        self.head = b""
        """The first bytes read, for explanations."""
        self.taken = 0
        """Bytes read."""
        self.ended = False
        """Whether the reader has seen the end of the input."""

    # The reader's side.

    def read(self, size: int) -> bytes:
        """The next bytes, at most to the end of the block; empty at the end of the input."""
        with self._changed:
            if not self._readable():
                self._starved = True
                self._changed.notify_all()
                self._changed.wait_for(self._readable)
                self._starved = False
            if self._over:
                self._input.clear()
            size = min(size, self._wanted())
            data = bytes(self._input[:size])
            del self._input[:size]
            if self.taken < HEAD:
                self.head += data[: HEAD - self.taken]
            self.taken += len(data)
            self.ended = self.ended or not data
            self._steps += 1
            return data

    def put(self, samples: Samples) -> None:
        """Add to the output."""
        with self._changed:
            self._steps += 1
            if len(samples) and not self._over:
                self._output.append(samples)

    def end(self, error: BadAudio | None = None) -> None:
        """Say that nothing more will be read or put. The first call counts."""
        with self._changed:
            if not self._over:
                self._over = True
                self._error = error
                self._input.clear()
                self._changed.notify_all()

    def abort(self) -> None:
        """End from either side: the reader reads the end of the input, calls return at once."""
        self.end()

    # The caller's side.

    def feed(self, data: bytes) -> Samples:
        """Add input; return the samples that the reader made of it.

        Raises:
            BadAudio: what the reader ended with, once its samples have been returned; or the
                reader made no step for `STALL_SECONDS`.
        """
        with self._changed:
            if not self._over:
                self._input += data
                self._changed.notify_all()
                self._wait()
            return self._take()

    def finish(self) -> Samples:
        """Close the input; return the rest. Raises as `feed`."""
        with self._changed:
            self._no_more = True
            self._changed.notify_all()
            self._wait()
            return self._take()

    def _wanted(self) -> int:
        return BLOCK - self.taken % BLOCK

    def _readable(self) -> bool:
        return self._over or self._no_more or len(self._input) >= self._wanted()

    def _settled(self) -> bool:
        return self._over or (self._starved and not self._readable())

    def _wait(self) -> None:
        steps = -1
        while not self._changed.wait_for(self._settled, STALL_SECONDS):
            if steps == self._steps:
                self.end(BadAudio("the decoder made no progress on this stream: it is damaged"))
            steps = self._steps

    def _take(self) -> Samples:
        if not self._output and self._error is not None:
            raise BadAudio(str(self._error)) from self._error
        samples = join(self._output) if self._output else NO_SAMPLES
        self._output.clear()
        return samples
