"""Errors in the shape of OpenAI's API: over HTTP, and inside the Realtime dialect's events."""

from __future__ import annotations

from typing import Any

from livestt.errors import BadRequest, ClientError, LivesttError

CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
"""By HTTP status, where OpenAI's SDKs know a name; livestt's own code otherwise."""


def error_object(error: LivesttError) -> dict[str, Any]:
    """``{message, type, param, code}``."""
    return {
        "message": str(error),
        "type": "invalid_request_error" if isinstance(error, ClientError) else "server_error",
        "param": error.param if isinstance(error, BadRequest) else None,
        "code": CODES.get(error.http_status, error.code),
    }


def error_body(error: LivesttError) -> dict[str, Any]:
    """The body of a refused request or handshake."""
    return {"error": error_object(error)}
