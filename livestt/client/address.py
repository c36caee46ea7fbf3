"""The URL of a session, and the reason of a refusal."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.exceptions import InvalidStatus

from livestt.errors import LivesttError


class Refused(LivesttError):
    """The server answered the handshake with an error; the message is its own.

    Attributes:
        status: HTTP status of the refusal.
    """

    code = "refused"

    def __init__(self, message: str, status: int, retry_after: float | None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


def session_url(url: str, parameters: dict[str, object]) -> str:
    """A server's address with a session's parameters added to its query."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path if parts.path not in ("", "/") else "/asr"
    written = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in parameters.items()
        if value is not None
    }
    query = urlencode(dict(parse_qsl(parts.query)) | written)
    return urlunsplit((scheme, parts.netloc, path, query, ""))


def refusal(error: InvalidStatus) -> Refused:
    """The reason inside a refused handshake."""
    response = error.response
    retry = response.headers.get("retry-after")
    try:
        body = json.loads(response.body or b"{}")
    except ValueError:
        body = {}
    message = body.get("message") if isinstance(body, dict) else None
    return Refused(
        message or f"the server answered {response.status_code}",
        response.status_code,
        float(retry) if retry and retry.isdecimal() else None,
    )
