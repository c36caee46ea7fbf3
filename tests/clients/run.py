"""Run real clients, each in an environment of its own, against a running livestt.

Usage: ``scripts/test-clients [NAME ...]``; without names, all of them. Environments are kept in
``~/.cache/livestt-clients`` (or $LIVESTT_CLIENTS) for the next time.

A client is a script in this folder that gets the server's address and a WAV file as arguments,
and prints a line ``WHAT: TRANSCRIPT`` for each way it tries. To add one, add it to `CLIENTS`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import venv
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np

from livestt.testing import decode_file

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"
CACHE = Path(os.environ.get("LIVESTT_CLIENTS") or Path.home() / ".cache" / "livestt-clients")
SENTENCE = "awb-01"
UNVERIFIED = ssl._create_unverified_context()
TRUSTING = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_OPTIONS": "--experimental-websocket"}
"""For Node: take the server's own certificate, and have WebSocket before version 22 too."""
PATIENCE = 120.0
"""Seconds that a server may take to start, and a client to finish."""


@dataclass(frozen=True, slots=True)
class Client:
    """One library, as one version of it."""

    name: str
    script: str
    packages: tuple[str, ...]
    """From PyPI for a Python script, from npm for a JavaScript one."""
    says: tuple[str, ...] = ("live",)
    """What the script prints a transcript of."""
    tls: bool = False
    """Whether it wants a server with TLS; its certificate is the server's own."""


OPENAI_REST_NODE = ("json", "text", "srt", "vtt", "words", "diarized", "stream")
OPENAI_REST = (*OPENAI_REST_NODE, "segments", "done", "asyncio")
CLIENTS = (
    Client(
        "deepgram-python-7",
        "deepgram_python.py",
        ("deepgram-sdk==7.17.0",),
        ("live", "file", "turns"),
    ),
    Client("deepgram-python-5", "deepgram_python.py", ("deepgram-sdk==5.3.4",), ("live", "file")),
    Client(
        "deepgram-python-4", "deepgram_python_old.py", ("deepgram-sdk==4.8.1",), ("live", "file")
    ),
    Client(
        "deepgram-python-3", "deepgram_python_old.py", ("deepgram-sdk==3.11.0",), ("live", "file")
    ),
    Client(
        "deepgram-node-5", "deepgram_node.mjs", ("@deepgram/sdk@5.13.0",), ("live", "file", "turns")
    ),
    Client("deepgram-node-4", "deepgram_node_old.mjs", ("@deepgram/sdk@4.11.3",), ("live", "file")),
    Client("deepgram-node-3", "deepgram_node_old.mjs", ("@deepgram/sdk@3.13.0",), ("live", "file")),
    Client(
        "deepgram-livekit",
        "deepgram_livekit.py",
        ("livekit-agents==1.8.9", "livekit-plugins-deepgram==1.8.9"),
        ("live", "file", "turns"),
    ),
    Client(
        "deepgram-pipecat",
        "deepgram_pipecat.py",
        ("pipecat-ai[deepgram]==1.14.0",),
        ("live", "turns"),
    ),
    Client(
        "openai-realtime-python",
        "openai_realtime_python.py",
        ("openai[realtime]==3.52.0",),
        ("live", "sync", "beta", "ephemeral"),
    ),
    Client(
        "openai-realtime-node",
        "openai_realtime_node.mjs",
        ("openai@7.55.0", "ws@8"),
        ("live", "browser"),
        tls=True,
    ),
    Client(
        "openai-realtime-livekit",
        "openai_realtime_livekit.py",
        ("livekit-agents==1.8.9", "livekit-plugins-openai==1.8.9"),
        ("server vad", "own vad"),
    ),
    Client(
        "openai-realtime-pipecat",
        "openai_realtime_pipecat.py",
        ("pipecat-ai[openai]==1.14.0",),
        ("own vad", "server vad"),
    ),
    Client("openai-rest-python", "openai_rest_python.py", ("openai==3.52.0",), OPENAI_REST),
    Client("openai-rest-node", "openai_rest_node.mjs", ("openai@7.55.0",), OPENAI_REST_NODE),
    Client(
        "bazarr-and-speakr", "bazarr_and_speakr.py", ("requests==2.32.5",), ("bazarr", "speakr")
    ),
)


