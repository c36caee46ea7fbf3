"""The routes of Deepgram's API: ``WS /v1/listen``, ``POST /v1/listen`` and ``WS /v2/listen``."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from livestt.audio.channels import RawSplitter
from livestt.audio.format import AudioFormat
from livestt.audio.separate import APART
from livestt.errors import BadRequest, LivesttError
from livestt.pipeline import Manner
from livestt.protocols.deepgram.about import About, BadBody
from livestt.protocols.deepgram.control import (
    BadConfigure,
    CloseStream,
    Configure,
    Finalize,
    configure_failure,
    configure_success,
    parse_control,
    schema_error,
)
from livestt.protocols.deepgram.flux_query import parse_flux
from livestt.protocols.deepgram.live import LiveResults
from livestt.protocols.deepgram.query import LiveRequest, parse_live
from livestt.server.access import refusals
from livestt.server.access.door import access_of, grant_of
from livestt.server.access.tokens import json_body
from livestt.server.deepgram.files import transcribe
from livestt.server.deepgram.flux import Flux
from livestt.server.deepgram.stream import Stream, silence
from livestt.server.files.answering import Endpoint
from livestt.server.live.session import LiveSession
from livestt.server.services import Services, services
from livestt.server.sockets.outbox import Message
from livestt.server.timing import Timing
from livestt.timebase import to_seconds

TOKEN_SECONDS, LONGEST_TOKEN_SECONDS = 30, 3600


def routes() -> list[BaseRoute]:
    return [
        WebSocketRoute("/v1/listen", listen),
        Route("/v1/listen", Endpoint(transcribe, refusals.deepgram), methods=["POST"]),
        WebSocketRoute("/v2/listen", flux),
        Route("/v1/auth/grant", refusals.answering(grant), methods=["POST"]),
    ]


async def listen(socket: WebSocket) -> None:
    """One live connection, from its handshake to its end."""
    await _serve(socket, _open_listen)


async def flux(socket: WebSocket) -> None:
    """One conversation, from its handshake to its end."""
    await _serve(socket, _open_flux)


async def grant(request: Request) -> Response:
    """A token for a browser that must not see the key: ``{"ttl_seconds": 30}``."""
    try:
        seconds = (await json_body(request)).get("ttl_seconds")
    except BadRequest as error:
        raise BadBody(str(error)) from error
    if seconds is None:
        seconds = TOKEN_SECONDS
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not number or not 1 <= seconds <= LONGEST_TOKEN_SECONDS:
        raise BadBody(f"ttl_seconds must be from 1 to {LONGEST_TOKEN_SECONDS}")
    own = grant_of(request)
    token = access_of(request).mint(own, float(seconds), frozenset({"transcribe"}))
    return JSONResponse({"access_token": token.value, "expires_in": seconds})


async def _serve(socket: WebSocket, open_stream: Callable[[WebSocket, str], Stream]) -> None:
    request_id = str(uuid.uuid4())
    try:
        stream = open_stream(socket, request_id)
    except LivesttError as error:
        await socket.send_denial_response(refusals.deepgram(error, request_id))
        return
    with services(socket).sessions.connected(stream):
        await stream.run()


def _open_listen(socket: WebSocket, request_id: str) -> Stream:
    """Read what a client asks for, or refuse it before the handshake."""
    served = services(socket)
    engine, defaults = served.pipeline.engine, served.pipeline.settings.stream_options()
    request = parse_live(socket.query_params.multi_items(), engine, defaults)
    about = About(request_id, engine, request.extra, request.tags)
    return Listen(socket, request, open_sessions(request, served), about, served.timing)


def _open_flux(socket: WebSocket, request_id: str) -> Stream:
    served = services(socket)
    engine, settings = served.pipeline.engine, served.pipeline.settings
    pairs = socket.query_params.multi_items()
    request = parse_flux(pairs, engine, settings.stream_options())
    audio = request.sound.audio
    session = served.sessions.open(
        AudioFormat() if audio.encoding == "auto" else audio,
        request.options,
        Manner(
            endpointing=silence(request.thresholds.first_silence_ms, settings), diarization=False
        ),
    )
    about = About(request_id, engine, tags=request.tags)
    return Flux(socket, request, session, about, served.timing, settings)


def open_sessions(request: LiveRequest, served: Services) -> list[LiveSession]:
    """A session for each channel, or none at all.

    Raises:
        LivesttError: the server can take no more.
    """
    audio = request.sound.audio
    if audio.encoding == "auto":
        audio = AudioFormat() if request.channels == 1 else APART
    elif request.channels > 1:
        audio = RawSplitter(audio).apart
    manner = Manner(
        endpointing=silence(request.endpointing_ms, served.pipeline.settings),
        diarization=request.form.speakers,
        speakers_at_once=True,
    )
    opened: list[LiveSession] = []
    try:
        for _ in range(request.channels):
            opened.append(served.sessions.open(audio, request.options, manner))  # noqa: PERF401 - all are ended
    except LivesttError:
        for session in opened:
            session.end()
        raise
    return opened


class Listen(Stream):
    """A client of ``WS /v1/listen``."""

    def __init__(
        self,
        socket: WebSocket,
        request: LiveRequest,
        sessions: list[LiveSession],
        about: About,
        timing: Timing,
    ) -> None:
        self._request = request
        super().__init__(socket, request.sound, sessions, about, timing)

    def open_fold(self, index: int) -> LiveResults:
        return LiveResults(self._request, self._about, index)

    def obey(self, text: str) -> None:
        request_id = self._about.request_id
        try:
            match parse_control(text, channels=len(self._channels)):
                case Finalize(channel):
                    chosen = self._channels if channel is None else [self._channels[channel]]
                    for one in chosen:
                        one.session.flush()
                case Configure() as configure:
                    self._configure(configure)
                case CloseStream():
                    self.end()
                case _:
                    pass
        except BadConfigure as error:
            self.tell([configure_failure(request_id, error)])
        except BadRequest as error:
            self.tell([schema_error(text, error)])

    def _configure(self, configure: Configure) -> None:
        if configure.keyterms is not None:
            for channel in self._channels:
                session = channel.session
                session.configure(replace(session.options, hotwords=configure.keyterms))
        self.tell([configure_success(self._about.request_id, configure)])

    def parting(self) -> list[Message]:
        metadata = self._about.metadata(
            sha256=self.sha256,
            created=self.created,
            duration=to_seconds(self._channels[0].session.transcript.duration),
            channels=self._request.channels,
        )
        return [{"type": "Metadata", **metadata}]
