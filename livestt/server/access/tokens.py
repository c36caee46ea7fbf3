"""Temporary tokens over HTTP, and what the key of a request allows."""

from __future__ import annotations

import json
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from livestt.access.keys import SCOPES, Scope
from livestt.errors import BadRequest, TooSlow
from livestt.server.access.door import LONGEST_TOKEN, access_of, grant_of
from livestt.server.access.refusals import answering
from livestt.server.services import services

MOST_BYTES = 64 << 10
"""Of a body of JSON."""
SECONDS = 60.0
"""That a token lasts unless its request says otherwise."""


def routes() -> list[BaseRoute]:
    return [
        Route("/tokens", answering(make), methods=["POST"]),
        Route("/access", answering(show), methods=["GET"]),
    ]


async def show(request: Request) -> Response:
    """Whose key this is, and what it allows: a page learns here that a key is wrong."""
    grant = grant_of(request)
    return JSONResponse(
        {
            "name": grant.name,
            "scopes": _names(grant.scopes),
            "temporary": grant.temporary,
            "max_sessions": grant.max_sessions,
        }
    )


async def make(request: Request) -> Response:
    """A token for a browser that must not see the key: ``{"seconds": 60, "scopes": ["view"]}``."""
    grant = grant_of(request)
    asked = await json_body(request)
    scopes = _scopes(asked.get("scopes"), grant.scopes)
    token = access_of(request).mint(grant, _seconds(asked.get("seconds", SECONDS)), scopes)
    return JSONResponse(
        {"token": token.value, "expires_at": token.expires, "scopes": _names(token.scopes)},
        status_code=201,
    )


async def json_body(request: Request, most: int = MOST_BYTES) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object.

    Args:
        request: whose body is read.
        most: bytes it may have.

    Raises:
        BadRequest: no JSON object, or too long.
        TooSlow: it did not come in time.
    """
    body, patience = bytearray(), services(request).timing.upload
    try:
        with anyio.fail_after(patience):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise BadRequest(f"the body may have at most {most} bytes")
    except TimeoutError:
        raise TooSlow(f"the body did not come within {patience:.0f} s: send it again") from None
    try:
        found = json.loads(bytes(body) or b"{}")
    except (ValueError, RecursionError):
        raise BadRequest("the body must be JSON") from None
    if not isinstance(found, dict):
        raise BadRequest("the body must be a JSON object")
    return found


def _scopes(value: object, own: frozenset[Scope]) -> frozenset[Scope]:
    if value is None:
        return own - {"admin"} or own
    if isinstance(value, list) and value and all(scope in SCOPES for scope in value):
        return frozenset(value)
    raise BadRequest(f"scopes must be a list of some of: {', '.join(SCOPES)}")


def _seconds(value: object) -> float:
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 1 <= value <= LONGEST_TOKEN
    ):
        return float(value)
    raise BadRequest(f"seconds must be a number from 1 to {LONGEST_TOKEN}")


def _names(scopes: frozenset[Scope]) -> list[str]:
    return [scope for scope in SCOPES if scope in scopes]
