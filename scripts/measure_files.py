#!/usr/bin/env python3
"""Measure files through a server: words, times, memory, and speed next to the live path.

    python scripts/measure_files.py tests/fixtures/whisper-synth --seconds 30,300,3600

A file is made of the fixtures' sentences with pauses between them. It is sent to
``/v1/audio/transcriptions`` and to ``POST /asr`` of a server of its own, and, at most
``--live-seconds`` of it, to the WebSocket as fast as that takes it. Memory is the server's, most
over what it had before. Further options are the server's. A word's time is off by how far its
middle is from where it was said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import httpx2
import jiwer
import numpy as np
import soundfile

from livestt.client import connect
from livestt.testing import decode_file
from livestt.timebase import SAMPLE_RATE

SPEECH = Path(__file__).parents[1] / "tests" / "fixtures" / "speech"
PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Said:
    """Words, and where each is said, in seconds."""

    words: list[tuple[str, float, float]]
    seconds: float

    @property
    def text(self) -> str:
        return " ".join(folded(word) for word, _, _ in self.words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--seconds", default="30,300,3600")
    parser.add_argument("--live-seconds", type=float, default=300)
    parser.add_argument("--format", default="flac", help="of the file, as soundfile names it")
    chosen, more = parser.parse_known_args()
    with TemporaryDirectory() as folder, serving(chosen.model, more) as (address, pid):
        warm(address, Path(folder))
        for seconds in map(float, chosen.seconds.split(",")):
            path = Path(folder) / f"{seconds:.0f}.{chosen.format}"
            said = make(path, seconds)
            took, cpu = measure("openai", address, pid, path, said)
            measure("asr", address, pid, path, said)
            if seconds <= chosen.live_seconds:
                live, live_cpu = measure("live", address, pid, path, said)
                say(
                    f"         the live path takes {live / took:.1f} times as long and "
                    f"{live_cpu / cpu:.1f} times the CPU"
                )


def make(path: Path, seconds: float) -> Said:
    """A file of about this length, and what is said in it."""
    rows = [json.loads(line) for line in (SPEECH / "manifest.jsonl").read_text().splitlines()]
    sentences = [row for row in rows if not row["id"].startswith("stream")]
    chance, noise = random.Random(1), np.random.default_rng(1)
    parts, words, at = [], [], 0
    while at < (seconds - 5) * SAMPLE_RATE:
        row = chance.choice(sentences)
        sound = decode_file(SPEECH / row["file"])
        words += [(w, a + at / SAMPLE_RATE, b + at / SAMPLE_RATE) for w, a, b in row["words"]]
        pause = noise.normal(0, 3e-4, round(chance.uniform(0.2, 1.6) * SAMPLE_RATE))
        parts += [sound, pause.astype(np.float32)]
        at += len(sound) + len(pause)
    parts.append(np.zeros(max(0, round(seconds * SAMPLE_RATE) - at), np.float32))
    samples = np.concatenate(parts)
    soundfile.write(path, samples, SAMPLE_RATE)
    return Said(words, len(samples) / SAMPLE_RATE)


def warm(address: str, folder: Path) -> None:
    make(folder / "warm.wav", 20)
    for ask in (by_openai, by_asr, by_socket):
        ask(address, folder / "warm.wav")


def measure(name: str, address: str, pid: int, path: Path, said: Said) -> tuple[float, float]:
    """Send a file one way and say how that went; the seconds and the CPU seconds it took."""
    ways = {"openai": by_openai, "asr": by_asr, "live": by_socket}
    cpu, before = cpu_seconds(pid), memory(pid)
    begun = time.perf_counter()
    with watching(pid) as peak:
        words = ways[name](address, path)
    took = time.perf_counter() - begun
    cpu = cpu_seconds(pid) - cpu
    errors = jiwer.wer(said.text, " ".join(folded(word) for word, _, _ in words))
    say(
        f"{said.seconds:6.0f} s {name:6}  {100 * errors:5.2f} % word errors, "
        f"times off {offsets(said, words)}, {said.seconds / took:5.1f} x real time, "
        f"{cpu:6.1f} s CPU, +{max(peak) - before:4.0f} MB"
    )
    return took, cpu


def offsets(said: Said, words: Sequence[tuple[str, float, float]]) -> str:
    """By how much word times are off: the median and the 95th percentile."""
    a = [folded(word) for word, _, _ in said.words]
    b = [folded(word) for word, _, _ in words]
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    pairs = [(said.words[i.a + k], words[i.b + k]) for i in blocks for k in range(i.size)]
    off = [abs((x[1] + x[2]) - (y[1] + y[2])) / 2 for x, y in pairs]
    if not off:
        return "-"
    return (
        f"{1000 * float(np.median(off)):.0f} ms (95 %: {1000 * float(np.quantile(off, 0.95)):.0f})"
    )


def by_openai(address: str, path: Path) -> list[tuple[str, float, float]]:
    fields = {
        "model": "whisper-1", "language": "en", "response_format": "verbose_json",
        "timestamp_granularities[]": "word",
    }  # fmt: skip
    with path.open("rb") as file:
        answer = httpx2.post(
            f"{address}/v1/audio/transcriptions",
            data=fields, files={"file": file}, timeout=PATIENCE,
        )  # fmt: skip
    return timed(answer.raise_for_status().json()["words"])


def by_asr(address: str, path: Path) -> list[tuple[str, float, float]]:
    with path.open("rb") as file:
        answer = httpx2.post(
            f"{address}/asr?output=json&language=en", files={"audio_file": file}, timeout=PATIENCE
        )
    return timed(answer.raise_for_status().json()["word_segments"])


def by_socket(address: str, path: Path) -> list[tuple[str, float, float]]:
    return asyncio.run(streamed(address.replace("http", "ws") + "/asr", path))


async def streamed(url: str, path: Path) -> list[tuple[str, float, float]]:
    pcm = np.round(decode_file(path) * 32767).astype("<i2").tobytes()
    options = {"language": "en", "encoding": "s16le", "words": True}
    async with connect(url, **options) as captions, asyncio.TaskGroup() as tasks:

        async def feed() -> None:
            for i in range(0, len(pcm), 32_000):
                await captions.send(pcm[i : i + 32_000])
            await captions.end()

        tasks.create_task(feed())
        async for state in captions:
            lines = state.lines
    words = [word for line in lines for word in line.words]
    return [(word.word.strip(), word.start, word.end) for word in words]


def timed(words: Sequence[dict[str, Any]]) -> list[tuple[str, float, float]]:
    return [(word["word"], word["start"], word["end"]) for word in words]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def folded(word: str) -> str:
    return word.strip().strip(".,?!").lower()


@contextmanager
def serving(model: str, more: Sequence[str]) -> Iterator[tuple[str, int]]:
    """A server, as its address and process."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "livestt", "serve", "--model", model, "--port", str(port)]
    server = subprocess.Popen(
        [*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while server.poll() is None:
            try:
                urlopen(f"{address}/health").close()
                break
            except URLError:
                time.sleep(0.2)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait()


@contextmanager
def watching(pid: int) -> Iterator[list[float]]:
    """Memory readings, ten a second."""
    readings, over = [memory(pid)], threading.Event()

    def read() -> None:
        while not over.wait(0.1):
            readings.append(memory(pid))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield readings
    finally:
        over.set()
        thread.join()


def memory(pid: int) -> float:
    """Resident memory of a process in MB (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
