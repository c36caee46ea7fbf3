"""Which decoder a stream needs, from its first bytes.

Sources: ISO/IEC 14496-12 section 4.2 (boxes); ID3v2.4.0 section 3.1 (tag header).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

from livestt.audio.wav import is_wave

Kind = Literal["wav", "stream", "whole"]
"""``whole``: an MP4 whose index comes after its audio, so nothing can be decoded before its end."""

HEAD = 12
"""Bytes that suffice for everything but MP4."""

_FIRST_BOXES = frozenset([b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"])
_MAX_WALK = 1 << 20


def id3_size(head: bytes | bytearray) -> int:
    """Length of the ID3v2 tag that ``head`` (10 bytes or more) opens; 0 if there is none.

    A tag may hold a picture larger than anything FFmpeg's probe would read, and says nothing
    about the audio, so the caller drops it.
    """
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer


def sniff(head: bytes | bytearray, *, ended: bool = False) -> Kind | None:
    """Choose a decoder, or None if more bytes are needed (never when ``ended``)."""
    if len(head) < HEAD and not ended:
        return None
    if is_wave(head):
        return "wav"
    if bytes(head[4:8]) not in _FIRST_BOXES:
        return "stream"
    kind = _mp4_kind(head)
    return "whole" if ended and kind is None else kind


def media_end(head: bytes | bytearray) -> int:
    """Bytes up to the end of the media data of an MP4, as its first bytes say; 0 if they do not."""
    for position, name, size in _boxes(head):
        if name == b"mdat":
            return position + size if size else 0
    return 0


def _mp4_kind(head: bytes | bytearray) -> Kind | None:
    """Walk the top-level boxes to whichever comes first, the index or the media data."""
    end = 0
    for position, name, size in _boxes(head):
        if name == b"mdat":
            return "whole"
        if name == b"moov" or size < 8:
            return "stream"
        end = position + size
    return "stream" if end > _MAX_WALK else None


def _boxes(head: bytes | bytearray) -> Iterator[tuple[int, bytes, int]]:
    """Top-level boxes: where each begins, its name and size, which is 0 if it goes to the end."""
    position = 0
    while len(head) >= position + 16 and position <= _MAX_WALK:
        size, name, large = struct.unpack_from(">I4sQ", head, position)
        size = large if size == 1 else size
        yield position, name, size
        position += max(8, size)
