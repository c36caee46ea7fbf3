"""Addresses with nothing behind them, and methods that an address does not take: refused in the
shape of the protocol that lies there."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from livestt.errors import LivesttError, UnknownRoute, WrongMethod
from livestt.server.access.refusals import path_of, refusal, refuse

MOST = 200
"""Characters of an address that an answer repeats."""


async def refuse_request(request: Request, error: Exception) -> Response:
    """What Starlette found wrong with a request's path or method."""
    assert isinstance(error, HTTPException)
    path = path_of(request.scope)
    headers = error.headers or {}
    response = refusal(path, _reason(request, path[:MOST], headers.get("Allow")))
    response.headers.update(headers)
    return response


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind every address that has none."""
    if scope["type"] == "http":
        raise HTTPException(404)
    path = path_of(scope)[:MOST]
    await refuse(WebSocket(scope, receive, send), UnknownRoute(f"no WebSocket opens at {path}"))


def _reason(request: Request, path: str, allowed: str | None) -> LivesttError:
    routes = request.app.routes
    opens = any(isinstance(route, WebSocketRoute) and route.path == path for route in routes)
    socket = (
        f"; {path} opens a WebSocket, and this was no handshake of one: a proxy on the way may "
        "have to pass 'Upgrade' on"
        if opens
        else ""
    )
    if allowed is None:
        return UnknownRoute(f"nothing answers {request.method} at {path}{socket}")
    return WrongMethod(f"{path} takes {allowed}, not {request.method}{socket}")
