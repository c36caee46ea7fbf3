"""Detection of the format by content, and the two ways of reading a container."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from livestt.audio.decoder import NO_SAMPLES, Decoder
from livestt.audio.explain import INDEX_ADVICE, INDEX_LAST, not_audio
from livestt.audio.sniff import id3_size, media_end, sniff
from livestt.audio.wav import WavDecoder
from livestt.engines import Samples
from livestt.errors import BadAudio
from livestt.spool import open_spool

MAX_WHOLE_BYTES = 256 << 20
"""Largest file kept because it cannot be decoded as a stream."""


class Backend(Protocol):
    """A way to decode what livestt does not parse itself."""

    def stream(self) -> Decoder:
        """Decode bytes as they come."""

    def whole(self, file: BinaryIO) -> Iterator[Samples]:
        """Decode a complete file that needs seeking, a few seconds at a time.

        Raises, while iterated over:
            BadAudio: no audio in it.
        """


class AutoDecoder:
    """A `livestt.audio.decoder.Decoder` that looks at the first bytes and then hands over."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._head = bytearray()
        self._skip = 0  # bytes of an ID3 tag still to drop
        self._inner: Decoder | None = None
        self._failure: str | None = None

    @property
    def waits(self) -> bool:
        return self._inner is not None and self._inner.waits

    def feed(self, data: bytes) -> Samples:
        with self._failing_for_good():
            if self._inner is None:
                self._head += data
                self._drop_tags()
                self._inner = self._open()
                if self._inner is None:
                    return NO_SAMPLES
                data = self._take_head()
            return self._inner.feed(data)

    def finish(self) -> Iterator[Samples]:
        with self._failing_for_good():
            if self._inner is None:
                self._inner = self._open(ended=True)
                head = self._take_head()
                if self._inner is None:
                    raise not_audio(b"ID3\4" if self._skip else head)
                yield self._inner.feed(head)
            yield from self._inner.finish()

    def close(self) -> None:
        self._head.clear()
        if self._inner is not None:
            self._inner.close()

    @contextmanager
    def _failing_for_good(self) -> Iterator[None]:
        """Let every call after a failed one fail alike; the decoders need not remember."""
        if self._failure is not None:
            raise BadAudio(self._failure)
        try:
            yield
        except BadAudio as error:
            self._failure = str(error)
            raise

    def _drop_tags(self) -> None:
        while self._head:
            dropped = min(self._skip, len(self._head))
            del self._head[:dropped]
            self._skip -= dropped
            if not self._skip:
                self._skip = id3_size(self._head)
            if not self._skip:
                return

    def _open(self, *, ended: bool = False) -> Decoder | None:
        """The decoder for what follows, or None while the head does not tell."""
        if self._skip or not self._head:
            return None
        match sniff(self._head, ended=ended):
            case "wav":
                return WavDecoder(self._backend.stream)
            case "whole":
                return WholeDecoder(self._backend.whole)
            case "stream":
                return self._backend.stream()
            case None:
                return None

    def _take_head(self) -> bytes:
        head = bytes(self._head)
        self._head.clear()
        return head


class WholeDecoder:
    """A `livestt.audio.decoder.Decoder` for files that can only be read once they are complete."""

    waits = True

    def __init__(
        self, decode: Callable[[BinaryIO], Iterator[Samples]], limit: int = MAX_WHOLE_BYTES
    ) -> None:
        self._decode = decode
        self._limit = limit
        self._size = self._declared = 0
        self._file = open_spool()

    def feed(self, data: bytes) -> Samples:
        if not self._size:
            self._declared = media_end(data)
        self._size += len(data)
        if max(self._size, self._declared) > self._limit:
            raise BadAudio(f"{INDEX_LAST} and is over {self._limit >> 20} MiB: {INDEX_ADVICE}")
        self._file.write(data)
        return NO_SAMPLES

    def finish(self) -> Iterator[Samples]:
        made = False
        try:
            for samples in self._decode(self._file):
                made = made or len(samples) > 0
                yield samples
        except BadAudio as error:
            if made:
                raise
            raise BadAudio(
                "this MP4 has no readable index (moov) before or after its audio: send the whole"
                f" file, or one written as fragments ({error})"
            ) from error

    def close(self) -> None:
        self._file.close()
