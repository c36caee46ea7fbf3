"""Every way to send the same audio gives the same words."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import av
import numpy as np
import pytest

from livestt.audio.pcm import SAMPLE_TYPES
from livestt.engines import Engine, Samples
from livestt.engines.scripted import script_of
from livestt.testing import decode_file

from ..conftest import FIXTURES, Serve
from ..engines import Watched
from ..running import Running, converse

FULL = Path("/dev/full")
TEXT = " ".join(f"word{i}" for i in range(20))
SECONDS = 9


def manifest() -> dict[str, dict[str, str]]:
    lines = (FIXTURES / "speech" / "manifest.jsonl").read_text().splitlines()
    return {entry["id"]: entry for entry in map(json.loads, lines)}


def speech(name: str) -> Samples:
    return decode_file(Path(FIXTURES, "speech", f"{name}.flac"))


def s16(samples: Samples) -> bytes:
    return np.round(samples * 32767).astype("<i2").tobytes()


def encoded(samples: Samples, container: str, codec: str, rate: int = 48_000) -> bytes:
    """A file as a browser or a recorder would write it."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.layout = "mono"
        resampler = av.AudioResampler(stream.format, "mono", rate, frame_size=960)
        pcm = np.round(samples * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], "s16", "mono")
        frame.sample_rate, frame.pts = 16_000, 0
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
    return target.getvalue()


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of(TEXT)), max_sessions=64)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("encoding", ["s16le", "f32le", "mulaw", "alaw"])
def test_raw_audio(server: Running, encoding: str, rate: int, channels: int) -> None:
    audio = bytes(SECONDS * rate * channels * SAMPLE_TYPES[encoding].width)
    told = server.talk(
        *pieces(audio, 100_001), encoding=encoding, sample_rate=rate, channels=channels
    )
    assert told.text == TEXT
    assert told.state.audio_received == pytest.approx(SECONDS, abs=0.01)


CHUNKINGS: dict[str, Callable[[int], int]] = {
    "tiny": lambda i: 1 if i < 3000 else 7_001,
    "uneven": lambda i: (i * 7919) % 4001 + 1,
    "20 ms": lambda i: 640,
    "1 MiB": lambda i: 1 << 20,
}


@pytest.mark.parametrize("chunking", CHUNKINGS)
def test_any_chunking_at_full_speed_loses_no_word(server: Running, chunking: str) -> None:
    audio, frames, at = bytes(SECONDS * 32_000), [], 0
    while at < len(audio):
        size = CHUNKINGS[chunking](len(frames))
        frames.append(audio[at : at + size])
        at += size
    told = server.talk(*frames, encoding="s16le", words="true")
    assert told.text == TEXT
    assert told.state.audio_received == SECONDS


def test_undeclared_audio_is_pcm_with_pcm_input(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)), pcm_input=True)
    told = server.talk(bytes(SECONDS * 32_000))
    assert told.messages[0]["useAudioWorklet"] is True
    assert told.text == TEXT


@pytest.mark.parametrize(
    "audio",
    [b"this is no audio at all, but a sentence. " * 3000, bytes(100_000), b"\x1aE\xdf\xa3" * 9000],
    ids=["text", "zeros", "broken webm"],
)
def test_what_is_no_audio_is_said_and_the_socket_closed_properly(
    server: Running, audio: bytes
) -> None:
    told = server.talk(*pieces(audio, 10_000))
    [error] = told.of("error")
    assert error["code"] == "bad_audio"
    assert told.kinds[-1] == "ready_to_stop"
    assert told.close_code == 1007
    assert server.talk(bytes(SECONDS * 32_000), encoding="s16le").text == TEXT


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_file_that_finds_no_room_is_said_and_others_go_on(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its index comes at its end: until then it waits on the disk."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FULL.open("w+b"))
    size = 2 << 20
    file = b"\0\0\0\x0cftypM4A " + size.to_bytes(4, "big") + b"mdat" + bytes(size)
    told = server.talk(*pieces(file, 100_000))
    [error] = told.of("error")
    assert error["code"] == "disk_full"
    assert told.close_code == 1013
    assert server.talk(bytes(SECONDS * 32_000), encoding="s16le").text == TEXT


def test_half_a_file_is_transcribed_as_far_as_it_goes(server: Running) -> None:
    whole = encoded(np.zeros(16_000 * SECONDS, np.float32), "mp3", "libmp3lame")
    told = server.talk(*pieces(whole[: len(whole) // 2], 1000))
    assert TEXT.startswith(told.text.rsplit(" ", 1)[0])
    assert len(told.text.split()) > 5
    assert told.close_code == 1000


@pytest.fixture(scope="module")
def hearing(serve_all: Serve, lent_whisper: Engine) -> Running:
    return serve_all(lent_whisper, vad=True, language="en")


@pytest.fixture(scope="module")
def sentence() -> tuple[Samples, str]:
    entry = manifest()["slt-01"]
    return speech("slt-01"), entry["text"]


def folded(text: str) -> list[str]:
    return [word.strip(".,?!").lower() for word in text.split()]


@pytest.mark.parametrize("kind", ["pcm", "wav", "webm", "ogg", "mp3", "flac"])
def test_real_speech_in_every_container(
    hearing: Running, sentence: tuple[Samples, str], kind: str
) -> None:
    samples, text = sentence
    codecs = {"webm": "libopus", "ogg": "libopus", "mp3": "libmp3lame", "flac": "flac"}
    if kind == "pcm":
        data, query = s16(samples), {"encoding": "s16le"}
    elif kind == "wav":
        data, query = encoded(samples, "wav", "pcm_s16le", 16_000), {}
    else:
        data, query = encoded(samples, kind, codecs[kind], 48_000), {}
    told = hearing.talk(*pieces(data, 3000), **query)
    assert not told.of("error")
    same = sum(a == b for a, b in zip(folded(told.text), folded(text), strict=False))
    assert same >= len(folded(text)) - 2, told.text


def test_the_speed_of_sending_changes_little(
    hearing: Running, sentence: tuple[Samples, str]
) -> None:
    samples, _ = sentence

    async def in_time(speed: float) -> AsyncIterator[bytes]:
        for piece in pieces(s16(samples), 3200):
            yield piece
            await asyncio.sleep(0.1 / speed)
        yield b""

    slow = asyncio.run(converse(hearing.url(encoding="s16le"), in_time(2)))
    fast = asyncio.run(converse(hearing.url(encoding="s16le"), in_time(1000)))
    same = sum(a == b for a, b in zip(folded(slow.text), folded(fast.text), strict=False))
    assert same >= len(folded(fast.text)) - 2
    assert slow.state.finished
    assert fast.state.finished
