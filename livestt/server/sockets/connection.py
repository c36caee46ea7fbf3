"""What WebSocket connections of all protocols share: how they start, fail and end."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import anyio
import anyio.lowlevel
from starlette.websockets import WebSocket, WebSocketDisconnect

from livestt.server.sockets.outbox import ClientGone, ClientStalled
from livestt.server.sockets.transport import abort_of
from livestt.server.timing import Timing

log = logging.getLogger(__name__)

FAILED = 1011
"""Close code of a connection that failed by the server's fault."""


SESSION = b"livestt-session"
"""Header of an accepted handshake: the session, so that a balancer can bring others to it, and a
client ask for it over HTTP."""


class SocketConnection(ABC):
    """One connection, from the socket that is not accepted yet to the closed one.

    Args:
        socket: not accepted yet.
        timing: how long the client may take.
        name: for the log.

    Attributes:
        close_code: how the socket will be closed.
        close_reason: and why, for dialects that say so.
    """

    failure = ""
    """Reason of the close when the connection fails by the server's fault."""

    def __init__(self, socket: WebSocket, timing: Timing, name: str) -> None:
        self.socket = socket
        self.timing = timing
        self.close_code = 1000
        self.close_reason = ""
        self._name = name
        self._whole = anyio.CancelScope()

    @abstractmethod
    async def converse(self) -> None:
        """Accept the socket, and return when there is no more to say.

        Raises:
            ClientGone: the client has left, or does not read.
        """

    @abstractmethod
    def leave(self) -> None:
        """Give everything up, however the connection ended."""

    async def run(self) -> None:
        """Accept, converse and close. No error escapes."""
        try:
            with self._whole:
                await self.converse()
            await self._close()
        except* ClientStalled as stalled:
            log.info("%s: the client %s", self._name, stalled.exceptions[0])
            self._abort()
        except* ClientGone:
            log.info("%s: the client left", self._name)
        except* Exception:  # the top of a connection: it fails alone
            log.exception("%s: the connection failed", self._name)
            self.close_code, self.close_reason = FAILED, self.failure
            await self._close()
        finally:
            self.leave()

    def cancel(self) -> None:
        """End at once."""
        self._whole.cancel()

    async def accept(
        self, subprotocol: str | None = None, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        """Open the socket.

        Args:
            subprotocol: the one chosen of those the client offered.
            headers: of the answer, names in lower case.

        Raises:
            ClientGone: the client did not wait for it.
        """
        try:
            await self.socket.accept(subprotocol, headers)
        except OSError as error:
            raise ClientGone("before it was let in") from error

    async def receive(self) -> dict[str, Any]:
        """The next frame, under ``bytes`` or ``text``.

        Thousands of small ones may lie here already, so others have their turn before each.

        Raises:
            ClientGone: there is none.
        """
        await anyio.lowlevel.checkpoint()
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise ClientGone("closed by the client")
        return dict(message)

    async def _close(self) -> None:
        with anyio.move_on_after(self.timing.send) as patience:
            try:
                await self.socket.close(self.close_code, self.close_reason)
            except (WebSocketDisconnect, RuntimeError):
                log.debug("%s: closed on both sides at once", self._name)
        if patience.cancelled_caught:
            self._abort()

    def _abort(self) -> None:
        abort = abort_of(self.socket.scope)
        if abort is not None:
            abort()
