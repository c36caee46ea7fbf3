"""A loopback TCP proxy that behaves like a bad network: it delays, stalls, cuts and corrupts."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup

PIECE = 4096
"""Bytes passed on at a time."""


@dataclass(slots=True)
class Trouble:
    """What befalls a piece of data, each with its own probability; and how often it has."""

    delay: float = 0.0
    """Wait for up to `longest_delay`."""
    stall: float = 0.0
    """Pass nothing on for `stall_seconds`."""
    cut: float = 0.0
    """Reset both connections."""
    corrupt: float = 0.0
    """Change a byte. Only TLS can notice, so use it with nothing else."""
    longest_delay: float = 0.1
    stall_seconds: float = 2.0
    most_cuts: int = 1 << 30
    """Cuts after which the network is a good one."""
    delays: int = field(default=0, init=False)
    stalls: int = field(default=0, init=False)
    cuts: int = field(default=0, init=False)
    corruptions: int = field(default=0, init=False)


class BadNetwork:
    """Every connection to `port` goes on to the target, through `trouble`.

    Args:
        target: port on this machine.
        trouble: what to do; may be changed while it runs.
        seed: of the chances.

    Attributes:
        port: where clients connect.
        connections: accepted so far.
    """

    def __init__(self, target: int, trouble: Trouble, seed: int = 0) -> None:
        self.target = target
        self.trouble = trouble
        self.port = 0
        self.connections = 0
        self._chance = random.Random(seed)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[BadNetwork]:
        """Listen inside the block."""
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        self.port = listener.extra(SocketAttribute.local_port)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, self._serve)
            yield self
            tasks.cancel_scope.cancel()

    async def _serve(self, client: SocketStream) -> None:
        self.connections += 1
        async with client:
            try:
                server = await anyio.connect_tcp("127.0.0.1", self.target)
            except OSError:
                return
            async with server:
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    async with anyio.create_task_group() as both:
                        both.start_soon(self._relay, client, server, both)
                        both.start_soon(self._relay, server, client, both)

    async def _relay(self, source: SocketStream, sink: SocketStream, both: TaskGroup) -> None:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                data = await source.receive(PIECE)
                if self._cuts():
                    break
                await self._hold_up()
                await sink.send(self._corrupted(data))
        both.cancel_scope.cancel()

    def _cuts(self) -> bool:
        trouble = self.trouble
        if trouble.cuts >= trouble.most_cuts or self._chance.random() >= trouble.cut:
            return False
        trouble.cuts += 1
        return True

    async def _hold_up(self) -> None:
        trouble = self.trouble
        if self._chance.random() < trouble.stall:
            trouble.stalls += 1
            await anyio.sleep(trouble.stall_seconds)
        elif self._chance.random() < trouble.delay:
            trouble.delays += 1
            await anyio.sleep(self._chance.random() * trouble.longest_delay)

    def _corrupted(self, data: bytes) -> bytes:
        if self._chance.random() >= self.trouble.corrupt:
            return data
        self.trouble.corruptions += 1
        at = self._chance.randrange(len(data))
        return data[:at] + bytes([data[at] ^ self._chance.randrange(1, 256)]) + data[at + 1 :]
