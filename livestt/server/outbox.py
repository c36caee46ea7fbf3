"""The sending side of one WebSocket: one writer, newest state first, nothing piles up."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

MIN_INTERVAL = 0.05
"""Least seconds between two states."""
HEARTBEAT = 5.0
"""Seconds between heartbeats. Browsers hide WebSocket pings from pages, so these are how a page
knows that the server lives."""
SEND_TIMEOUT = 20.0
"""Seconds a client may refuse to read before it is given up."""
MAX_NOTICES = 64
"""Most notices that wait for a slow client; the oldest go first."""

Message = Mapping[str, Any]


class ClientGone(Exception):
    """The other side closed the connection, or reads no more."""


class Outbox:
    """What one client is still to be told.

    States are not queued: when the client can take one it gets the newest. Notices (flush
    answers, warnings, errors) are queued, and go after the state that was current when the
    writer got to them, so an answer never overtakes the words it speaks of.

    Args:
        socket: an accepted WebSocket; nobody else may send on it.
        state: makes the next state message, or None if nothing changed.
    """

    def __init__(self, socket: WebSocket, state: Callable[[], Message | None]) -> None:
        self._socket = socket
        self._state = state
        self._notices: deque[Message] = deque(maxlen=MAX_NOTICES)
        self._news = anyio.Event()
        self._finishing = False
        self._empty = anyio.Event()

    def notify(self, message: Message) -> None:
        """Queue a notice."""
        self._notices.append(message)
        self._news.set()

    def changed(self) -> None:
        """There may be a new state."""
        self._news.set()

    async def finish(self) -> None:
        """Wait until everything has been sent."""
        self._finishing = True
        self._news.set()
        await self._empty.wait()

    async def write(self) -> None:
        """Send until `finish`.

        Raises:
            ClientGone: the client closed the connection or does not read.
        """
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            await self._write_news()
            if self._finishing and not self._news.is_set():
                break
            await anyio.sleep(MIN_INTERVAL)
        self._empty.set()

    async def _write_news(self) -> None:
        due = len(self._notices)
        state = self._state()
        if state is not None:
            await self._send(state)
        for _ in range(due):
            await self._send(self._notices.popleft())

    async def beat(self) -> None:
        """Queue a heartbeat every few seconds, for ever."""
        start = anyio.current_time()
        while True:
            await anyio.sleep(HEARTBEAT)
            self.notify({"type": "heartbeat", "t": round(anyio.current_time() - start, 3)})

    async def _send(self, message: Message) -> None:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        try:
            with anyio.fail_after(SEND_TIMEOUT):
                await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, TimeoutError) as error:
            raise ClientGone(str(error)) from error
