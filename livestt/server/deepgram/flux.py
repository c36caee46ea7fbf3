"""Flux, ``WS /v2/listen``."""

from __future__ import annotations

from dataclasses import replace

from starlette.websockets import WebSocket

from livestt.errors import BadRequest
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.control import (
    BadConfigure,
    CloseStream,
    Configure,
    ForceEndTurn,
    parse_control,
)
from livestt.protocols.deepgram.flux import FluxTurns
from livestt.protocols.deepgram.flux_query import FluxRequest, changed
from livestt.server.deepgram.stream import Stream
from livestt.server.live.session import LiveSession
from livestt.server.sockets.outbox import Message
from livestt.server.timing import Timing


class Flux(Stream):
    """A client of ``WS /v2/listen``."""

    def __init__(
        self,
        socket: WebSocket,
        request: FluxRequest,
        session: LiveSession,
        about: About,
        timing: Timing,
    ) -> None:
        thresholds = request.thresholds
        self._turns = FluxTurns(about, thresholds, thresholds.first_silence_ms)
        super().__init__(socket, request.sound, [session], about, timing)

    def open_fold(self, index: int) -> FluxTurns:
        return self._turns

    def greeting(self) -> list[Message]:
        return [self._turns.message("Connected")]

    def obey(self, text: str) -> None:
        session = self._channels[0].session
        try:
            match parse_control(text):
                case ForceEndTurn():
                    session.flush()
                case Configure() as configure:
                    self._configure(session, configure)
                case CloseStream():
                    self.end()
                case _:
                    pass
        except BadConfigure as error:
            failure = {"code": error.failure, "description": str(error)}
            self.tell([self._turns.message("ConfigureFailure", **failure)])
        except BadRequest as error:
            warning = {"code": "UNPARSABLE_CLIENT_MESSAGE", "description": str(error)}
            self.tell([self._turns.message("Warning", **warning)])

    def _configure(self, session: LiveSession, configure: Configure) -> None:
        self._turns.thresholds = changed(self._turns.thresholds, configure)
        if configure.keyterms is not None:
            session.configure(replace(session.options, hotwords=configure.keyterms))
        answer: Message = {
            "thresholds": self._turns.thresholds.told(),
            "keyterms": list(session.options.hotwords),
        }
        if configure.language_hints is not None:
            answer = {**answer, "language_hints": list(configure.language_hints)}
        self.tell([self._turns.message("ConfigureSuccess", **answer)])
