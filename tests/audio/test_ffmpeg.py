from __future__ import annotations

import shutil

import numpy as np
import pytest

from livestt.audio import AudioFormat, open_decoder
from livestt.audio import ffmpeg as ffmpeg_module
from livestt.audio.ffmpeg import FfmpegBackend, FfmpegDecoder
from livestt.errors import BadAudio, SetupError

from .helpers import chunks, correlation, decode, encode, sweep

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg program")


@needs_ffmpeg
@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [("webm", "libopus", 48_000), ("mp3", "libmp3lame", 44_100), ("ipod", "aac", 16_000)],
)
def test_child_and_library_agree(container: str, codec: str, rate: int):
    data = encode(sweep(1, rate), rate, container, codec, layout="stereo")
    child = decode(open_decoder(AudioFormat(), "ffmpeg"), chunks(data, [900]))
    library = decode(open_decoder(AudioFormat()), [data])
    assert abs(len(child) - len(library)) <= 2
    assert correlation(child, library) > 0.999
    assert np.abs(child).max() == pytest.approx(np.abs(library).max(), abs=0.02)
    assert np.array_equal(child, decode(open_decoder(AudioFormat(), "ffmpeg"), [data]))


@needs_ffmpeg
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"<html>" * 20_000, "HTML"),
        (np.random.default_rng(0).bytes(300_000), "not recognised"),
        (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "playlist"),
        (b"\0\0\0\x0cftypM4A \0\0\0\x40mdat" + b"\0" * 56, "index"),
    ],
)
def test_what_is_not_audio(data: bytes, says: str):
    with pytest.raises(BadAudio, match=says):
        decode(open_decoder(AudioFormat(), "ffmpeg"), chunks(data, [20_000]))


@needs_ffmpeg
def test_close_in_the_middle_ends_the_child():
    decoder = FfmpegBackend().stream()
    assert isinstance(decoder, FfmpegDecoder)
    decoder.feed(b"OggS")
    decoder.close()
    decoder.close()
    assert decoder._child.poll() is not None
    assert len(decoder.feed(b"x")) == sum(map(len, decoder.finish())) == 0


@needs_ffmpeg
def test_a_forgotten_decoder_ends_its_child():
    decoder = FfmpegDecoder(["cat"])
    child = decoder._child
    del decoder
    assert child.poll() is not None


@needs_ffmpeg
def test_a_child_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ffmpeg_module, "STALL_SECONDS", 0.05)
    decoder = FfmpegDecoder(["sleep", "60"])
    with pytest.raises(BadAudio, match="no progress"):
        decoder.feed(b"x" * 1_000_000)
    decoder.close()


def test_without_the_program_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="apt install ffmpeg"):
        open_decoder(AudioFormat(), "ffmpeg")
