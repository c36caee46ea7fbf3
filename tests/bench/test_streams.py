"""Streams say what they claim to say, when they claim to, in every encoding."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from livestt.audio import AudioFormat, open_decoder
from livestt.bench import watch
from livestt.bench.encodings import Encoding
from livestt.bench.manifest import Item, read_manifest, speech_bounds
from livestt.bench.streams import Studio
from livestt.engines import Samples
from livestt.errors import SetupError
from livestt.timebase import SAMPLE_RATE, from_seconds

FRAME = 0.06


def tone(seconds: float, pitch: float) -> Samples:
    """A tone between two short silences."""
    sound = 0.5 * np.sin(2 * np.pi * pitch * np.arange(from_seconds(seconds)) / SAMPLE_RATE)
    quiet = np.zeros(from_seconds(0.2))
    return np.concatenate([quiet, sound, quiet]).astype(np.float32)


def studio() -> Studio:
    items = [
        Item("a", Path("a"), "Alpha one.", words=(("Alpha", 0.2, 0.4), ("one.", 0.4, 0.7))),
        Item("b", Path("b"), "Beta."),
    ]
    return Studio(list(zip(items, [tone(0.5, 440), tone(0.3, 880)], strict=True)), FRAME, "en")


def test_a_stream_says_every_recording_before_it_says_one_again() -> None:
    stream = studio().stream(seconds=4.0, gap=0.5, seed=1)
    assert stream.frames * FRAME >= 4.0
    texts = [part.item.id for part in stream.parts if not isinstance(part, int)]
    assert all({a, b} == {"a", "b"} for a, b in zip(texts[::2], texts[1::2], strict=False))
    assert isinstance(stream.parts[-1], int)


def test_streams_differ_by_seed_only() -> None:
    maker = studio()
    one, same, other = (maker.stream(20.0, 0.5, seed) for seed in (1, 1, 2))
    assert one.parts == same.parts
    assert one.parts != other.parts


def test_references_are_where_the_sound_is() -> None:
    maker = studio()
    stream = maker.stream(6.0, 0.5, seed=3)
    sound = heard(maker, stream, "f32le")
    for turn in stream.reference.turns:
        inside = sound[from_seconds(turn.onset) : from_seconds(turn.end)]
        assert np.abs(inside).max() > 0.4
        assert np.abs(sound[from_seconds(turn.onset - 0.1) : from_seconds(turn.onset)]).max() < 0.1
    timed = [word for word in stream.reference.spoken if word.text == "alpha"]
    begins = {turn.onset for turn in stream.reference.turns}
    assert timed
    assert all(word.start in begins for word in timed)
    assert next(w.start for w in stream.reference.spoken if w.text == "beta") is None


def heard(maker: Studio, stream: object, encoding: Encoding) -> Samples:
    """What a server decodes from the frames of a stream."""
    raw = encoding not in ("wav", "webm")
    audio = AudioFormat(encoding, SAMPLE_RATE, 1) if raw else AudioFormat()  # type: ignore[arg-type]
    decoder = open_decoder(audio)
    try:
        chunks = list(maker.chunks(stream, encoding))  # type: ignore[arg-type]
        parts = [decoder.feed(unpacked(data)) for _, data in chunks]
        assert [due for due, _ in chunks] == sorted(due for due, _ in chunks)
        return np.concatenate([*parts, *decoder.finish()])
    finally:
        decoder.close()


def unpacked(message: bytes) -> bytes:
    """The payload of one message of a client."""
    reader = StreamReader()
    reader.feed_data(message)
    parser = Frame.parse(reader.read_exact, mask=True)
    try:
        next(parser)
    except StopIteration as done:
        frame: Frame = done.value
        assert frame.opcode is Opcode.BINARY
        return bytes(frame.data)
    raise AssertionError("not a whole frame")


@pytest.mark.parametrize(
    ("encoding", "near"),
    [("f32le", 0), ("s16le", 1e-4), ("wav", 1e-4), ("mulaw", 0.02), ("alaw", 0.02), ("webm", 0.2)],
)
def test_encodings(encoding: Encoding, near: float) -> None:
    maker = studio()
    stream = maker.stream(2.0, 0.3, seed=1)
    sound = np.concatenate([maker._sound(part) for part in stream.parts])
    decoded = heard(maker, stream, encoding)
    if encoding == "webm":  # the encoder's delay is left in
        decoded = decoded[: len(sound)]
        assert abs(len(decoded) - len(sound)) < from_seconds(0.1)
        assert np.sqrt(np.mean(decoded**2)) == pytest.approx(np.sqrt(np.mean(sound**2)), rel=near)
    else:
        assert len(decoded) == len(sound)
        assert np.abs(decoded - sound).max() <= near


def test_webm_comes_bit_by_bit() -> None:
    maker = studio()
    dues = [due for due, _ in maker.chunks(maker.stream(2.0, 0.3, seed=1), "webm")]
    assert len(dues) > 10


def test_speech_bounds() -> None:
    assert speech_bounds(tone(0.5, 440)) == (pytest.approx(0.2), pytest.approx(0.7))
    assert speech_bounds(np.zeros(1600, np.float32)) == (0.0, 0.1)


def test_manifest(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    rows = [
        {"file": "a.wav", "text": "A", "kind": "x", "language": "en"},
        {"file": "b.wav", "text": "B", "scoring": "loose"},
        {"file": "c.wav", "text": None, "scoring": "none", "words": [["c", 0, 1]]},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    a, c = read_manifest(path)
    assert a == Item("a.wav", tmp_path / "a.wav", "A", "en", "x")
    assert (c.text, c.words) == ("", (("c", 0.0, 1.0),))
    assert read_manifest(path, ["x"]) == [a]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no item"),
        ('{"text": "no file"}', "line 1: not an object"),
        ("[1]", "line 1: not an object"),
        ("{", "line 1: not an object"),
        ('{"file": "a", "words": [["a", 1]]}', "line 1: not an object"),
    ],
)
def test_bad_manifests(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(text)
    with pytest.raises(SetupError, match=says):
        read_manifest(path)


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Cannot read the manifest"):
        read_manifest(tmp_path / "none")


LISTENER = """
import socket, sys
held = socket.create_server(("127.0.0.1", 0))
print(held.getsockname()[1], flush=True)
sum(i * i for i in range(300_000))
print(len(bytearray(b"x" * 50_000_000)), flush=True)
sys.stdin.read()
"""


def test_a_server_is_found_and_watched() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdin
        port = int(child.stdout.readline())
        assert watch.find_server(f"ws://localhost:{port}/asr") == child.pid
        assert watch.find_server(f"ws://127.0.0.1:{port}") == child.pid
        assert watch.find_server(f"ws://192.0.2.1:{port}/asr") is None
        looking = watch.Watch(child.pid)
        looking.start()
        child.stdout.readline()
        looking.look()
        child.stdin.close()
    assert looking.usage.peak_rss >= looking.usage.idle_rss > 0
    assert looking.usage.cpu >= 0
    looking.look()  # it has gone, and that is no error


def test_this_process_is_not_its_own_server() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as here:
        assert watch.find_server(f"ws://127.0.0.1:{here.getsockname()[1]}/asr") is None
    assert watch.find_server("ws://127.0.0.1:9/asr") is None
    assert watch.Watch(os.getpid()).usage.rss == []
