"""uvicorn's HTTP connections, with a timeout for those that send no request."""

from __future__ import annotations

from asyncio import TimerHandle
from asyncio.transports import BaseTransport
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from livestt.server.sockets.transport import ABORT, tune

REQUEST_WITHIN = 30.0
"""Seconds that a connection may take to ask for something, first or again. uvicorn waits for ever,
and every connection costs a file, of which a process has so many."""
MAX_HEAD = 64 << 10
"""Bytes of a request besides its body."""
TOO_MUCH_HEAD = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)

_Http: Any = AutoHTTPProtocol
"""The faster of the two that uvicorn has, if what it needs is installed."""


class AbortableHttp(_Http):  # type: ignore[misc]
    """One HTTP connection, which the application can abort, and which has to ask in time."""

    app: Any
    _bounds_heads = not hasattr(_Http, "on_message_begin")
    """h11 does by itself; httptools, which calls the methods that begin with ``on_``, does not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app
        self._patience: TimerHandle | None = None
        self._head = 0

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = {"call": self.transport.abort}
            await app(scope, receive, send)

        self.app = with_abort

    @property
    def _asked(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        tune(transport.get_extra_info("socket"))
        self._wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._asked:
            self._stop_waiting()
        if self._head > MAX_HEAD and not (self._bounds_heads or self.transport.is_closing()):
            if not self._asked:
                self.transport.write(TOO_MUCH_HEAD)
            self.transport.close()

    def handle_websocket_upgrade(self, *args: Any) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade(*args)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not (self._asked or self.transport.is_closing()):
            self._wait_for_request()

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)

    def _wait_for_request(self) -> None:
        self._stop_waiting()
        self._patience = self.loop.call_later(REQUEST_WITHIN, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
