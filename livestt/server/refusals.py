"""How each surface says no, so that its clients understand why.

A dialect adds its paths to `SHAPES`; what is refused before its own code is reached (a wrong key,
an unknown origin) then has the shape of its own refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from livestt.errors import LivesttError, Unauthorized
from livestt.protocols import native

Shape = Callable[[LivesttError], Response]


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


NATIVE = as_json(native.error_message)
SHAPES: Mapping[str, Shape] = {}
"""Beginning of a path, and how what lies there refuses. All else refuses as `NATIVE` does."""


def refusal(path: str, error: LivesttError) -> Response:
    """The answer that refuses a request to this path."""
    fitting = [start for start in SHAPES if path.startswith(start)]
    shape = SHAPES[max(fitting, key=len)] if fitting else NATIVE
    return shape(error)
