from __future__ import annotations

import contextlib
import gc
import io
import threading
from collections.abc import Iterator
from functools import cache
from shutil import which

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livestt.audio import AudioFormat, BackendName, open_decoder
from livestt.audio import container as container_module
from livestt.audio.container import ContainerDecoder, Source, open_input
from livestt.engines import Samples
from livestt.errors import BadAudio

from .helpers import RATE, chunks, correlation, decode, encode, sweep

FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}
FORMS = {
    "webm": (48_000, "webm", "libopus", {}),
    "ogg": (48_000, "ogg", "libopus", {}),
    "mp3": (44_100, "mp3", "libmp3lame", {}),
    "flac": (48_000, "flac", "flac", {}),
    "aac": (16_000, "adts", "aac", {}),
    "fragmented-mp4": (16_000, "mp4", "aac", FRAGMENTED),
    "m4a": (16_000, "ipod", "aac", {}),
}
LIVE = [name for name in FORMS if name != "m4a"]


@cache
def audio_file(name: str, layout: str = "mono") -> bytes:
    rate, container, codec, options = FORMS[name]
    return encode(sweep(2, rate), rate, container, codec, layout=layout, options=options)


def threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.name == "livestt-decoder"}


@pytest.fixture(autouse=True)
def _no_thread_left():
    yield
    gc.collect()
    for thread in threads():
        thread.join(1)
    assert not threads()


def test_tags_in_any_encoding():
    said = sweep(1)
    data = encode(said, RATE, "flac", "flac", tags={"title": "Cafe"}).replace(b"Cafe", b"Caf\xe9")
    assert correlation(decode(open_decoder(AudioFormat()), [data]), said) > 0.999
    with open_input(io.BytesIO(data)) as file:
        assert file.duration == av.time_base


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("name", FORMS)
def test_every_container(name: str, layout: str):
    samples = decode(open_decoder(AudioFormat()), [audio_file(name, layout)])
    assert correlation(samples, sweep(2)) > 0.999


