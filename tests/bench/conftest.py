"""A recording whose words and times are known, and servers of both kinds that hear them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from server.running import Running
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from livestt.engines.scripted import ScriptedEngine, ScriptedWord, script_of
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.timebase import SAMPLE_RATE, clock, from_seconds, to_seconds

SECONDS = 1.5
SCRIPT = script_of(
    "One small step for every word.", start=from_seconds(0.2),
    pace=from_seconds(0.2), spoken=from_seconds(0.16),
)  # fmt: skip
TEXT = "One small step for every word."


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording of noise, said to be `TEXT`."""
    folder = tmp_path_factory.mktemp("speech")
    noise = np.random.default_rng(1).normal(0, 0.1, from_seconds(SECONDS))
    soundfile.write(folder / "noise.wav", noise, SAMPLE_RATE)
    words = [[w.text.strip(), to_seconds(w.start), to_seconds(w.end)] for w in SCRIPT]
    row = {"id": "noise", "file": "noise.wav", "text": TEXT, "words": words}
    path = folder / "manifest.jsonl"
    path.write_text(json.dumps(row) + "\n\n", encoding="utf-8")
    return path


@pytest.fixture
def livestt_server() -> Iterator[Running]:
    engine = ScriptedEngine(script=SCRIPT)
    settings = Settings(port=0, vad=False, max_sessions=2)
    with Running(engine, settings, Timing()) as server:
        yield server


class OtherServer:
    """Speaks ``/asr`` as WhisperLiveKit does: whole states without ids, clock times.

    A word is guessed in the buffer, at first wrongly, when it has been said, and moves into the
    only line when two more have been.
    """

    def __init__(self, *, takes_pcm: bool) -> None:
        self.takes_pcm = takes_pcm
        self.received: list[int] = []
        """Bytes of audio of each session."""

    def talk(self, socket: ServerConnection) -> None:
        config = {"type": "config", "useAudioWorklet": self.takes_pcm, "mode": "full"}
        socket.send(json.dumps(config))
        received = 0
        try:
            while frame := socket.recv():
                received += len(frame)
                said = [word for word in SCRIPT if word.end <= received // 2]
                socket.send(json.dumps(state(said, len(said) - 2)))
            self.received.append(received)
            socket.send(json.dumps(state(SCRIPT, len(SCRIPT))))
            socket.send(json.dumps({"type": "ready_to_stop"}))
            socket.recv()
        except ConnectionClosed:
            pass


def state(said: list[ScriptedWord], sure: int) -> dict[str, Any]:
    sure = max(0, sure)
    lines = [{
        "speaker": 1, "text": joined(said[:sure]), "start": clock(said[0].start),
        "end": clock(said[sure - 1].end),
    }] if sure else []  # fmt: skip
    guess = joined(said[sure:])
    if sure < len(said):
        guess = guess[:-1]  # the last word is not quite right yet
    return {
        "status": "active_transcription", "lines": lines, "buffer_transcription": guess,
        "buffer_diarization": "", "buffer_translation": "", "remaining_time_transcription": 0.3,
        "remaining_time_diarization": 0.0,
    }  # fmt: skip


def joined(words: list[ScriptedWord]) -> str:
    return "".join(word.text for word in words)


Other = Callable[..., tuple[str, OtherServer]]


@pytest.fixture
def other_server() -> Iterator[Other]:
    """Start one: ``other_server(takes_pcm=True)`` gives its address and itself."""
    with _started() as start:
        yield start


@contextmanager
def _started() -> Iterator[Other]:
    running = []

    def start(*, takes_pcm: bool) -> tuple[str, OtherServer]:
        other = OtherServer(takes_pcm=takes_pcm)
        server = serve(other.talk, "127.0.0.1", 0)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"ws://127.0.0.1:{server.socket.getsockname()[1]}/asr", other

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
