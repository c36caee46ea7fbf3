"""The real server in a process of its own, before a model of the fixtures."""

from __future__ import annotations

import socket
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import av

from .fake_server import wait_for

FIXTURES = Path(__file__).parents[1] / "fixtures"


@contextmanager
def serving(*options: str | Path) -> Iterator[str]:
    """Start it with these options beside the small English Whisper; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "livestt", "--port", str(port), "--language", "en"),
        *("--model-path", FIXTURES / "whisper-synth", *options),
    ]
    server = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(lambda: server.poll() is not None or _answers(url), timeout=120)
        assert server.poll() is None
        yield url
    finally:
        server.terminate()
        server.wait(30)


def write_wav(source: Path, target: Path) -> None:
    """A recording as 16-bit mono at 16 kHz, which is what a browser plays as its microphone."""
    with av.open(str(source)) as container, wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                file.writeframes(part.to_ndarray().tobytes())


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}health", timeout=5):
            return True
    except (URLError, OSError):
        return False
