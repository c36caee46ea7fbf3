"""Does a server grow? Memory, tasks, threads, files and sockets, inspected while it is idle."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import anyio
import psutil
from anyio import to_thread

from livestt.bench.counters import samples
from livestt.bench.figures import slope

IDLE = (
    "livestt_sessions",
    "livestt_uploads",
    "livestt_uploads_waiting",
    "livestt_connections",
    "livestt_jobs_waiting",
)
TRIM = getattr(signal, "SIGUSR1", None)
"""Asks `livestt.bench.soak_server` to give free memory back to the system."""
TRIMMED = 1.0
"""Seconds that it is given, at least."""
WARM = 1 / 4
"""Share of the looks that are left out: until everything has been used once, memory grows."""


@dataclass(frozen=True, slots=True)
class Look:
    """A server while it is idle."""

    seconds: float
    """Since the first look, pauses left out."""
    rss: int
    """Bytes resident, after free memory was given back."""
    held: int
    """Bytes resident before."""
    tasks: int
    threads: int
    files: int
    sockets: int


@dataclass(frozen=True, slots=True)
class Trend:
    """How one figure went, once warm."""

    first: float
    last: float
    per_hour: float


def trends(looks: Sequence[Look]) -> dict[str, Trend]:
    """By least squares over what is left when the warm-up is left out."""
    warm = looks[int(len(looks) * WARM) :]
    found = {}
    for name in (f.name for f in fields(Look) if f.name != "seconds"):
        points = [(look.seconds / 3600, float(getattr(look, name))) for look in warm]
        found[name] = Trend(points[0][1], points[-1][1], slope(points) or 0.0)
    return found


class Onlooker:
    """Looks at a server of this machine.

    Args:
        pid: of its process.
        url: of one of its WebSockets.
    """

    def __init__(self, pid: int, url: str) -> None:
        self._process = psutil.Process(pid)
        self._url = url
        self._begin = time.monotonic()
        self.paused = 0.0
        """Seconds that do not count."""

    async def idle(self, patience: float) -> bool:
        """Wait until nobody is there any more; False if somebody stays."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = await to_thread.run_sync(samples, self._url)
            if found is not None and not any(found.get(name) for name in IDLE):
                return True
            await anyio.sleep(0.2)
        return False

    async def look(self) -> Look:
        """Take a look at an idle server."""
        held = self._process.memory_info().rss
        if TRIM is not None:
            self._process.send_signal(TRIM)
            await anyio.sleep(TRIMMED)
        found = None
        while found is None:  # the thread that answers has trimmed before
            found = await to_thread.run_sync(samples, self._url)
        return Look(
            seconds=time.monotonic() - self._begin - self.paused,
            rss=self._process.memory_info().rss,
            held=held,
            tasks=int(found.get("livestt_tasks", 0)),
            threads=self._process.num_threads(),
            files=self._process.num_fds(),
            sockets=len(self._process.net_connections()),
        )
