"""Many sessions through a bad network, to a server that is killed: is a word lost or doubled?

What is said is numbered (`livestt.engines.spelled`), and the engine reads the numbers out of the
samples, so the transcript of an undisturbed run is known exactly.
"""

from __future__ import annotations

import random
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import Process

from livestt.bench.bad_network import BadNetwork, Trouble
from livestt.client import Captions, connect
from livestt.engines.spelled import PACE, recording
from livestt.errors import LivesttError
from livestt.timebase import SAMPLE_RATE, to_seconds

PIECE = SAMPLE_RATE // 5
"""Bytes sent at a time: a tenth of a second."""
PATIENCE = 120.0
"""Seconds for which clients try to come back."""


@dataclass(slots=True)
class Findings:
    """What happened, and whether anything was lost."""

    sessions: int = 0
    words: int = 0
    """Said in all."""
    lost: int = 0
    doubled: int = 0
    garbled: int = 0
    """Words that nobody said."""
    changed: int = 0
    """Times that words once shown as committed were other words later."""
    unfinished: int = 0
    """Sessions that ended without `ready_to_stop`."""
    resumed: int = 0
    """Connections taken up again."""
    kills: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """First and last word of each stretch that was lost."""
    trouble: Trouble = field(default_factory=Trouble)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.garbled or self.changed or self.unfinished)


async def crowd(
    url: str, sessions: int, words: int, speed: float, seed: int, context: ssl.SSLContext | None
) -> Findings:
    """Speak in many sessions at once, and compare what comes back with what was said.

    Args:
        url: of the server, or of the network before it.
        sessions: at once.
        words: in each.
        speed: times real time.
        seed: of when each begins.
        context: for TLS.
    """
    found = Findings(sessions, sessions * words)
    chance = random.Random(seed)
    async with anyio.create_task_group() as tasks:
        for _ in range(sessions):
            tasks.start_soon(_session, url, words, speed, chance.random(), context, found)
    return found


async def _session(
    url: str,
    words: int,
    speed: float,
    late: float,
    context: ssl.SSLContext | None,
    found: Findings,
) -> None:
    await anyio.sleep(late)
    captions = await _begin(url, context, found, words, speed)
    told = captions.state.committed_text.split()
    said = [f"w{n}" for n in range(1, words + 1)]
    found.unfinished += not captions.state.finished
    found.lost += len(set(said) - set(told))
    found.gaps += gaps(words, {int(word[1:]) for word in told if word[1:].isdigit()})
    found.garbled += len(set(told) - set(said))
    found.doubled += len(told) - len(set(told))
    found.changed += [w for w in told if w in set(said)] != [w for w in said if w in set(told)]
    found.resumed += captions.losses


def gaps(words: int, told: set[int]) -> list[tuple[int, int]]:
    """The stretches of ``1..words`` that were not told."""
    found, first = [], 0
    for number in range(1, words + 2):
        missing = number <= words and number not in told
        if missing and not first:
            first = number
        elif not missing and first:
            found.append((first, number - 1))
            first = 0
    return found


async def _begin(
    url: str, context: ssl.SSLContext | None, found: Findings, words: int, speed: float
) -> Captions:
    """A whole session; the first connection may fail as often as it likes."""
    while True:
        try:
            async with connect(url, reconnect=PATIENCE, ssl=context) as captions:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_speak, captions, words, speed)
                    await _listen(captions, found)
                    tasks.cancel_scope.cancel()
                return captions
        except (OSError, LivesttError):
            await anyio.sleep(0.2)  # nothing was said yet


async def _speak(captions: Captions, words: int, speed: float) -> None:
    audio = recording(words)
    begin = anyio.current_time()
    for at in range(0, len(audio), PIECE):
        due = begin + to_seconds(at // 2) / speed
        await anyio.sleep(max(0.0, due - anyio.current_time()))
        await captions.send(audio[at : at + PIECE])
    await captions.end()


async def _listen(captions: Captions, found: Findings) -> None:
    shown = ""
    async for state in captions:
        text = state.committed_text
        found.changed += not text.startswith(shown)
        shown = text


@asynccontextmanager
async def server(port: int, store: Path, *more: str) -> AsyncIterator[Callable[[], object]]:
    """A server process on this port inside the block; what is yielded kills and restarts it."""
    command = [sys.executable, "-m", "livestt.bench.chaos_server", str(port), str(store), *more]
    running: list[Process] = []

    async def start() -> None:
        process = await anyio.open_process(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=None
        )
        running.append(process)
        while not await to_thread.run_sync(answers, port):
            if process.returncode is not None:
                raise RuntimeError(f"the server ended with status {process.returncode}")
            await anyio.sleep(0.05)

    async def stop(number: signal.Signals) -> None:
        process = running.pop()
        process.send_signal(number)
        await process.wait()

    async def kill() -> None:
        await stop(signal.SIGKILL)
        await start()

    await start()
    try:
        yield kill
    finally:
        with anyio.CancelScope(shield=True):
            await stop(signal.SIGTERM)


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens on this port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def chaos(
    store: Path,
    *,
    sessions: int,
    words: int,
    speed: float,
    trouble: Trouble,
    kills: int = 0,
    tls: Sequence[Path] = (),
    seed: int = 0,
) -> Findings:
    """Run a crowd through a bad network, and kill the server meanwhile.

    Args:
        store: file for the transcripts.
        sessions: at once.
        words: in each.
        speed: times real time.
        trouble: of the network.
        kills: of the server, at random moments.
        tls: certificate and key; without them nothing may be corrupted.
        seed: of all chances.
    """
    port = free_port()
    context = ssl.create_default_context(cafile=str(tls[0])) if tls else None
    async with (
        server(port, store, *map(str, tls)) as kill,
        BadNetwork(port, trouble, seed).open() as network,
    ):
        found = Findings()

        async def talk(scope: anyio.CancelScope) -> None:
            nonlocal found
            scheme = "wss" if tls else "ws"
            url = f"{scheme}://localhost:{network.port}/asr"
            found = await crowd(url, sessions, words, speed, seed, context)
            scope.cancel()

        done = 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk, tasks.cancel_scope)
            chance = random.Random(seed)
            while done < kills:
                await anyio.sleep(chance.uniform(1.0, 4.0))
                await kill()  # type: ignore[misc]
                done += 1
            await anyio.sleep_forever()
    found.kills, found.trouble = done, trouble
    return found


def seconds_of(words: int) -> float:
    """How long it takes to say so many."""
    return to_seconds(words * PACE)
