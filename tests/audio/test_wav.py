from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio import AudioFormat, Decoder, open_decoder
from livestt.audio.pcm import PcmDecoder
from livestt.audio.wav import WavDecoder
from livestt.engines import Samples
from livestt.errors import BadAudio

from .helpers import chunks, decode, encode, s16, sweep

GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    stated = len(body) if size is None else size
    return name + struct.pack("<I", stated) + body + b"\0" * (len(body) % 2)


def fmt(tag: int, bits: int, rate: int = 16_000, channels: int = 1, more: bytes = b"") -> bytes:
    block = channels * -(-bits // 8)
    body = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    return chunk(b"fmt ", body + more)


def wav(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def read(data: bytes, sizes: tuple[int, ...] = (10_000,)) -> Samples:
    return decode(open_decoder(AudioFormat()), chunks(data, sizes))


SIGNAL = sweep(0.1)
DATA = chunk(b"data", s16(SIGNAL))
PLAIN = decode(PcmDecoder("s16le", 16_000, 1), [s16(SIGNAL)])


@pytest.mark.parametrize(
    ("codec", "tolerance"),
    [
        ("pcm_u8", 1 / 100),
        ("pcm_s16le", 1e-6),
        ("pcm_s24le", 1e-6),
        ("pcm_s32le", 1e-6),
        ("pcm_f32le", 1e-6),
        ("pcm_f64le", 1e-6),
        ("pcm_mulaw", 1 / 30),
        ("pcm_alaw", 1 / 30),
    ],
)
def test_every_sample_type(codec: str, tolerance: float):
    samples = read(encode(SIGNAL, 16_000, "wav", codec))
    reference = s16(SIGNAL)
    assert samples == pytest.approx(np.frombuffer(reference, "<i2") / 32768, abs=tolerance)


def test_extensible_header():
    more = struct.pack("<HHIH", 22, 16, 4, 1) + GUID_TAIL
    assert np.array_equal(read(wav(fmt(0xFFFE, 16, more=more), DATA)), PLAIN)


def test_unknown_chunks_are_skipped_with_their_padding():
    data = wav(chunk(b"JUNK", b"x" * 27), fmt(1, 16), chunk(b"LIST", b"abc"), DATA)
    assert np.array_equal(read(data), PLAIN)


def test_what_follows_the_data_is_ignored():
    assert np.array_equal(read(wav(fmt(1, 16), DATA, chunk(b"LIST", b"x" * 50))), PLAIN)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_streamed_file_goes_on_until_its_end(size: int):
    assert np.array_equal(read(wav(fmt(1, 16), chunk(b"data", s16(SIGNAL), size))), PLAIN)


def test_first_samples_come_with_the_first_bytes():
    decoder = open_decoder(AudioFormat())
    assert len(decoder.feed(wav(fmt(1, 16), DATA)[: 44 + 20])) == 10
    decoder.close()


def test_a_file_without_samples_is_silence():
    assert len(read(wav(fmt(1, 16), chunk(b"data", b"")))) == 0


def test_other_codecs_go_to_the_fallback_with_every_byte():
    seen = bytearray()

    class Fallback(PcmDecoder):
        def feed(self, data: bytes) -> Samples:
            seen.extend(data)
            return super().feed(data)

    def fallback() -> Decoder:
        return Fallback("u8", 16_000, 1)

    data = wav(chunk(b"JUNK", b"1234"), fmt(2, 4), DATA)
    decode(WavDecoder(fallback), chunks(data, [7]))
    assert seen == data


def test_adpcm_and_rf64_are_decoded_by_ffmpeg():
    assert len(read(encode(SIGNAL, 16_000, "wav", "adpcm_ms"))) >= len(SIGNAL)
    rf64 = encode(SIGNAL, 16_000, "wav", "pcm_s16le", options={"rf64": "always"})
    assert rf64.startswith(b"RF64")
    assert np.array_equal(read(rf64), PLAIN)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (wav(fmt(1, 16))[:20], "inside its header"),
        (wav(fmt(1, 16)), "inside its header"),
        (wav(DATA), "no fmt chunk"),
        (wav(chunk(b"fmt ", b"\1\0\1\0"), DATA), "too short"),
        (wav(fmt(1, 16, channels=9), DATA), "9 channels"),
        (wav(fmt(1, 16, rate=1_000), DATA), "1000 Hz"),
        (wav(chunk(b"JUNK", b"", 2 << 20), fmt(1, 16), DATA), "first MiB"),
    ],
)
def test_damaged_headers(data: bytes, says: str):
    decoder = open_decoder(AudioFormat())
    for _ in range(2):
        with pytest.raises(BadAudio, match=says):  # noqa: PT012
            decoder.feed(data)
            list(decoder.finish())
    decoder.close()


@given(
    junk=st.binary(max_size=60),
    size=st.sampled_from([None, 0, 50]),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=4),
)
def test_any_chunking_gives_the_same_samples(junk: bytes, size: int | None, sizes: list[int]):
    data = wav(
        chunk(b"JUNK", junk),
        fmt(1, 16, rate=44_100),
        chunk(b"LIST", junk),
        chunk(b"data", s16(SIGNAL), size),
    )
    assert np.array_equal(read(data, tuple(sizes)), read(data))
