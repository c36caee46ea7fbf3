"""Before a WebSocket is accepted: who may open one, and how it is refused."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from livestt.errors import Forbidden, LivesttError
from livestt.protocols.native import error_message


def check_origin(headers: Headers, scheme: str, allowed: Collection[str]) -> None:
    """Let browsers in only from this server's own pages or from pages the operator named.

    Any web page may try to open a WebSocket to any host, and browsers say truthfully which page
    it was (RFC 6455 section 10.2). Clients other than browsers send no ``Origin``.

    Raises:
        Forbidden: a page of another origin.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed or "*" in allowed:
        return
    parts = urlsplit(origin)
    secure = scheme in ("wss", "https")
    if parts.scheme in (("https",) if secure else ("http", "https")) and (
        parts.netloc == headers.get("host")
    ):
        return
    raise Forbidden(
        f"pages of {origin} may not use this server; its operator can allow them with "
        f"--allow-origin {origin}"
    )


async def refuse(socket: WebSocket, error: LivesttError) -> None:
    """Answer the handshake with an HTTP status and a JSON body instead of a socket."""
    headers = {} if error.retry_after is None else {"retry-after": f"{error.retry_after:.0f}"}
    await socket.send_denial_response(
        JSONResponse(error_message(error), status_code=error.http_status, headers=headers)
    )
