from __future__ import annotations

import struct

import pytest

from livestt.audio.explain import not_audio
from livestt.audio.sniff import Kind, id3_size, media_end, sniff


def box(name: bytes, size: int = 8) -> bytes:
    return struct.pack(">I4s", size, name) + b"\0" * (size - 8)


FTYP = box(b"ftyp", 24)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"RIFF\0\0\0\0AVI LIST", "stream"),
        (b"RF64\0\0\0\0WAVEds64", "stream"),
        (b"\x1aE\xdf\xa3" + b"\0" * 12, "stream"),
        (FTYP + box(b"moov", 16), "stream"),
        (FTYP + box(b"mdat", 16), "whole"),
        (FTYP + box(b"free", 32) + box(b"mdat", 16), "whole"),
        (FTYP + struct.pack(">I4sQ", 1, b"uuid", 24) + b"\0" * 8 + box(b"mdat", 16), "whole"),
        (FTYP + struct.pack(">I4sQ", 0, b"junk", 0), "stream"),
        (FTYP + box(b"free", 2 << 20), "stream"),
        (FTYP, None),
        (b"RIFF", None),
    ],
)
def test_kinds(head: bytes, kind: Kind | None):
    assert sniff(head) == kind


def test_at_the_end_there_is_always_a_choice():
    assert sniff(b"RIFF", ended=True) == "stream"
    assert sniff(FTYP, ended=True) == "whole"


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (FTYP + box(b"mdat", 40), 64),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 5 << 32) + bytes(16), 24 + (5 << 32)),
        (FTYP + struct.pack(">I4s", 0, b"mdat") + bytes(16), 0),
        (FTYP + box(b"moov", 16), 0),
        (b"OggS" + bytes(40), 0),
    ],
)
def test_where_the_media_of_an_mp4_ends(head: bytes, end: int):
    assert media_end(head) == end


def test_id3_size_is_four_times_seven_bits():
    assert id3_size(b"ID3\4\0\0\0\0\2\1") == 10 + 257
    assert id3_size(b"ID3\4\0\x10\0\0\2\1") == 20 + 257
    assert id3_size(b"ID3") == 0
    assert id3_size(b"fLaC\0\0\0\0\0\0") == 0


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html>", "HTML"),
        (b'{"type": "configure"}', "JSON"),
        (b"#EXTM3U\n", "playlist"),
        (b"hello, world", "text"),
        (b"\0\1\2\3", "not recognised"),
    ],
)
def test_explanations_name_the_cause_and_the_cure(head: bytes, says: str):
    message = str(not_audio(head))
    assert says in message
    assert "WebM" in message
    assert "sample_rate" in message
