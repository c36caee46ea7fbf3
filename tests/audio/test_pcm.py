from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.audio import AudioFormat, Encoding, open_decoder
from livestt.audio.pcm import SAMPLE_TYPES, PcmDecoder

from .helpers import chunks, correlation, decode, s16, sweep


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_any_rate_becomes_16_khz(rate: int):
    samples = decode(open_decoder(AudioFormat("s16le", rate)), [s16(sweep(1, rate))])
    assert abs(len(samples) - 16_000) <= 1
    assert correlation(samples, sweep(1)) > 0.9999


def test_16_khz_is_not_touched():
    samples = sweep(0.1)
    assert np.array_equal(decode(open_decoder(AudioFormat("f32le")), [samples.tobytes()]), samples)


def test_channels_are_averaged():
    interleaved = np.array([[0.5, -0.25, 0.0], [1.0, 1.0, -1.0]], "<f4")
    samples = decode(open_decoder(AudioFormat("f32le", 16_000, 3)), [interleaved.tobytes()])
    assert samples == pytest.approx([0.25 / 3, 1 / 3])


def test_floats_out_of_range_are_clipped_and_no_numbers_are_silence():
    data = np.array([2.0, -3.0, np.nan, np.inf, -np.inf, 0.5], "<f4").tobytes()
    samples = decode(open_decoder(AudioFormat("f32le")), [data])
    assert samples.tolist() == [1.0, -1.0, 0.0, 0.0, 0.0, 0.5]


def test_infinity_in_a_resampled_stream_stays_local():
    data = np.zeros(8_000, "<f4")
    data[4_000] = np.inf
    samples = decode(open_decoder(AudioFormat("f32le", 8_000)), [data.tobytes()])
    assert not samples.any()


def test_bytes_that_complete_no_frame_are_dropped_at_the_end():
    decoder = open_decoder(AudioFormat("s16le", 16_000, 2))
    assert len(decode(decoder, [b"\0" * 11])) == 2


def test_no_bytes_give_no_samples():
    assert len(decode(open_decoder(AudioFormat("s16le", 8_000)), [])) == 0


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_g711_agrees_with_ffmpeg(encoding: str):
    codec = av.CodecContext.create(f"pcm_{encoding}", "r")
    codec.sample_rate, codec.layout = 8_000, "mono"
    codes = bytes(range(256))
    (frame,) = codec.decode(av.Packet(codes))
    expected = frame.to_ndarray()[0] / 32768
    assert np.array_equal(SAMPLE_TYPES[encoding].decode(codes), expected.astype(np.float32))


@pytest.mark.parametrize(
    ("encoding", "data", "value"),
    [
        ("u8", b"\x00", -1.0),
        ("u8", b"\x80", 0.0),
        ("s16le", b"\x00\x40", 0.5),
        ("s24le", b"\x00\x00\xc0", -0.5),
        ("s32le", b"\x00\x00\x00\x80", -1.0),
        ("f64le", np.float64(0.25).tobytes(), 0.25),
    ],
)
def test_full_scale_is_one(encoding: str, data: bytes, value: float):
    assert SAMPLE_TYPES[encoding].decode(data).tolist() == [value]


@given(
    encoding=st.sampled_from(["s16le", "f32le", "mulaw", "alaw"]),
    rate=st.sampled_from([8_000, 16_000, 44_100]),
    channels=st.integers(1, 8),
    data=st.binary(max_size=3_000),
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=5),
)
def test_any_chunking_gives_the_same_samples(
    encoding: Encoding, rate: int, channels: int, data: bytes, sizes: list[int]
):
    at_once = decode(PcmDecoder(encoding, rate, channels), [data])
    assert np.array_equal(
        decode(PcmDecoder(encoding, rate, channels), chunks(data, sizes)), at_once
    )
