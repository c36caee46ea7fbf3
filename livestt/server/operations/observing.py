"""Every request and WebSocket gets an id, is counted, and leaves a line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livestt.access.rules import rule_of
from livestt.server.access import asking
from livestt.server.access.refusals import path_of
from livestt.server.operations.metrics import Metrics

log = logging.getLogger(__name__)

HEADER = "x-request-id"
PROPER = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""What an id given by a client or a proxy may look like."""
ANSWERS = ("http.response.start", "websocket.http.response.start", "websocket.accept")
QUIET = ("/health", "/ready", "/metrics", "/web/*")
"""Asked so often that only ``--log-level debug`` tells."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ws")
"""Told apart in the figures; clients can make up others without end."""


class Observed:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        name = given if PROPER.fullmatch(given) else uuid.uuid4().hex
        asking.request_id.set(name)
        status, began = 500, time.monotonic()
        path = path_of(scope)  # routers change it

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] in ANSWERS:
                status = message.get("status", 101)
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[HEADER] = name
            elif message["type"] == "websocket.close" and status == 500:
                status = 403  # what a server makes of a socket that is closed before it opens
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._note(scope.get("method", "ws"), path, status, time.monotonic() - began)

    def _note(self, method: str, path: str, status: int, seconds: float) -> None:
        rule = rule_of(path) or "other"
        self._metrics.served(rule, method if method in METHODS else "other", status, seconds)
        level = logging.DEBUG if rule in QUIET and status < 500 else logging.INFO
        log.log(level, "%s %s %d in %.3f s", method, path, status, seconds)
