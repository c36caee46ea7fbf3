"""Whole files, decoded piece by piece. Blocking."""

from __future__ import annotations

from collections.abc import Generator
from typing import BinaryIO

from livestt.audio import BackendName, open_decoder
from livestt.audio.allowance import piece_of
from livestt.audio.format import AudioFormat
from livestt.audio.sniff import sniff
from livestt.engines import Samples

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
        from livestt.audio.container import PyAvBackend

        yield from PyAvBackend().whole(file)
        return
    decoder = open_decoder(audio_format, backend)
    try:
        file.seek(0)
        while data := file.read(piece_of(audio_format)):
            yield decoder.feed(data)
        yield from decoder.finish()
    finally:
        decoder.close()


def _needs_seeking(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(SNIFFED)
    return sniff(head, ended=len(head) < SNIFFED) == "whole"
