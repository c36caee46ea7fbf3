"""uvicorn's WebSockets, with what live captions need: fresh words, and an end to dead clients."""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio import TimerHandle
from asyncio.transports import BaseTransport
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, cast

from starlette.types import Scope
from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

UNSENT = 16 << 10
"""Bytes that the kernel takes before it has sent them. Left alone it takes megabytes, which is
minutes of captions that a slow client would have to read before it comes to the newest."""
HIGH_WATER, LOW_WATER = 32 << 10, 8 << 10
"""Bytes kept in this process for a client: sending waits above the one until below the other."""
DEAD_AFTER_MS = 60_000
"""Time without any sign from the other machine after which the kernel gives the connection up."""
MAX_MESSAGE = 1 << 20
"""Bytes of one WebSocket message: half a minute of PCM. Files go by other ways."""
LARGE_MESSAGES = {"/v1/realtime": 32 << 20}
"""Paths on which they may be more: OpenAI's clients may send 15 MiB of audio at once, which is
20 MiB in base64."""
LARGEST = max(MAX_MESSAGE, *LARGE_MESSAGES.values())
MOST_HELD = 256 << 20
"""Bytes of messages over `MAX_MESSAGE` that all connections together may have here, unfinished or
not processed: eight of the largest. Whoever sends the next one is told to come back."""
FRAME_HEAD = 14
"""Bytes of a frame before its payload, at most."""
KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 4}
"""Seconds of silence after which the kernel asks whether the other machine is still there, between
two such questions, and how many may go unanswered. Not every dialect has heartbeats."""
LINGER = 1.0
"""Seconds for which bytes are still taken from a client that broke the protocol."""
ABORT = "livestt.abort"
"""Extension of the ASGI scope: ``{"call": f}``, and ``f()`` ends the connection at once."""

log = logging.getLogger(__name__)
log.setLevel(logging.WARNING)
"""For uvicorn and websockets, which would log each address with its query, which holds prompts,
and at level debug each frame, which holds what was said."""


class CaptionSocket(WebSocketsSansIOProtocol):
    """One WebSocket.

    uvicorn closes politely: it waits until the client has read everything, which a frozen one
    never does. Here the application can abort a connection, and one that lingers after the
    application is done with it is aborted.
    """

    held = 0
    """Bytes that all connections together hold of messages over `MAX_MESSAGE`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = log
        self.conn.debug = False
        self._lingering: TimerHandle | None = None
        self._message = bytearray()
        self._sizes: deque[int] = deque()  # bytes of the messages that wait for the application
        self._given = 0  # and of the one that it has
        self._held = 0  # of the sum of all connections
        self._refused = False

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        cast(asyncio.WriteTransport, transport).set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        tune(transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._hold(0)
        self.read_paused = False  # over TLS, the transport cannot be told to read on any more
        if self._lingering is not None:
            self._lingering.cancel()

    async def run_asgi(self) -> None:
        extensions = self.scope.get("extensions")
        if extensions is not None:
            extensions[ABORT] = {"call": self.transport.abort}
        try:
            await super().run_asgi()
        finally:
            self._lingering = self.loop.call_later(self.close_timeout, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return  # the rest of a message that was too large
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.transport.is_closing():
            # uvicorn would keep the connection and never answer, say, an address that is too long.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
        self._weigh()

    async def receive(self) -> ASGIReceiveEvent:
        """The next message; the one before it has been processed."""
        self._given = 0
        self._weigh()
        message = await super().receive()
        if message["type"] == "websocket.receive":
            self._given = self._sizes.popleft()
        return message

    def _weigh(self) -> None:
        """Let no client leave more here than one message, and all of them together not too much:
        what is not whole waits in memory for as long as its sender likes."""
        if not self.handshake_initiated or self.transport.is_closing() or self.close_sent:
            return
        coming = len(self.conn.reader.buffer) + len(self._message)
        if not self.handshake_complete:
            if coming > MAX_MESSAGE:
                self.transport.abort()  # nobody has let it in yet
            return
        held = coming + self._given + sum(self._sizes)
        self._hold(held if held > MAX_MESSAGE else 0)
        if coming > self._most + FRAME_HEAD:
            self._refuse_size()
        elif self._held and coming and CaptionSocket.held > MOST_HELD:
            self._refuse_message(1013, "too many large messages at once; try again, or send less")

    def _hold(self, size: int) -> None:
        CaptionSocket.held += size - self._held
        self._held = size

    @property
    def _most(self) -> int:
        """Bytes that one message may have."""
        path = self.scope["path"].removeprefix(self.scope.get("root_path", ""))
        return LARGE_MESSAGES.get(path, MAX_MESSAGE)

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.accept" and self.transport.is_closing():
            self.handshake_complete = True  # else uvicorn says nothing, and logs that nobody did
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True  # else uvicorn takes every refusal for a bug and logs it

    def handle_ping(self) -> None:
        """A client that does not read its pongs gets no more: they would gather here without end
        (RFC 6455, section 5.5.3, asks for the newest only)."""
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(pong)

    def handle_text(self, event: Frame) -> None:
        self._begin("text", event)

    def handle_bytes(self, event: Frame) -> None:
        self._begin("bytes", event)

    def _begin(self, kind: Literal["text", "bytes"], event: Frame) -> None:
        self.curr_msg_data_type = kind
        self._message = bytearray()
        self.handle_cont(event)

    def handle_cont(self, event: Frame) -> None:
        """One more piece of a message. Pieces are joined as they come: there may be millions, and
        empty ones cost their sender nothing."""
        if self.close_sent:
            return
        whole = event.fin and not self._message
        if not whole:
            self._message += event.data
        if max(len(self._message), len(event.data)) > self._most:
            self._refuse_size()
        elif event.fin:
            self.frames = [bytes(event.data if whole else self._message)]
            self._message = bytearray()
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            [data] = self.frames
            try:
                if not data.isascii():
                    data.decode()
            except UnicodeDecodeError:
                # uvicorn does the same, but logs a traceback for what is the client's mistake.
                self._refuse_message(1007, "text that is not UTF-8")
                return
        self._sizes.append(len(self.frames[0]))
        super().send_receive_event_to_app()

    def _refuse_size(self) -> None:
        self._refuse_message(1009, f"one message takes at most {self._most} bytes here")

    def _refuse_message(self, code: int, reason: str) -> None:
        self._refused, self._message = True, bytearray()
        self.conn.reader.discard()
        self._hold(0)
        self.conn.send_close(code, reason)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        if self.close_sent:
            return
        close = self.conn.close_sent
        if close is None:
            self.transport.abort()
            return
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": close.code, "reason": close.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        # Closing before the client's bytes are read would reset the connection, and the client
        # would never learn why. What still comes is discarded.
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER, self.transport.close)


def abort_of(scope: Scope) -> Callable[[], None] | None:
    """What ends a connection at once, under a server that can."""
    extension = scope.get("extensions", {}).get(ABORT)
    return None if extension is None else extension["call"]


def tune(connection: socket.socket | None) -> None:
    """Set what this system knows of the socket's options; none is vital."""
    if connection is None:
        return
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_NOTSENT_LOWAT": UNSENT, "TCP_USER_TIMEOUT": DEAD_AFTER_MS, **KEEPALIVE}
    for name, value in options.items():
        number = getattr(socket, name, None)
        if number is not None:
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, number, value)
