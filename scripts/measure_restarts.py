#!/usr/bin/env python3
"""What a restart of the server costs in words, with a real model. See docs/store.md.

    python scripts/measure_restarts.py tests/fixtures/whisper-synth --rounds 3
    python scripts/measure_restarts.py tests/fixtures/whisper-synth --signal TERM

The fixtures' streams are spoken to a server of its own, once undisturbed and then in rounds in
which the server is stopped in the middle of words and started again. Further options are the
server's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import jiwer
import soundfile

from livestt.bench.chaos import free_port
from livestt.bench.text import spelled
from livestt.client import connect

SPEECH = Path(__file__).parents[1] / "tests" / "fixtures" / "speech"
PIECE = 3200
"""Bytes sent at a time: a tenth of a second."""
SECOND = 32_000
PATIENCE = 120.0
Restart = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stream:
    name: str
    text: str
    words: list[tuple[str, float, float]]
    pcm: bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=1, help="through all streams")
    parser.add_argument("--every", type=float, default=9.0, help="seconds between restarts")
    parser.add_argument("--signal", choices=("KILL", "TERM"), default="KILL")
    parser.add_argument("--seed", type=int, default=0)
    chosen, more = parser.parse_known_args()
    with TemporaryDirectory() as folder:
        store = str(Path(folder) / "transcripts.db")
        command = [*(sys.executable, "-m", "livestt", "serve", "--model", chosen.model)]
        command += ["--language", "en", "--store", store, "--log-level", "error", *more]
        asyncio.run(measure(command, chosen))


async def measure(command: Sequence[str], chosen: argparse.Namespace) -> None:
    streams = [stream(line) for line in (SPEECH / "manifest.jsonl").read_text().splitlines()]
    streams = [one for one in streams if one.name.startswith("stream-")]
    chance = random.Random(chosen.seed)
    async with server(command, signal.Signals[f"SIG{chosen.signal}"]) as (url, restart):
        click.echo("undisturbed:")
        before = [await speak(url, one, [], restart) for one in streams]
        click.echo(summary(before))
        for number in range(chosen.rounds):
            click.echo(f"round {number + 1}, restarted by SIG{chosen.signal}:")
            stops = [(one, moments(one, chosen.every, chance)) for one in streams]
            click.echo(summary([await speak(url, *these, restart) for these in stops]))


def stream(line: str) -> Stream:
    item = json.loads(line)
    samples, _ = soundfile.read(SPEECH / item["file"], dtype="int16")
    words = [(word, start, end) for word, start, end in item["words"]]
    return Stream(item["id"], item["text"], words, samples.tobytes())


def moments(one: Stream, every: float, chance: random.Random) -> list[float]:
    """Seconds of audio after which to stop the server: in words, about so far apart."""
    found, due = [], every * chance.uniform(0.5, 1.0)
    for _, start, end in one.words:
        if start >= due:
            found.append(chance.uniform(start, end))
            due = start + every * chance.uniform(0.8, 1.2)
    return found


async def speak(
    url: str, one: Stream, stops: Sequence[float], restart: Restart
) -> tuple[int, int, int]:
    """Words said, words wrong and restarts of one stream."""
    left = list(stops)
    async with connect(url, reconnect=PATIENCE) as captions, asyncio.TaskGroup() as tasks:

        async def talk() -> None:
            loop, pending = asyncio.get_running_loop(), None
            begin = loop.time()
            for at in range(0, len(one.pcm), PIECE):
                await asyncio.sleep(max(0.0, begin + at / SECOND - loop.time()))
                if left and at / SECOND >= left[0]:
                    left.pop(0)
                    if pending is not None:
                        await pending
                    pending = tasks.create_task(restart())
                await captions.send(one.pcm[at : at + PIECE])
            await captions.end()

        tasks.create_task(talk())
        async for _ in captions:
            pass
    heard = spelled(captions.state.committed_text, "en")
    found = jiwer.process_words(spelled(one.text, "en"), heard)
    wrong = found.substitutions + found.deletions + found.insertions
    added = found.insertions
    click.echo(f"  {one.name}: {wrong} words wrong, {added} of them added, {len(stops)} restarts")
    for line in jiwer.visualize_alignment(found, show_measures=False).splitlines()[1:]:
        if wrong and line:
            click.echo(f"    {line}")
    return len(one.words), wrong, len(stops)


def summary(told: Sequence[tuple[int, int, int]]) -> str:
    words, wrong, restarts = (sum(part) for part in zip(*told, strict=True))
    return f"  {words} words, {wrong} wrong, {restarts} restarts"


@asynccontextmanager
async def server(command: Sequence[str], how: signal.Signals) -> AsyncIterator[tuple[str, Restart]]:
    """A server process inside the block: its address, and what restarts it."""
    port = free_port()
    process = await start(command, port)

    async def restart() -> None:
        nonlocal process
        process.send_signal(how)
        await process.wait()
        process = await start(command, port)

    try:
        yield f"ws://127.0.0.1:{port}/asr", restart
    finally:
        process.terminate()
        await process.wait()


async def start(command: Sequence[str], port: int) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(*command, "--port", str(port))
    while process.returncode is None:
        with suppress(OSError):
            await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}/health")
            return process
        await asyncio.sleep(0.1)
    raise SystemExit(f"the server ended with status {process.returncode}")


if __name__ == "__main__":
    main()
