"""Temporary tokens over HTTP, and what the key of a request allows."""

from __future__ import annotations

import logging
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from livestt.access.keys import SCOPES, Grant, Scope
from livestt.errors import BadRequest, TooSlow, UnknownSession
from livestt.protocols.untrusted import loads
from livestt.server.access.door import LONGEST_TOKEN, VIEWING, Token, access_of, grant_of
from livestt.server.access.refusals import answering
from livestt.server.services import services
from livestt.server.storing.browsing import in_turn

log = logging.getLogger(__name__)

MOST_BYTES = 64 << 10
"""Bytes of a body of JSON."""
SECONDS = 60.0
"""Seconds that a token lasts unless its request says otherwise."""
SHARE_SECONDS = 8 * 3600.0
"""The same of one that shows a single session, where the operator allows as much."""


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
            "session": grant.session,
            "expires_at": grant.expires,
            "max_sessions": grant.max_sessions,
        }
    )


async def make(request: Request) -> Response:
    """A token for a browser that must not see the key: ``{"seconds": 60, "scopes": ["view"]}``, or
    for those who are to read one session: ``{"session": ID, "seconds": 3600}``."""
    grant = grant_of(request)
    asked = await json_body(request)
    if "session" in asked:
        token = await _share(request, grant, asked)
    else:
        scopes = _scopes(asked.get("scopes"), grant.scopes)
        seconds = _seconds(asked.get("seconds", SECONDS), LONGEST_TOKEN)
        token = access_of(request).mint(grant, seconds, scopes)
    made = {"token": token.value, "expires_at": token.expires, "scopes": _names(token.scopes)}
    only = {} if token.session is None else {"session": token.session}
    return JSONResponse({**made, **only}, status_code=201)


async def _share(request: Request, grant: Grant, asked: dict[str, Any]) -> Token:
    """A token with which others can read one session."""
    session, access = asked["session"], access_of(request)
    if not isinstance(session, str):
        raise BadRequest("session must be the id of a session")
    if _scopes(asked.get("scopes", list(VIEWING)), VIEWING) != VIEWING:
        raise BadRequest("a token for one session has the scope 'view' and no other")
    longest = access.longest_share
    seconds = _seconds(asked.get("seconds", min(SHARE_SECONDS, longest)), longest)
    token = access.share(grant, seconds, session, await _owner(request, session))
    log.info("%s shares session %s for %.0f s", grant.name or "somebody", session, seconds)
    return token


async def _owner(request: Request, session: str) -> str | None:
    """The name of the key that opened a session: one that runs, or one that is stored.

    Raises:
        UnknownSession: there is none.
        StoreUnavailable: nobody can tell just now.
        Overloaded: too many ask the store.
    """
    running, store = services(request).sessions.find(session), services(request).store
    if running is not None:
        return running.owner
    if store is None:
        raise UnknownSession("there is no such session, or it is over and nothing was kept")
    return (await in_turn(store.get, session)).owner


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
        found = loads(bytes(body) or b"{}")
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


def _seconds(value: object, longest: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= longest:
        return float(value)
    raise BadRequest(f"seconds must be a number from 1 to {longest:.0f}")


def _names(scopes: frozenset[Scope]) -> list[str]:
    return [scope for scope in SCOPES if scope in scopes]
