"""The native WebSocket, ``/asr``: who is admitted, and one conversation from end to end."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketState

from livestt import __version__
from livestt.driver import Driver, drive
from livestt.engines.scheduler import Scheduler
from livestt.errors import BadAudio, BadRequest, LivesttError, TooManySessions
from livestt.events import Ended, Event, Flushed, Warned
from livestt.pipeline import Pipeline, layout
from livestt.protocols.native import (
    Close,
    Configure,
    Flush,
    Request,
    Resync,
    config_message,
    configured,
    error_message,
    parse_control,
    parse_query,
)
from livestt.protocols.native_state import NativeStates
from livestt.server.handshake import check_origin, refuse
from livestt.server.outbox import ClientGone, Outbox
from livestt.transcript import Transcript

log = logging.getLogger(__name__)


class LiveEndpoint:
    """Admits connections to ``/asr`` and runs a session for each.

    Attributes:
        sessions: how many are running.
    """

    def __init__(self, pipeline: Pipeline, scheduler: Scheduler) -> None:
        self.pipeline = pipeline
        self.scheduler = scheduler
        self.sessions = 0

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        try:
            request = self._admit(socket)
        except LivesttError as error:
            await refuse(socket, error)
            return
        self.sessions += 1
        try:
            await Conversation(socket, self.pipeline, self.scheduler, request).run()
        finally:
            self.sessions -= 1

    def _admit(self, socket: WebSocket) -> Request:
        """Read what a client asks for, or refuse it before the handshake."""
        settings = self.pipeline.settings
        check_origin(socket.headers, socket.url.scheme, settings.allow_origin)
        if self.sessions >= settings.max_sessions:
            raise TooManySessions(
                f"this server runs its limit of {settings.max_sessions} sessions; try again later"
            )
        return parse_query(
            socket.query_params,
            self.pipeline.engine,
            settings.stream_options(),
            pcm_input=settings.pcm_input,
        )


class Conversation:
    """One client of ``/asr`` and its session.

    Args:
        socket: not accepted yet.
        request: what the client asked for.
    """

    def __init__(
        self, socket: WebSocket, pipeline: Pipeline, scheduler: Scheduler, request: Request
    ) -> None:
        self._socket = socket
        self._pipeline = pipeline
        self._scheduler = scheduler
        self._request = request
        self._id = secrets.token_urlsafe(12)
        self._transcript = Transcript(layout(pipeline.settings))
        self._states = NativeStates(request.mode, words=request.words)
        self._outbox = Outbox(socket, lambda: self._states.message(self._transcript))
        self._ended = anyio.Event()
        self._close_code = 1000

    async def run(self) -> None:
        """Accept, converse and close. Only errors of this server's own making escape."""
        await self._socket.accept()
        log.info("session %s started", self._id)
        try:
            async with anyio.create_task_group() as tasks:
                config = config_message(self._request, self._pipeline.engine, self._id, __version__)
                self._outbox.notify(config)
                tasks.start_soon(self._outbox.write)
                tasks.start_soon(self._outbox.beat)
                await self._transcribe()
                self._outbox.notify({"type": "ready_to_stop"})
                await self._outbox.finish()
                tasks.cancel_scope.cancel()
        except* ClientGone:
            log.info("session %s: the client left", self._id)
        except* Exception:  # the top of a session: it fails alone
            log.exception("session %s failed", self._id)
            self._close_code = 1011
        await self._close()
        log.info("session %s ended", self._id)

    async def _transcribe(self) -> None:
        """Take the client's audio to its last committed word."""
        try:
            async with drive(
                self._pipeline,
                self._scheduler,
                self._request.audio,
                self._receive_events,
                self._request.options,
            ) as driver:
                await self._listen(driver)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._discard)
                    await self._ended.wait()
                    tasks.cancel_scope.cancel()
        except LivesttError as error:
            self._report(error)

    async def _listen(self, driver: Driver) -> None:
        """Take audio and control messages until the client says that it is done."""
        try:
            while True:
                message = await self._receive()
                data = message.get("bytes")
                if data:
                    await driver.feed(data)
                elif data is not None or self._obey(driver, message["text"]):
                    break
            await driver.end()
        except BadAudio as error:
            self._report(error)
            driver.abandon()

    async def _discard(self) -> None:
        """Notice a client that leaves while its last words are being worked out."""
        while True:
            await self._receive()

    async def _receive(self) -> dict[str, Any]:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise ClientGone("closed by the client")
        return dict(message)

    def _obey(self, driver: Driver, text: str) -> bool:
        """Act on a control message; whether it ends the audio. A bad one is only answered."""
        try:
            match parse_control(text):
                case Configure(changes):
                    driver.configure(configured(driver.options, changes, self._pipeline.engine))
                case Flush(flush_id):
                    driver.flush(flush_id)
                case Resync():
                    self._states.resync()
                    self._outbox.changed()
                case Close():
                    return True
                case _:
                    pass
        except BadRequest as error:
            self._outbox.notify(error_message(error))
        return False

    def _receive_events(self, events: list[Event]) -> None:
        self._transcript.apply(events)
        for event in events:
            match event:
                case Flushed(flush_id):
                    self._outbox.notify({"type": "flushed", "id": flush_id})
                case Warned(code, message):
                    self._outbox.notify({"type": "warning", "code": code, "message": message})
                case Ended():
                    self._ended.set()
                case _:
                    pass
        self._outbox.changed()

    def _report(self, error: LivesttError) -> None:
        """Tell the client what went wrong; the socket closes with the error's code."""
        log.info("session %s: %s: %s", self._id, error.code, error)
        self._outbox.notify(error_message(error))
        self._close_code = error.close_code

    async def _close(self) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            try:
                await self._socket.close(self._close_code)
            except RuntimeError:
                log.debug("session %s: closed on both sides at once", self._id)