@pytest.mark.parametrize("name", LIVE)
def test_samples_come_while_bytes_come(name: str):
    data = audio_file(name)
    decoder = open_decoder(AudioFormat())
    early = sum(len(decoder.feed(piece)) for piece in chunks(data[: len(data) * 3 // 4], [500]))
    decoder.close()
    assert early > 0.2 * 32_000  # FLAC's parser wants ten frames ahead, Ogg has pages of 1 s


@pytest.mark.parametrize(
    "backend",
    ["pyav", pytest.param("ffmpeg", marks=pytest.mark.skipif(not which("ffmpeg"), reason=""))],
)
def test_an_index_at_the_end_is_known_early_and_decoded_in_pieces(backend: BackendName):
    data = encode(sweep(30), 16_000, "ipod", "aac")
    decoder = open_decoder(AudioFormat(), backend)
    try:
        assert not decoder.waits
        assert len(decoder.feed(data[:100])) == 0
        assert decoder.waits
        assert len(decoder.feed(data[100:])) == 0
        sizes = [len(samples) for samples in decoder.finish()]
    finally:
        decoder.close()
    assert sum(sizes) >= 30 * 16_000
    assert max(sizes) < 3 * 16_000


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(list(FORMS)), sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=4)
)
def test_any_chunking_gives_the_same_samples(name: str, sizes: list[int]):
    data = audio_file(name)
    at_once = decode(open_decoder(AudioFormat()), [data])
    assert np.array_equal(decode(open_decoder(AudioFormat()), chunks(data, sizes)), at_once)


@pytest.mark.parametrize("name", LIVE)
def test_a_cut_file_gives_everything_up_to_the_cut(name: str):
    data = audio_file(name)
    whole = decode(open_decoder(AudioFormat()), [data])
    samples = decode(open_decoder(AudioFormat()), [data[: len(data) * 3 // 4]])
    assert 0.4 * len(whole) < len(samples) < 0.9 * len(whole)


def test_a_large_tag_before_mp3_is_dropped():
    picture = b"ID3\4\0\0" + bytes([0, 0x20, 0, 0]) + b"\xff\xfb" * (1 << 18)
    plain = decode(open_decoder(AudioFormat()), [audio_file("mp3")])
    tagged = decode(open_decoder(AudioFormat()), chunks(picture + audio_file("mp3"), [70_000]))
    assert np.array_equal(tagged, plain)


@pytest.mark.parametrize("name", ["mp3", "flac", "aac"])
def test_damage_in_the_middle_is_stepped_over(name: str):
    data = bytearray(audio_file(name))
    middle = len(data) // 2
    data[middle : middle + 500] = b"\xaa" * 500
    samples = decode(open_decoder(AudioFormat()), [bytes(data)])
    assert len(samples) > 24_000


def test_too_many_channels_are_refused():
    data = encode(sweep(0.2), 16_000, "w64", "pcm_s16le", layout="hexadecagonal")
    with pytest.raises(BadAudio, match="16 channels"):
        decode(open_decoder(AudioFormat()), [data])


def test_eight_planar_channels():
    data = encode(sweep(2, 48_000), 48_000, "matroska", "aac", layout="7.1")
    assert correlation(decode(open_decoder(AudioFormat()), [data]), sweep(2)) > 0.9


def test_the_rate_may_change_inside_a_stream():
    data = [encode(sweep(1, rate), rate, "ogg", "flac") for rate in (48_000, 16_000)]
    samples = decode(open_decoder(AudioFormat()), data)
    assert abs(len(samples) - 32_000) < 10


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\x00\x01", "not recognised"),
        (b"<!DOCTYPE html>" + b"<p>hello</p>" * 5_000, "HTML"),
        (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "playlist"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "text"),
        (b"ID3\4\0\0\0\0\2\1" + b"\0" * 50, "not recognised"),
        (audio_file("m4a")[:5_000], "index"),
        (audio_file("webm")[:100], "not recognised"),
        (np.random.default_rng(0).bytes(100_000), "not recognised"),
    ],
)
def test_what_is_not_audio(data: bytes, says: str):
    with pytest.raises(BadAudio, match=says):
        decode(open_decoder(AudioFormat()), chunks(data, [4_000]))


def test_garbage_is_refused_within_a_second_of_raw_audio():
    decoder = open_decoder(AudioFormat())
    noise = np.random.default_rng(0).bytes(40_000)
    with pytest.raises(BadAudio, match="not recognised"):
        decoder.feed(noise)
    with pytest.raises(BadAudio, match="not recognised"):
        decoder.feed(noise)
    with pytest.raises(BadAudio, match="not recognised"):
        list(decoder.finish())
    decoder.close()


def test_close_in_the_middle_ends_the_thread():
    decoder = ContainerDecoder()
    decoder.feed(audio_file("webm")[:5_000])
    assert len(threads()) == 1
    decoder.close()
    decoder.close()
    assert not threads()
    assert len(decoder.feed(b"more")) == 0


def test_finish_ends_the_thread():
    decoder = ContainerDecoder()
    decoder.feed(audio_file("webm"))
    list(decoder.finish())
    assert not threads()
    decoder.close()


def test_a_forgotten_decoder_ends_its_thread():
    decoder = ContainerDecoder()
    decoder.feed(audio_file("webm")[:5_000])
    del decoder  # the fixture checks


def test_a_bug_in_the_thread_is_reported_and_nobody_waits(monkeypatch: pytest.MonkeyPatch):
    reported = []

    def broken(source: Source) -> Iterator[Samples]:
        source.read(1)
        raise ZeroDivisionError

    monkeypatch.setattr(container_module, "decode", broken)
    monkeypatch.setattr(threading, "excepthook", reported.append)
    decoder = ContainerDecoder()
    with pytest.raises(BadAudio, match="decoder failed"):
        decoder.feed(b"x" * 1_000)
    decoder.close()
    assert [report.exc_type for report in reported] == [ZeroDivisionError]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(list(FORMS)),
    seed=st.integers(0, 1 << 32),
    damages=st.integers(1, 200),
    within=st.sampled_from([600, 1 << 20]),
)
def test_damage_never_hangs_and_raises_only_bad_audio(
    name: str, seed: int, damages: int, within: int
):
    random = np.random.default_rng(seed)
    data = bytearray(audio_file(name))
    for place in random.integers(0, min(within, len(data)), damages):
        data[place] = random.integers(256)
    outcomes = []
    for size in (len(data), 777):
        try:
            outcomes.append(decode(open_decoder(AudioFormat()), chunks(bytes(data), [size])))
        except BadAudio as error:
            outcomes.append(str(error))
    assert np.array_equal(*outcomes)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    magic=st.sampled_from([b"", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"RIFF", b"ID3", b"\xff\xfb"]),
    noise=st.binary(max_size=3_000),
)
def test_noise_is_bad_audio_or_silence(magic: bytes, noise: bytes):
    with contextlib.suppress(BadAudio):
        decode(open_decoder(AudioFormat()), chunks(magic + noise, [512]))
