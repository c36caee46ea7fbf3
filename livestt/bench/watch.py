"""The CPU and memory of a server on this machine, its children included."""

from __future__ import annotations

import ipaddress
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
import psutil

INTERVAL = 0.5
"""Seconds between two looks."""


@dataclass(slots=True)
class Usage:
    """What a server used while it was watched."""

    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds of CPU."""
    idle_rss: int = 0
    """Bytes when the watch began."""
    peak_rss: int = 0
    rss: list[tuple[float, int]] = field(default_factory=list, repr=False)
    """Seconds and bytes at each look."""


class Watch:
    """Looks at a process every so often, from `start` to `stop`.

    Args:
        pid: of the server.

    Raises:
        psutil.NoSuchProcess: there is no such process.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.usage = Usage()
        self._began = 0.0
        self._cpu = 0.0

    def start(self) -> None:
        self._began = time.monotonic()
        self._cpu, rss = self._look()
        self.usage = Usage(idle_rss=rss, peak_rss=rss)

    async def keep_looking(self) -> None:
        """Notice the peak of the memory, for ever."""
        while True:
            await anyio.sleep(INTERVAL)
            self.look()

    def look(self) -> None:
        cpu, rss = self._look()
        usage = self.usage
        usage.seconds = time.monotonic() - self._began
        usage.cpu = max(usage.cpu, cpu - self._cpu)
        usage.peak_rss = max(usage.peak_rss, rss)
        usage.rss.append((usage.seconds, rss))

    def _look(self) -> tuple[float, int]:
        """CPU seconds since its birth, and resident bytes now. A process that has gone is 0."""
        cpu, rss = 0.0, 0
        with suppress(psutil.Error):
            for process in (self._process, *self._process.children(recursive=True)):
                with suppress(psutil.Error):
                    times = process.cpu_times()
                    cpu += times.user + times.system
                    # Children that have ended are in the account of their parent.
                    cpu += getattr(times, "children_user", 0.0)
                    cpu += getattr(times, "children_system", 0.0)
                    rss += process.memory_info().rss
        return cpu, rss


def find_server(url: str) -> int | None:
    """The process that listens at an address of this machine; None if that cannot be told."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme in ("wss", "https") else 80)
    if not _is_here(parts.hostname or ""):
        return None
    with suppress(psutil.Error):
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                # Sharing a process, server and client cannot be told apart.
                return connection.pid if connection.pid != os.getpid() else None
    return None


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
