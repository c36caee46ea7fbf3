"""The routes of the native protocol: ``/asr`` and ``/sessions``."""

from __future__ import annotations

from itertools import count
from typing import Any

from starlette.requests import HTTPConnection
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from livestt.errors import LivesttError, TooManySessions, UnknownSession
from livestt.pipeline import Manner
from livestt.protocols.native import Request, parse_query
from livestt.server.access.door import check_local, seconds_left
from livestt.server.access.refusals import answering, refuse
from livestt.server.live.ended import GONE, Followed
from livestt.server.live.session import LiveSession
from livestt.server.native.conversation import Conversation, Publisher, Viewer
from livestt.server.services import Services, services

LATEST = "latest"
"""Instead of a session's id: the one that started last."""
ARRIVALS = count(1)
"""Numbers handshakes, in the order in which they came."""


def routes() -> list[BaseRoute]:
    return [
        WebSocketRoute("/asr", live),
        Route("/asr", answering(admission), methods=["GET"]),
        Route("/sessions", answering(listing)),
    ]


async def live(socket: WebSocket) -> None:
    """One connection, from its handshake to its end."""
    served = services(socket)
    arrival = next(ARRIVALS)
    try:
        connection = await _admit(socket, served)
    except LivesttError as error:
        await refuse(socket, error)
        return
    connection.arrival = arrival
    connection.on_ack = served.metrics.client_staleness.observe
    with served.sessions.connected(connection):
        await connection.run()


async def admission(request: HTTPRequest) -> Response:
    """What the handshake of a WebSocket with this query would be told, which browsers hide."""
    served = services(request)
    asked = _asked(request, served)
    if asked.role == "viewer":
        await _watched(asked, request, served)
    elif served.sessions.find(asked.session or "") is None:
        served.sessions.admission.check_room(counted=False)
    return JSONResponse({})


async def listing(request: HTTPRequest) -> Response:
    """The sessions there are, newest first, for overlays and tools."""
    check_local(request)
    return JSONResponse({"sessions": summaries(services(request))})


def summaries(served: Services) -> list[dict[str, Any]]:
    """What is going on, newest first. Ids are what keeps sessions private."""
    return [session.summary() for session in reversed(list(served.sessions))]


async def _admit(socket: WebSocket, served: Services) -> Conversation[Any]:
    """Read what a client asks for, or refuse it before the handshake."""
    request = _asked(socket, served)
    shared = request, served.pipeline, served.timing, served.voices
    if request.role == "viewer":
        viewer = Viewer(socket, await _watched(request, socket, served), *shared)
        viewer.seconds = seconds_left(socket)
        return viewer
    return Publisher(socket, await _fed(request, served), *shared)


def _asked(client: HTTPConnection, served: Services) -> Request:
    settings, engine = served.pipeline.settings, served.pipeline.engine
    served.sessions.admission.check_running()
    return parse_query(
        client.query_params,
        engine,
        settings.stream_options(),
        pcm_input=settings.pcm_input,
        targets=served.pipeline.translates_into,
        target=settings.target_language,
    )


async def _watched(request: Request, client: HTTPConnection, served: Services) -> Followed:
    """The session a viewer wants."""
    found: Followed | None
    if request.session == LATEST:
        check_local(client)
        found = served.sessions.latest
        if found is None:
            raise UnknownSession(GONE)
    else:
        found = served.sessions.find(request.session or "")
    most = served.pipeline.settings.max_viewers
    if sum(isinstance(one, Viewer) for one in served.sessions.connections) >= most:
        raise TooManySessions(f"this server has reached its limit of viewers, {most}")
    if found is None:
        return await served.endings.find(request.session or "")
    return found


async def _fed(request: Request, served: Services) -> LiveSession:
    """The session a publisher comes back to, or a new one if that is over."""
    grace = served.pipeline.settings.resume_seconds
    audio, options = request.audio, request.options
    manner = Manner(
        diarization=request.diarization,
        max_speakers=request.max_speakers,
        record=request.record,
        title=request.title,
        target_language=request.target_language,
    )
    if request.session is not None:
        known = await served.returning.resume(request.session, audio, options, manner, grace=grace)
        if known is not None:
            return known
    return served.sessions.open(audio, options, manner, grace=grace)
