"""Sessions of all kinds come and go for hours: does the server grow, or leak?"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
from anyio import to_thread

from livestt.bench.bad_network import BadNetwork, Trouble
from livestt.bench.chaos import free_port
from livestt.bench.counters import samples
from livestt.bench.guests import GUESTS, Guest, Visit, visit_once
from livestt.bench.leaks import Look, Onlooker

GONE = 180.0
"""Seconds within which the last guest has left."""
TICK = 1.0
STOPPED = 5.0
"""Seconds by which this process was asleep if a tick took that much longer."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who comes when."""

    seconds: float
    """In all."""
    cycle: float = 120.0
    """How long people come and go; then everybody leaves and the server is looked at."""
    rate: float = 1.0
    """Guests a second."""
    most: int = 24
    """At once."""
    guests: Mapping[Guest, int] = field(default_factory=lambda: GUESTS)
    """Who comes how often."""


@dataclass(slots=True)
class Findings:
    """What happened."""

    looks: list[Look] = field(default_factory=list)
    stayed: int = 0
    """Cycles after which somebody was still there."""
    paused: float = 0.0
    """Seconds that this process was stopped; they count for nothing."""


class Soak:
    """Lets guests come and go.

    Args:
        visit: what they need.
        schedule: when they come.
        server: looks at it.
        tell: is told of each look.
    """

    def __init__(
        self,
        visit: Visit,
        schedule: Schedule,
        server: Onlooker,
        tell: Callable[[Look, Visit], None],
    ) -> None:
        self._visit = visit
        self._schedule = schedule
        self._server = server
        self._tell = tell
        self._found = Findings()

    async def run(self) -> Findings:
        """Until the time is up."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._notice_pauses)
            await self._look()
            while self._found.looks[-1].seconds < self._schedule.seconds:
                await self._cycle()
                self._found.stayed += not await self._server.idle(GONE)
                await self._look()
            tasks.cancel_scope.cancel()
        self._found.paused = self._server.paused
        return self._found

    async def _cycle(self) -> None:
        schedule, visit = self._schedule, self._visit
        room = anyio.Semaphore(schedule.most)
        guests, weights = list(schedule.guests), list(schedule.guests.values())
        end = time.monotonic() + schedule.cycle
        async with anyio.create_task_group() as tasks:

            async def come() -> None:
                async with room:
                    await visit_once(visit, visit.chance.choices(guests, weights)[0])

            while time.monotonic() < end:
                await anyio.sleep(visit.chance.expovariate(schedule.rate))
                if room.value:
                    tasks.start_soon(come)

    async def _look(self) -> None:
        look = await self._server.look()
        self._found.looks.append(look)
        self._tell(look, self._visit)

    async def _notice_pauses(self) -> None:
        while True:
            before = time.monotonic()
            await anyio.sleep(TICK)
            slept = time.monotonic() - before - TICK
            if slept > STOPPED:
                self._server.paused += slept


@asynccontextmanager
async def soak_server(options: Sequence[str]) -> AsyncIterator[tuple[int, str]]:
    """A server of its own inside the block: its process and the address of its ``/asr``.

    Raises:
        RuntimeError: it did not start.
    """
    port = free_port()
    url = f"ws://127.0.0.1:{port}/asr"
    command = [sys.executable, "-m", "livestt.bench.soak_server", "--port", str(port), *options]
    process = await anyio.open_process(command, stdin=subprocess.DEVNULL, stdout=None, stderr=None)
    try:
        while await to_thread.run_sync(samples, url) is None:
            if process.returncode is not None:
                raise RuntimeError(f"the server ended with status {process.returncode}")
            await anyio.sleep(0.2)
        yield process.pid, url
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def soak(
    options: Sequence[str],
    sound: bytes,
    files: list[bytes],
    schedule: Schedule,
    tell: Callable[[Look, Visit], None],
    *,
    speed: float = 4.0,
    seed: int = 0,
) -> tuple[Findings, Visit]:
    """Start a server, and let guests come and go.

    Args:
        options: of ``livestt serve``.
        sound: 16-bit PCM at 16 kHz that guests say pieces of.
        files: that they upload.
        schedule: when they come.
        tell: is told of each look.
        speed: times real time.
        seed: of all chances.
    """
    async with soak_server(options) as (pid, url):
        trouble = Trouble(cut=0.01, delay=0.05)
        async with BadNetwork(urlsplit(url).port or 0, trouble, seed).open() as network:
            shaky = f"ws://127.0.0.1:{network.port}/asr"
            visit = Visit(url, shaky, speed, sound, files, random.Random(seed))
            found = await Soak(visit, schedule, Onlooker(pid, url), tell).run()
    return found, visit
