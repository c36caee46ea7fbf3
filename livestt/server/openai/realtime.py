"""The routes of OpenAI Realtime: ``WS /v1/realtime``, and keys for browsers to open it with."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from livestt.access.credentials import presented
from livestt.errors import BadRequest, LivesttError, TooManySessions
from livestt.pipeline import endpointing
from livestt.protocols.openai_realtime import Realtime
from livestt.protocols.openai_realtime.configuration import Configuration
from livestt.protocols.openai_realtime.fields import number
from livestt.server.access import asking
from livestt.server.access.door import access_of, grant_of
from livestt.server.access.refusals import answering, refuse
from livestt.server.access.tokens import json_body
from livestt.server.openai.realtime_stream import RealtimeStream
from livestt.server.services import Services, services
from livestt.vad.endpointing import EndpointingOptions

SUBPROTOCOL = "realtime"
BETA_SUBPROTOCOL = "openai-beta.realtime-v1"
BETA_HEADER = "realtime=v1"
SECRET_SECONDS = 600
"""Seconds that an ephemeral key lasts unless its request says otherwise, as at OpenAI."""
LEAST_SECONDS, MOST_SECONDS = 10, 7200
MAX_IDLE = 100
"""Connections that have sent no audio yet."""
MAX_PREPARED = 1000
"""Configurations kept for ephemeral keys that have not been used yet."""


def routes() -> list[BaseRoute]:
    surface = Surface()
    secret, session = answering(surface.client_secret), answering(surface.beta_session)
    return [
        WebSocketRoute("/v1/realtime", surface.connect),
        Route("/v1/realtime/client_secrets", secret, methods=["POST"]),
        Route("/v1/realtime/transcription_sessions", session, methods=["POST"]),
    ]


class Prepared:
    """Configurations that wait for the clients of ephemeral keys. The oldest go first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[Configuration, float]] = OrderedDict()

    def keep(self, key: str, configuration: Configuration, until: float) -> None:
        """Remember this for whoever shows the key before ``until`` (seconds since 1970)."""
        self._waiting[key] = (configuration, until)
        while len(self._waiting) > MAX_PREPARED:
            self._waiting.popitem(last=False)

    def find(self, key: str | None, now: float) -> Configuration | None:
        found = self._waiting.get(key or "")
        if found is None:
            return None
        configuration, until = found
        return configuration if now < until else None


class Surface:
    """The handlers of the dialect's paths."""

    def __init__(self) -> None:
        self._prepared = Prepared()

    async def connect(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        served = services(socket)
        try:
            served.sessions.admission.check_room()
            _check_idle(served)
        except LivesttError as error:
            await refuse(socket, error)
            return
        stream = self._stream(socket, served)
        with served.sessions.connected(stream):
            await stream.run()

    async def client_secret(self, request: Request) -> Response:
        """``{expires_after?, session?}`` to ``{value, expires_at, session}``."""
        body = await json_body(request)
        session = body.get("session") or {}
        made = self._secret(request, session, _seconds(body.get("expires_after")), beta=False)
        return JSONResponse(made)

    async def beta_session(self, request: Request) -> Response:
        """The beta's form: a session object that holds its ``client_secret``."""
        made = self._secret(request, await json_body(request), SECRET_SECONDS, beta=True)
        session = made.pop("session")
        return JSONResponse({**session, "client_secret": made})

    def _stream(self, socket: WebSocket, served: Services) -> RealtimeStream:
        offered = socket.scope["subprotocols"]
        beta = BETA_HEADER in socket.headers.get("openai-beta", "") or BETA_SUBPROTOCOL in offered
        chosen = next((name for name in (SUBPROTOCOL, BETA_SUBPROTOCOL) if name in offered), None)
        settings = served.pipeline.settings
        name = secrets.token_hex(8)
        realtime = Realtime(
            name,
            served.pipeline.engine,
            settings.stream_options(),
            _operator(served),
            beta=beta,
            configuration=self._prepared.find(_key(socket), time.time()),  # noqa: TID251 - until
        )
        return RealtimeStream(
            socket, chosen, realtime, served.sessions, served.timing, f"realtime {name}"
        )

    def _secret(
        self, request: Request, session: Any, seconds: float, *, beta: bool
    ) -> dict[str, Any]:
        if not isinstance(session, dict):
            raise BadRequest("'session' must be an object", param="session")
        served = services(request)
        operator = _operator(served)
        configuration = Configuration.default(operator).updated(session, operator, beta=beta)
        configuration.options(served.pipeline.settings.stream_options(), served.pipeline.engine)
        token = access_of(request).mint(grant_of(request), seconds, frozenset({"transcribe"}))
        self._prepared.keep(token.value, configuration, token.expires)
        name = f"sess_{secrets.token_hex(8)}"
        return {
            "value": token.value,
            "expires_at": token.expires,
            "session": configuration.to_wire(name, beta=beta),
        }


def _operator(served: Services) -> EndpointingOptions | None:
    """The operator's voice detection; None where there is none."""
    settings = served.pipeline.settings
    return endpointing(settings) if settings.vad else None


def _check_idle(served: Services) -> None:
    """Keep away who would open connections without end: those that send nothing are no sessions.

    Raises:
        TooManySessions: there are as many as there may be.
    """
    connections = served.sessions.connections
    idle = [one for one in connections if isinstance(one, RealtimeStream) and one.idle]
    if len(idle) >= MAX_IDLE:
        raise TooManySessions("this server has reached its limit of connections without audio")
    grant = asking.grant.get()
    most = grant.max_sessions
    if most is not None and sum(one.owner == grant.name for one in idle) >= most:
        raise TooManySessions(
            f"this key has reached its limit of connections without audio, {most}"
        )


def _key(connection: HTTPConnection) -> str | None:
    """What the client showed at the door."""
    return presented(connection.headers, connection.scope["subprotocols"], "")


def _seconds(asked: Any) -> float:
    """How long an ephemeral key lasts."""
    if asked is None:
        return SECRET_SECONDS
    if not isinstance(asked, dict):
        raise BadRequest("'expires_after' must be an object", param="expires_after")
    seconds = asked.get("seconds", SECRET_SECONDS)
    return number("seconds", seconds, LEAST_SECONDS, MOST_SECONDS, "expires_after.seconds")
