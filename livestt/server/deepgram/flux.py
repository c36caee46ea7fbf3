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
from livestt.protocols.deepgram.flux_query import FluxRequest, Thresholds, changed, language_of
from livestt.server.deepgram.stream import Stream, silence
from livestt.server.live.session import LiveSession
from livestt.server.sockets.outbox import Message
from livestt.server.timing import Timing
from livestt.settings import Settings


class Flux(Stream):
    """A client of ``WS /v2/listen``."""

    def __init__(
        self,
        socket: WebSocket,
        request: FluxRequest,
        session: LiveSession,
        about: About,
        timing: Timing,
        settings: Settings,
    ) -> None:
        self._request, self._settings = request, settings
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
        thresholds = changed(self._turns.thresholds, configure)
        options = session.options
        if configure.keyterms is not None:
            options = replace(options, hotwords=configure.keyterms)
        if configure.language_hints is not None:
            options = replace(options, language=self._language(configure.language_hints))
        self._end_turns_by(session, thresholds)
        session.configure(options)
        answer: Message = {
            "thresholds": thresholds.told(),
            "keyterms": list(options.hotwords),
        }
        if configure.language_hints is not None:
            answer = {**answer, "language_hints": list(configure.language_hints)}
        self.tell([self._turns.message("ConfigureSuccess", **answer)])

    def _end_turns_by(self, session: LiveSession, thresholds: Thresholds) -> None:
        self._turns.thresholds = thresholds
        self._turns.detected_ms = thresholds.first_silence_ms
        detection = silence(thresholds.first_silence_ms, self._settings)
        if self._settings.vad and detection is not None:
            session.listen(detection)

    def _language(self, hints: tuple[str, ...]) -> str | None:
        """What the session is to hear from now on."""
        default = self._settings.stream_options().language
        try:
            return language_of(self._request.model, hints, self._about.engine, default)
        except BadRequest as error:
            raise BadConfigure("INVALID_LANGUAGE_HINT", str(error)) from error
