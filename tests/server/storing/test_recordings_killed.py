"""A recording outlives the real program that made it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from livestt.server.storing.recordings import HEADER, SUFFIX, Recordings

from ..live.test_restart import read_port
from ..running import PATIENCE, wait_until
from .test_recordings import Shelf, played, tone

ROOT = Path(__file__).parents[3]
SECONDS = 24
HALF = SECONDS * 16_000
"""Bytes of half of it."""
PCM = np.random.default_rng(5).integers(-9000, 9000, SECONDS * 16_000).astype("<i2").tobytes()


@contextmanager
def program(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server and its port. However it is left, it is killed."""
    options = ["--backend", "scripted", "--no-vad", "--port", "0", "--log-level", "info"]
    kept = ["--store", str(folder / "t.db"), "--record-dir", str(folder / "audio")]
    command = [sys.executable, "-m", "livestt", "serve", *options, *kept]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        try:
            yield process, read_port(process)[0]
        finally:
            process.kill()


def send(client: ClientConnection, pcm: bytes) -> None:
    for start in range(0, len(pcm), 16_000):
        client.send(pcm[start : start + 16_000])


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_server_is_killed_and_another_goes_on(tmp_path: Path) -> None:
    with (
        program(tmp_path) as (process, port),
        connect(f"ws://127.0.0.1:{port}/asr?encoding=s16le", max_size=None) as client,
    ):
        session = json.loads(client.recv(PATIENCE))["session"]
        file = tmp_path / "audio" / f"{session}{SUFFIX}"
        send(client, PCM[:HALF])
        while not any(
            line.get("text") for line in json.loads(client.recv(PATIENCE)).get("lines", ())
        ):
            pass
        wait_until(lambda: file.exists() and file.stat().st_size > HEADER)
        process.kill()
        process.wait()
    sound = played(file.read_bytes())
    assert len(sound)
    expected = np.frombuffer(PCM, "<i2")
    assert np.abs(sound.astype(int) - expected[: len(sound)]).max() <= 1

    with program(tmp_path) as (_, port):
        url = f"ws://127.0.0.1:{port}/asr?encoding=s16le&session={session}"
        with connect(url, max_size=None) as client:
            config = json.loads(client.recv(PATIENCE))
            assert config["session"] == session
            resumed = config["resume_from_sample"]
            send(client, PCM[2 * resumed :])
            client.send(b"")
            while json.loads(client.recv(PATIENCE)).get("type") != "ready_to_stop":
                pass
        address = f"http://127.0.0.1:{port}/transcripts/{session}/audio"
        whole = played(urlopen(address, timeout=PATIENCE).read())
    assert len(whole) == len(expected)
    wrong = np.flatnonzero(np.abs(whole.astype(int) - expected) > 1)
    assert not np.any(whole[wrong]), "what was lost is silence"
    assert np.all((wrong >= len(sound)) & (wrong < resumed)), "and was said in the last second"


def test_what_a_kill_cut_off_stays_playable(tmp_path: Path) -> None:
    with closing(Shelf()) as shelf:
        kept = Recordings(tmp_path, 1_000_000, shelf)  # type: ignore[arg-type]
        kept.write("a", 0, [tone(100)])
        path = kept.find("a")
        assert path is not None
        with path.open("ab") as file:
            file.write(b"\x01")  # half a sample, and no header that counts it
        assert len(played(path.read_bytes())) == 100
        kept.write("a", 20, [tone(10)])
        assert played(path.read_bytes()).tolist() == [8192] * 100
