"""The channels of containers and whole files, decoded apart. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import BinaryIO

import numpy as np

from livestt.audio.allowance import check_apart
from livestt.audio.channels import RawSplitter
from livestt.audio.container import ContainerDecoder, Seekable, Source, decode_channels
from livestt.audio.decoder import join
from livestt.audio.explain import INDEX_ADVICE, INDEX_LAST
from livestt.audio.format import AudioFormat
from livestt.audio.reading import READ
from livestt.audio.sniff import sniff
from livestt.engines import Samples
from livestt.errors import BadAudio
from livestt.spool import open_spool
from livestt.timebase import SAMPLE_RATE

APART = AudioFormat("s16le", SAMPLE_RATE, 1)
"""What the channels of a container become."""


class ContainerSplitter:
    """Takes the channels of a container apart while it comes.

    Args:
        channels: that it must have.
    """

    def __init__(self, channels: int) -> None:
        self._head: bytearray | None = bytearray()
        self._decoder = ContainerDecoder(partial(_interleaved, channels))
        self._raw = RawSplitter(AudioFormat(APART.encoding, SAMPLE_RATE, channels))

    def split(self, data: bytes) -> list[bytes]:
        """The next bytes of each channel, in the format `APART`.

        Raises:
            BadAudio: not audio, or of another number of channels.
        """
        self._check(data)
        return self._parts(self._decoder.feed(data))

    def finish(self) -> list[bytes]:
        """The last bytes of each channel. Raises as `split`."""
        return self._parts(join(list(self._decoder.finish())))

    def close(self) -> None:
        self._decoder.close()

    def _check(self, data: bytes) -> None:
        """Refuse, as soon as it shows, what cannot be decoded while it comes."""
        if self._head is None:
            return
        self._head += data
        kind = sniff(self._head)
        if kind == "whole":
            raise BadAudio(f"{INDEX_LAST}, and its channels are taken apart live: {INDEX_ADVICE}")
        if kind is not None:
            self._head = None

    def _parts(self, samples: Samples) -> list[bytes]:
        return self._raw.split(s16le(samples))


@contextmanager
def separated(file: BinaryIO, audio: AudioFormat) -> Iterator[tuple[AudioFormat, list[BinaryIO]]]:
    """A file's channels, each as a file of headerless samples and in what format.

    Args:
        file: open for binary reading, seekable.
        audio: what the bytes are; ``auto`` tells by content.

    Raises:
        BadAudio: the file holds no audio that can be decoded.
        DiskFull: the disk is full.
    """
    with ExitStack() as stack:

        def open_file() -> BinaryIO:
            return stack.enter_context(open_spool())

        if audio.encoding == "auto":
            files = _write(_decoded(file), open_file)
            form = APART
        else:
            splitter = RawSplitter(audio)
            file.seek(0)
            files = _write(map(splitter.split, iter(partial(file.read, READ), b"")), open_file)
            form = splitter.apart
        for one in files:
            one.seek(0)
        yield form, files


def _write(parts: Iterator[Sequence[bytes]], open_file: Callable[[], BinaryIO]) -> list[BinaryIO]:
    """Each channel into a file."""
    files: list[BinaryIO] = []
    for part in parts:
        files = files or [open_file() for _ in part]
        if len(files) != len(part):
            raise BadAudio("the number of channels changes in the middle: send one file for each")
        for file, data in zip(files, part, strict=True):
            file.write(data)
    return files or [open_file()]


def _decoded(file: BinaryIO) -> Iterator[list[bytes]]:
    made = 0
    for channels in decode_channels(Seekable(file)):
        made += channels.size
        check_apart(made)
        yield [s16le(samples) for samples in channels]


def _interleaved(expected: int, source: Source) -> Iterator[Samples]:
    for channels in decode_channels(source):
        if len(channels) != expected:
            raise BadAudio(f"the audio has {len(channels)} channels, not {expected} as was said")
        yield channels.T.reshape(-1)


def s16le(samples: Samples) -> bytes:
    return np.round(samples * 32767).astype("<i2").tobytes()
