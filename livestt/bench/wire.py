"""A WebSocket client that costs little CPU: frames are packed beforehand and written as they are.

Handshake, parsing and closing are those of ``websockets``, without its queues and tasks: a
message is handed on in the moment its bytes are read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

import anyio
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from livestt.client.address import Refused, refusal

OnMessage = Callable[[float, bytes], None]


def pack(data: bytes) -> bytes:
    """A binary message as a client sends it."""
    return Frame(Opcode.BINARY, data).serialize(mask=True)


END = pack(b"")
"""The message that ends the audio."""


class Wire(asyncio.Protocol):
    """One connection.

    Args:
        url: of the session, with its parameters.
        on_message: called with the time and the text of each message.
        on_change: called when frames can be written again, and when the connection is gone.
    """

    def __init__(self, url: str, on_message: OnMessage, on_change: Callable[[], None]) -> None:
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self._on_message = on_message
        self._on_change = on_change
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self.writable = False
        self.answered = anyio.Event()
        self.closed = anyio.Event()
        self.refusal: Refused | None = None

    @property
    def close_code(self) -> int | None:
        return self._protocol.close_code

    def write(self, packed: bytes) -> None:
        """Write what `pack` made."""
        if self._transport is not None and not self.closed.is_set():
            self._transport.write(packed)

    def close(self) -> None:
        """Leave, politely if possible."""
        if self._transport is not None and not self.closed.is_set():
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
                self._flush()
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._answer()
            elif isinstance(event, Frame):
                self._take(now, event)

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self._on_change()

    def connection_lost(self, exc: Exception | None) -> None:
        self._answer()
        self.writable = False
        self.closed.set()
        self._on_change()

    def _answer(self) -> None:
        error = self._protocol.handshake_exc
        if isinstance(error, InvalidStatus):
            self.refusal = refusal(error)
        elif error is None:
            self.writable = True
        self.answered.set()

    def _take(self, now: float, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                message = b"".join(self._parts)
                self._parts.clear()
                self._on_message(now, message)

    def _flush(self) -> None:
        assert self._transport is not None
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
