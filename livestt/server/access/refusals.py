"""How each protocol refuses, so that its clients understand why.

A dialect adds its paths to `SHAPES`; what is refused before its own code is reached (a wrong key,
an unknown origin) then has the shape of its own refusals.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope
from starlette.websockets import WebSocket

from livestt.errors import LivesttError, Unauthorized
from livestt.protocols import asr_rest, native, openai_errors
from livestt.protocols.deepgram import about

Shape = Callable[[LivesttError], Response]
Handler = Callable[[Request], Awaitable[Response]]


def headers_of(error: LivesttError) -> dict[str, str]:
    """What a refusal's headers say: when to come back, and how to show a key."""
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = f"{max(1.0, error.retry_after):.0f}"
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = 'Bearer realm="livestt"'
    return headers


def as_json(body: Callable[[LivesttError], Mapping[str, Any]]) -> Shape:
    """The shape of a dialect whose refusals are a status and this JSON body."""

    def refusal(error: LivesttError) -> Response:
        return JSONResponse(body(error), status_code=error.http_status, headers=headers_of(error))

    return refusal


def deepgram(error: LivesttError, request_id: str | None = None) -> Response:
    """The shape of Deepgram: a request id, and the reason in a header too."""
    request_id = request_id or str(uuid.uuid4())
    return JSONResponse(
        about.error_body(error, request_id),
        status_code=about.error_status(error),
        headers={**headers_of(error), **about.error_headers(error, request_id)},
    )


def asr(error: LivesttError) -> Response:
    """The shape of the services behind ``POST /asr``, and of the native socket on that path."""
    return JSONResponse(
        {**native.error_message(error), **asr_rest.error_body(error)},
        status_code=error.http_status,
        headers=headers_of(error),
    )


NATIVE = as_json(native.error_message)
OPENAI = as_json(openai_errors.error_body)
SHAPES: Mapping[str, Shape] = {
    "/asr": asr,
    "/detect-language": asr,
    "/queue-metrics": asr,
    "/v1/": OPENAI,
    "/v1/auth/": deepgram,
    "/v1/listen": deepgram,
    "/v2/listen": deepgram,
    "/v1/auth/grant": deepgram,
}
"""Beginning of a path, and how what lies there refuses. All else refuses as `NATIVE` does."""


def refusal(path: str, error: LivesttError) -> Response:
    """The answer that refuses a request to this path."""
    fitting = [start for start in SHAPES if path.startswith(start)]
    shape = SHAPES[max(fitting, key=len)] if fitting else NATIVE
    return shape(error)


def answering(handler: Handler) -> Handler:
    """A handler whose errors refuse in the shape of its path, and whose answers nobody caches."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except LivesttError as error:
            return refusal(path_of(request.scope), error)
        response.headers["cache-control"] = "no-store"
        return response

    return answer


async def refuse(socket: WebSocket, error: LivesttError) -> None:
    """Answer the handshake with an HTTP status and a body instead of a socket."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(refusal(path_of(socket.scope), error))
    else:
        await socket.close(error.close_code)


def path_of(scope: Scope) -> str:
    """The path below where the application is mounted."""
    path: str = scope["path"]
    root: str = scope.get("app_root_path", scope.get("root_path", ""))  # the first within a Mount
    return path.removeprefix(root) or "/"