def main() -> int:
    """Exit status: how many clients got something other than the right transcript."""
    parser = argparse.ArgumentParser(description="Run real clients against a running livestt.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="beginnings of clients' names")
    wanted = tuple(parser.parse_args().names)
    chosen = [c for c in CLIENTS if not wanted or c.name.startswith(wanted)]
    with tempfile.TemporaryDirectory() as folder:
        recording, text = speech(Path(folder))
        failed = []
        for tls in sorted({client.tls for client in chosen}):
            with serving(tls=tls) as address:
                failed += [
                    client.name
                    for client in chosen
                    if client.tls == tls and not passes(client, address, recording, text)
                ]
    print(f"{len(chosen) - len(failed)} of {len(chosen)} clients got the right transcript")
    return len(failed)


def passes(client: Client, address: str, recording: Path, text: str) -> bool:
    """Run one client and compare what it prints."""
    command = prepared(client)
    try:
        run = subprocess.run(
            [*command, address, str(recording)],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
            env={**os.environ, **(TRUSTING if client.tls else {})},
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        print(f"FAILED  {client.name}: not done after {PATIENCE:.0f} s\n{late.output}")
        return False
    said = dict(re.findall(r"^([\w -]+): (.*)$", run.stdout, re.MULTILINE))
    right = run.returncode == 0 and all(alike(said.get(what, ""), text) for what in client.says)
    print(f"{'ok' if right else 'FAILED':7} {client.name}")
    for what in client.says:
        print(f"        {what}: {said.get(what, '(nothing)')}")
    if not right:
        print(run.stdout[-2000:], run.stderr[-2000:])
    return right


def alike(said: str, text: str) -> bool:
    """Nine words of ten are the same; times may cut one apart."""
    a, b = (re.findall(r"\w+", words.lower()) for words in (said, text))
    return SequenceMatcher(None, a, b).ratio() >= 0.9


def prepared(client: Client) -> list[str]:
    """The command that runs the client's script, its packages installed."""
    mark = sha256("\n".join((sys.version, *client.packages)).encode()).hexdigest()[:8]
    place = CACHE / f"{client.name}-{mark}"
    if client.script.endswith(".mjs"):
        if not (place / "done").exists():
            place.mkdir(parents=True, exist_ok=True)
            (place / "package.json").write_text("{}")
            install(["npm", "install", "--silent", "--no-audit", "--no-fund", *client.packages],
                    place)  # fmt: skip
        # A module is searched for beside the script that imports it.
        return ["node", shutil.copy(HERE / client.script, place)]
    python = place / "bin" / "python"
    if not (place / "done").exists():
        venv.create(place, with_pip=True, clear=True)
        install([str(python), "-m", "pip", "install", "--quiet", *client.packages], place)
    return [str(python), str(HERE / client.script)]


def install(command: list[str], place: Path) -> None:
    print(f"installing into {place}", flush=True)
    subprocess.run(command, cwd=place, check=True)
    (place / "done").touch()


def speech(folder: Path) -> tuple[Path, str]:
    """A sentence that the model of the fixtures understands, as 16-bit WAV, and its text."""
    samples = decode_file(FIXTURES / "speech" / f"{SENTENCE}.flac")
    path = folder / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    rows = (FIXTURES / "speech" / "manifest.jsonl").read_text("utf-8").splitlines()
    return path, next(row["text"] for row in map(json.loads, rows) if row["id"] == SENTENCE)


@contextmanager
def serving(*, tls: bool) -> Iterator[str]:
    """A server that runs the model of the fixtures, as its address."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "livestt", "serve", "--model", str(FIXTURES / "whisper-synth")]
    command += ["--language", "en", "--port", str(port)]
    command += ["--ssl-self-signed"] if tls else []
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        wait_for(f"{address}/health", server)
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    end = monotonic() + PATIENCE
    while monotonic() < end and server.poll() is None:
        try:
            with urlopen(address, context=UNVERIFIED):
                return
        except URLError:
            sleep(0.1)
    raise SystemExit("the server did not start; try `livestt serve` by hand")


if __name__ == "__main__":
    sys.exit(main())
