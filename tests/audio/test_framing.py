"""Bare packets become files that the container decoders read."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from livestt.audio import AudioFormat, open_decoder
from livestt.audio.framing import LONGEST_PACKET, OggPackets, open_framing, opus_samples
from livestt.engines import Samples
from livestt.errors import BadAudio
from livestt.testing import decode_file

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech" / "slt-01.flac"


def packets(codec: str, rate: int) -> list[bytes]:
    """A sentence as the packets of a codec."""
    encoder = av.CodecContext.create(codec, "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, "mono", "s16"
    encoder.open()
    pcm = np.round(decode_file(SPEECH) * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(pcm[None], "s16", "mono")
    frame.sample_rate = 16_000
    resampler = av.AudioResampler("s16", "mono", rate, frame_size=encoder.frame_size)
    return [bytes(p) for piece in resampler.resample(frame) for p in encoder.encode(piece)]


def decoded(messages: list[bytes], name: str, rate: int) -> Samples:
    framing, decoder = open_framing(name, rate, 1), open_decoder(AudioFormat())
    try:
        blocks = [decoder.feed(framing.wrap(message)) for message in messages]
        return np.concatenate([*blocks, *decoder.finish()])
    finally:
        decoder.close()


def likeness(heard: Samples) -> float:
    """The correlation of two recordings at the best offset."""
    said = decode_file(SPEECH)
    count = min(len(heard), len(said))
    return max(
        float(np.corrcoef(heard[shift:count], said[: count - shift])[0, 1])
        for shift in range(0, 800, 8)
    )


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_opus_packets(rate: int) -> None:
    assert likeness(decoded(packets("libopus", rate), "opus", rate)) > 0.99


def test_amr_packets_cut_anywhere() -> None:
    data = SPEECH.with_suffix(".amr").read_bytes().removeprefix(b"#!AMR\n")
    pieces = [data[i : i + 50] for i in range(0, len(data), 50)]
    assert likeness(decoded(pieces, "amr-nb", 8_000)) > 0.8


def test_speex_packets_are_an_ogg_that_is_read() -> None:
    packet = bytes.fromhex(
        "2a09be4e73778d0e105b35ebd22013a339e38781b4d889d260373e34d752b6e81294d0f2b417"
    )
    heard = decoded([packet] * 50, "speex", 8_000)
    assert len(heard) == 16_000


def test_g729_frames_last_ten_milliseconds() -> None:
    assert len(decoded([bytes(20)] * 50, "g729", 8_000)) == 16_000


@pytest.mark.parametrize("name", ["opus", "amr-nb", "g729", "none"])
def test_a_file_stays_as_it_is(name: str) -> None:
    file = SPEECH.read_bytes()
    framing = open_framing(name, 8_000, 1)
    assert b"".join(framing.wrap(file[i : i + 999]) for i in range(0, len(file), 999)) == file


def test_a_packet_too_long_for_a_page_is_refused() -> None:
    with pytest.raises(BadAudio, match="one packet in each message"):
        OggPackets("opus", 48_000, 1).wrap(bytes(LONGEST_PACKET + 1))


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"", 0),
        (bytes([0 << 3]), 480),
        (bytes([3 << 3 | 1]), 5760),
        (bytes([13 << 3]), 960),
        (bytes([19 << 3 | 2]), 1920),
        (bytes([31 << 3 | 3, 6]), 5760),
        (bytes([31 << 3 | 3]), 0),
    ],
)
def test_how_long_an_opus_packet_lasts(packet: bytes, samples: int) -> None:
    assert opus_samples(packet) == samples
