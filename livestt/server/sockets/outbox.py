"""The sending side of one WebSocket: one writer, newest state first, nothing piles up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from livestt.protocols.compact import dumps
from livestt.server.timing import Timing

Message = Mapping[str, Any]


class ClientGone(Exception):
    """The other side closed the connection."""


class ClientStalled(ClientGone):
    """The other side holds the connection but does not read."""


class Outbox:
    """What one client is still to be told.

    States are not queued: when the client can take one it gets the newest. Notices (flush
    answers, warnings, errors) are queued, and go after the state that was current when the
    writer got to them, so an answer never overtakes the words it speaks of.

    Args:
        socket: an accepted WebSocket; nobody else may send on it.
        state: makes the next state message, or None if nothing changed.
        timing: how long clients may take.
    """

    def __init__(
        self, socket: WebSocket, state: Callable[[], Message | None], timing: Timing
    ) -> None:
        self._socket = socket
        self._state = state
        self._timing = timing
        self._notices: deque[Message] = deque()
        self._news = anyio.Event()
        self._written = anyio.Event()
        self._finishing = False
        self._empty = anyio.Event()

    @property
    def waiting(self) -> int:
        """Notices not sent yet."""
        return len(self._notices)

    def notify(self, message: Message) -> None:
        """Queue a notice."""
        self._notices.append(message)
        self._news.set()

    def changed(self) -> None:
        """There may be a new state."""
        self._news.set()

    async def written(self) -> None:
        """Wait until the next notices have been sent."""
        await self._written.wait()

    async def finish(self) -> None:
        """Wait until everything has been sent."""
        self._finishing = True
        self._news.set()
        await self._empty.wait()

    async def write(self) -> None:
        """Send until `finish`.

        Raises:
            ClientGone: as `send`.
        """
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            await self._write_news()
            if self._finishing and not self._news.is_set():
                break
            await anyio.sleep(self._timing.state_interval)
        self._empty.set()

    async def _write_news(self) -> None:
        await self._write_due()
        self._written.set()
        self._written = anyio.Event()

    async def _write_due(self) -> None:
        due = len(self._notices)
        state = self._state()
        if state is not None:
            await self.send(state)
        for _ in range(due):
            await self.send(self._notices.popleft())

    async def beat(self) -> None:
        """Queue a heartbeat every few seconds, for ever."""
        start = anyio.current_time()
        while True:
            await anyio.sleep(self._timing.heartbeat)
            self.notify({"type": "heartbeat", "t": round(anyio.current_time() - start, 3)})

    async def send(self, message: Message) -> None:
        """Send one message. Only for whoever is the writer at that time.

        Raises:
            ClientGone: the client closed the connection.
            ClientStalled: it did not read in time.
        """
        text = dumps(message)
        try:
            with anyio.fail_after(self._timing.send):
                await self._socket.send_text(text)
        except TimeoutError as error:
            raise ClientStalled(f"read nothing for {self._timing.send} s") from error
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ClientGone("closed by the client") from error


class OrderedOutbox(Outbox):
    """What a client of a dialect without states is to be told: every message, in order, and then
    whatever guesses there are, which are made when they can be sent.

    A guess is about what follows the messages made before it, so it never overtakes one.
    """

    async def _write_due(self) -> None:
        while self._notices:
            await self.send(self._notices.popleft())
        while not self._notices:
            guess = self._state()
            if guess is None:
                return
            await self.send(guess)
        self._news.set()
