"""Whole files, decoded piece by piece. Blocking."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import BinaryIO

from livestt.audio import BackendName, open_decoder
from livestt.audio.allowance import piece_of
from livestt.audio.decoder import join
from livestt.audio.explain import HEAD
from livestt.audio.format import AudioFormat
from livestt.audio.sniff import sniff
from livestt.engines import Samples
from livestt.timebase import SAMPLE_RATE

READ = 1 << 16
"""Bytes of a file read at a time where it is only copied."""
SNIFFED = 1 << 20
"""Bytes from which the kind of file is told; only an MP4 may need more than a few."""


def read_audio(
    file: BinaryIO, audio_format: AudioFormat | None = None, backend: BackendName = "pyav"
) -> Generator[Samples, None, None]:
    """Decode a file from its start, with memory for a few seconds of it.

    An MP4 with its index at the end is read by seeking, however large it is.

    Args:
        file: open for binary reading, seekable.
        audio_format: what the bytes are; by default told by content.
        backend: what reads containers, see `livestt.audio.open_decoder`.

    Yields:
        mono float32 ``[n]`` at 16 kHz; ``n`` may be 0 now and then.

    Raises:
        BadAudio: the file holds no audio that can be decoded.
        SetupError: backend ``ffmpeg`` without that program.
    """
    audio_format = audio_format or AudioFormat()
    if backend == "pyav" and audio_format.encoding == "auto" and _needs_seeking(file):
        from livestt.audio.container import decode

        yield from _grouped(decode(Seekable(file)))
        return
    decoder = open_decoder(audio_format, backend)
    try:
        file.seek(0)
        while data := file.read(piece_of(audio_format)):
            yield decoder.feed(data)
        yield decoder.finish()
    finally:
        decoder.close()


def _grouped(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Decoded frames, a second or more at a time."""
    group: list[Samples] = []
    for block in blocks:
        group.append(block)
        if sum(map(len, group)) >= SAMPLE_RATE:
            yield join(group)
            group = []
    yield join(group)


def _needs_seeking(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(SNIFFED)
    return sniff(head, ended=len(head) < SNIFFED) == "whole"


class Seekable:
    """A file as a `livestt.audio.container.Source`."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self.head = file.read(HEAD)
        self.taken = file.seek(0, 2)
        self.ended = True
        file.seek(0)
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell
