"""Checks host, origin and key of every request and WebSocket before anything else."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from socket import gethostname

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from livestt import extension
from livestt.access import keys as access
from livestt.access import tokens
from livestt.access.credentials import echo, presented, without_keys
from livestt.access.hosts import check_host
from livestt.access.keys import EVERYBODY, Grant
from livestt.access.rules import READING, check, check_own, need
from livestt.errors import LivesttError, MissingScope, NotLocal, Unauthorized
from livestt.server.access import asking
from livestt.server.access.keyring import configured
from livestt.server.access.origins import check_origin
from livestt.server.access.rates import Rates
from livestt.server.access.refusals import path_of, refusal, refuse
from livestt.server.access.token_secret import new_secret, token_secret
from livestt.server.operations.tally import Tally
from livestt.settings import Settings

log = logging.getLogger(__name__)

LONGEST_TOKEN = 24 * 3600
"""Seconds a temporary token may last."""
VIEWING: frozenset[access.Scope] = frozenset({"view"})
"""What a token for one session allows."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Token:
    """A temporary token, as it is handed out once."""

    value: str
    expires: int
    """Seconds since 1970."""
    scopes: frozenset[access.Scope]
    session: str | None = None
    """The only one that it shows; None for all that its scopes allow."""


class Access:
    """Decides who may do what.

    Args:
        settings: the operator's settings.
        on_wrong_key: called when a key is shown that does not count.
        tally: counts requests that are refused because there were too many.

    Attributes:
        keys: those that count.
        longest_share: seconds that a token for one session may last.

    Raises:
        SetupError: the keys cannot be read.
    """

    def __init__(self, settings: Settings, on_wrong_key: Callable[[], None], tally: Tally) -> None:
        self.keys = configured(settings)
        self.longest_share = 3600.0 * settings.share_hours
        self._origins = (*settings.allow_origin, extension.ORIGIN)
        self._hosts = (*settings.allow_host, settings.host, f"{gethostname()}.local", gethostname())
        self._checks_host = not self.keys.required or bool(settings.allow_host)
        self._rates = Rates(settings.max_requests_per_minute, on_wrong_key, tally)
        self._secret = token_secret() if self.keys.required else new_secret()
        if not self.keys.required and settings.host not in LOOPBACK:
            log.warning(
                "anybody on the network who reaches %s can use this server: make a key with "
                "`livestt key new`, and start with --api-keys-file",
                settings.host,
            )

    def admit(self, request: HTTPConnection) -> Grant:
        """What this request may do.

        Raises:
            HostNotAllowed: the server does not go by that name.
            Forbidden: a page of another origin.
            Unauthorized: it needs a key, and has none or a wrong one.
            TooManyFailures: and has had a wrong one too often.
            TooManyRequests: its key, or its address, has sent too many.
            MissingScope: its key does not allow this.
        """
        scope = request.scope
        method: str | None = scope["method"] if scope["type"] == "http" else None
        if self._checks_host:
            check_host(request.headers.get("host", ""), self._hosts)
        if method not in (*READING, "OPTIONS"):
            check_origin(request.headers, scope["scheme"], self._origins)
        path, query = path_of(scope), request.query_params
        wanted = need(path, method, query.get("role"))
        if not self.keys.required:
            self._rates.count_request(request, EVERYBODY, wanted)
            return EVERYBODY
        shown = presented(request.headers, scope.get("subprotocols", ()), _query(scope))
        try:
            grant = self._recognise(shown)
        except Unauthorized as error:
            if wanted == "nothing":
                return replace(EVERYBODY, scopes=frozenset())
            if shown is not None:
                self._rates.count_wrong_key(request)
            raise error
        self._rates.count_request(request, grant, wanted)
        check(grant, path, method, query)
        return grant

    def mint(self, grant: Grant, seconds: float, scopes: frozenset[access.Scope]) -> Token:
        """Make a temporary token, for a browser that must not see the key.

        Args:
            grant: of the one who asks for it.
            seconds: that it lasts, at most `LONGEST_TOKEN`.
            scopes: that it is to have.

        Raises:
            MissingScope: the grant itself does not have them, or is temporary.
        """
        if grant.temporary:
            raise MissingScope("temporary tokens cannot make others; use the key itself")
        lacking = [scope for scope in scopes if not grant.allows(scope)]
        if lacking:
            raise MissingScope(f"this key does not have the scope '{lacking[0]}'")
        return self._seal(replace(grant, scopes=scopes), min(seconds, LONGEST_TOKEN))

    def share(self, grant: Grant, seconds: float, session: str, owner: str | None) -> Token:
        """Make a token with which others can read one session, and nothing else.

        Args:
            grant: of the one who asks for it.
            seconds: that it lasts, at most as long as the operator allows.
            session: the id of the session.
            owner: name of the key that opened it.

        Raises:
            MissingScope: the session is not the grant's own, or the grant may open none.
        """
        check_own(grant, owner, "share")
        if not grant.allows(tokens.SHARING):
            raise MissingScope(f"this key does not have the scope '{tokens.SHARING}'")
        narrow = replace(grant, scopes=VIEWING, session=session)
        return self._seal(narrow, min(seconds, self.longest_share))

    def _seal(self, grant: Grant, seconds: float) -> Token:
        expires = int(_now() + max(1.0, seconds))
        ring = self.keys.current(time.monotonic())
        value = tokens.seal(grant, expires, self._secret, ring, secrets.token_hex(4))
        return Token(value, expires, grant.scopes, grant.session)

    def _recognise(self, shown: str | None) -> Grant:
        if shown is None:
            raise Unauthorized(
                "this server needs a key: send it as 'Authorization: Bearer KEY', or as the "
                "query parameter 'token'"
            )
        ring = self.keys.current(time.monotonic())
        key = ring.find(shown)
        if key is not None:
            return key.grant()
        if tokens.looks_like_one(shown):
            return tokens.unseal(shown, _now(), self._secret, ring)
        raise Unauthorized("this key is not valid")


class Door:
    """The middleware: refuses in the shape of the surface, or lets in with a `Grant`.

    What comes after it finds the grant with `grant_of`, and no key in the address.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            grant = self._access.admit(HTTPConnection(scope))
        except LivesttError as error:
            scope["query_string"] = without_keys(scope["query_string"])
            await _refuse(scope, receive, send, error)
            return
        scope["query_string"] = without_keys(scope["query_string"])
        scope.setdefault("state", {}).update(grant=grant, access=self._access)
        asking.grant.set(grant)
        chosen = echo(scope.get("subprotocols", ()))

        async def send_with_choice(message: Message) -> None:
            if message["type"] == "websocket.accept" and not message.get("subprotocol"):
                message = {**message, "subprotocol": chosen}
            await send(message)

        await self._app(scope, receive, send if chosen is None else send_with_choice)


def cross_origin(settings: Settings) -> Middleware:
    """Lets pages of other origins read answers, if the operator has named them."""
    return Middleware(
        CORSMiddleware,
        allow_origins=[*(origin.rstrip("/") for origin in settings.allow_origin), extension.ORIGIN],
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=[
            "Retry-After",
            "X-Request-Id",
            "Livestt-Transcript",
            "Dg-Request-Id",
            "Dg-Error",
        ],
    )


def grant_of(request: HTTPConnection) -> Grant:
    """What the one who sent this may do."""
    grant = request.scope.get("state", {}).get("grant", EVERYBODY)
    assert isinstance(grant, Grant)
    return grant


def seconds_left(request: HTTPConnection) -> float | None:
    """How long a reader with a link to one session may read; None for as long as it lasts."""
    grant = grant_of(request)
    if grant.session is None or grant.expires is None:
        return None
    return max(0.0, grant.expires - _now())


def access_of(request: HTTPConnection) -> Access:
    """Who decides; for surfaces that hand out temporary tokens."""
    access = request.scope["state"]["access"]
    assert isinstance(access, Access)
    return access


def check_local(client: HTTPConnection) -> None:
    """Let only programs on this machine through, and whoever has a key.

    Raises:
        NotLocal: the connection comes from elsewhere.
    """
    if grant_of(client).name:
        return
    if client.client is None or client.client.host not in LOOPBACK:
        raise NotLocal("only programs on the server's own machine may list its sessions")


def _query(scope: Scope) -> str:
    return str(scope["query_string"], "latin-1")


def _now() -> float:
    return datetime.now(UTC).timestamp()


async def _refuse(scope: Scope, receive: Receive, send: Send, error: LivesttError) -> None:
    if scope["type"] == "http":
        await refusal(path_of(scope), error)(scope, receive, send)
    else:
        await refuse(WebSocket(scope, receive, send), error)
