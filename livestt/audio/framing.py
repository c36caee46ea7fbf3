"""Container headers for bare codec packets, so that the container decoders can read them. Pure.

Some clients send the bare packets of a codec, one per message, and say elsewhere which codec it
is. What is added here makes of them the file that the same packets would have been in.

Sources: RFC 3533 section 6 (Ogg pages), RFC 7845 section 5 (Opus in Ogg), RFC 6716 section 3.1
(duration of an Opus packet), RFC 5574 section 5.1.2 and the Speex manual section 7.2 (Speex
header), RFC 4867 section 5.1 (AMR magic numbers); WAVE_FORMAT_G729 is registered as 0x83.
"""

from __future__ import annotations

import struct
from typing import Protocol

from livestt.errors import BadAudio

LONGEST_PACKET = 255 * 255 - 1
"""Bytes that one Ogg page holds."""
CONTAINER_MAGIC = (b"OggS", b"\x1a\x45\xdf\xa3", b"RIFF", b"fLaC", b"#!AM", b"caff")
"""How files begin. A client that says opus and sends WebM means WebM."""

_OPUS_RATE = 48_000
_SPEEX_FRAME_MS = 20


class Framing(Protocol):
    """Turns the messages of one stream into the bytes of a file."""

    def wrap(self, message: bytes) -> bytes:
        """The next bytes of the file.

        Raises:
            BadAudio: a message that cannot be a packet of the codec.
        """


class Prefix:
    """A `Framing` for codecs whose packets tell their own length: a header before the first."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def wrap(self, message: bytes) -> bytes:
        header, self._header = self._header, b""
        return message if message.startswith(CONTAINER_MAGIC) else header + message


class OggPackets:
    """A `Framing` for codecs of which each message is one packet: a page for each.

    Args:
        codec: ``opus`` or ``speex``.
        rate: Hz.
        channels: 1 or 2.
    """

    def __init__(self, codec: str, rate: int, channels: int) -> None:
        head = opus_head(rate, channels) if codec == "opus" else speex_head(rate, channels)
        tags = b"OpusTags" if codec == "opus" else b""
        self._headers = (head, tags + struct.pack("<I7sI", 7, b"livestt", 0))
        self._opus = codec == "opus"
        self._packet = rate * _SPEEX_FRAME_MS // 1000
        self._page = 0
        self._granule = 0
        self._is_file: bool | None = None

    def wrap(self, message: bytes) -> bytes:
        if self._is_file is None:
            self._is_file = message.startswith(CONTAINER_MAGIC)
        if self._is_file:
            return message
        if len(message) > LONGEST_PACKET:
            raise BadAudio(f"a packet of {len(message)} bytes: send one packet in each message")
        pages = b"" if self._page else b"".join(map(self._write, self._headers))
        self._granule += opus_samples(message) if self._opus else self._packet
        return pages + self._write(message)

    def _write(self, packet: bytes) -> bytes:
        page = ogg_page(packet, self._page, self._granule, first=self._page == 0)
        self._page += 1
        return page


def open_framing(name: str, rate: int, channels: int) -> Framing:
    """The framing of ``opus``, ``speex``, ``amr-nb``, ``amr-wb`` or ``g729``; of anything else,
    bytes that stay as they are."""
    match name:
        case "opus" | "speex":
            return OggPackets(name, rate, min(channels, 2))
        case "amr-nb":
            return Prefix(b"#!AMR\n")
        case "amr-wb":
            return Prefix(b"#!AMR-WB\n")
        case "g729":
            return Prefix(g729_header())
        case _:
            return Prefix(b"")


def opus_samples(packet: bytes) -> int:
    """How long an Opus packet lasts, in samples at 48 kHz (RFC 6716, table 2 and section 3.2)."""
    if not packet:
        return 0
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config % 4]
    elif config < 16:
        frame = (480, 960)[config % 2]
    else:
        frame = 120 << config % 4
    frames = (1, 2, 2, packet[1] & 0x3F if len(packet) > 1 else 0)[code]
    return frame * frames


def opus_head(rate: int, channels: int) -> bytes:
    return struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 0, rate, 0, 0)


def speex_head(rate: int, channels: int) -> bytes:
    """The 80 bytes of a Speex header: the mode follows from the rate."""
    mode = 0 if rate <= 12_500 else 1 if rate <= 25_000 else 2
    return struct.pack(
        "<8s20s13i", b"Speex   ", b"livestt", 1, 80, rate, mode, 4, channels, -1, 160 << mode,
        0, 1, 0, 0, 0,
    )  # fmt: skip


def g729_header() -> bytes:
    """A WAVE header for G.729 without an end: 10 bytes for each 10 ms at 8 kHz."""
    form = struct.pack("<HHIIHHH", 0x83, 1, 8_000, 1_000, 10, 1, 0)
    chunks = struct.pack("<4s4sI", b"WAVE", b"fmt ", len(form)) + form
    riff, data = (struct.pack("<4sI", name, 0xFFFFFFFF) for name in (b"RIFF", b"data"))
    return riff + chunks + data


def ogg_page(packet: bytes, number: int, granule: int, *, first: bool) -> bytes:
    """One packet as an Ogg page of its own."""
    full, rest = divmod(len(packet), 255)
    segments = b"\xff" * full + bytes([rest])
    flags = 2 if first else 0
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, 1, number, 0)
    page = head + bytes([len(segments)]) + segments + packet
    return page[:22] + struct.pack("<I", ogg_crc(page)) + page[26:]


def ogg_crc(data: bytes) -> int:
    """The checksum of RFC 3533: polynomial 0x04c11db7, unreflected, from 0."""
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFFFFFFFF) ^ _CRC_TABLE[crc >> 24 ^ byte]
    return crc


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(crc)
    return tuple(table)


_CRC_TABLE = _crc_table()
