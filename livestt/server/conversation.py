"""One client of ``/asr`` and its session, from the accepted socket to the closed one."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from livestt import __version__
from livestt.driver import Driver, drive
from livestt.engines.scheduler import Scheduler
from livestt.errors import BadAudio, BadRequest, LivesttError, ServerRestart
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
)
from livestt.protocols.native_state import NativeStates
from livestt.server.outbox import ClientGone, ClientStalled, Outbox
from livestt.server.timing import Timing
from livestt.server.transport import abort_of
from livestt.transcript import Transcript

log = logging.getLogger(__name__)

MAX_OWED = 64
"""Answers a client may be owed before the server stops reading what else it says."""


class Conversation:
    """One client of ``/asr`` and its session.

    Args:
        socket: not accepted yet.
        request: what the client asked for.
        timing: how long the client may take.
    """

    def __init__(
        self,
        socket: WebSocket,
        pipeline: Pipeline,
        scheduler: Scheduler,
        request: Request,
        timing: Timing,
    ) -> None:
        self._socket = socket
        self._pipeline = pipeline
        self._scheduler = scheduler
        self._request = request
        self._timing = timing
        self._id = secrets.token_urlsafe(12)
        self._transcript = Transcript(layout(pipeline.settings))
        self._states = NativeStates(request.mode, words=request.words)
        self._outbox = Outbox(socket, lambda: self._states.message(self._transcript), timing)
        self._whole = anyio.CancelScope()
        self._listening = anyio.CancelScope()
        self._flushes = 0
        self._ended = anyio.Event()
        self._complete = False
        self._close_code = 1000

    async def run(self) -> None:
        """Accept, converse and close. No error escapes."""
        log.info("session %s starts", self._id)
        try:
            with self._whole:
                await self._converse()
            await self._close()
        except* ClientStalled as stalled:
            log.info("session %s: the client %s", self._id, stalled.exceptions[0])
            self._abort()
        except* ClientGone:
            log.info("session %s: the client left", self._id)
        except* Exception:  # the top of a session: it fails alone
            log.exception("session %s failed", self._id)
            self._close_code = 1011
            await self._close()
        log.info("session %s ended", self._id)

    def cut_short(self) -> None:
        """Take no more audio, and tell the client so; what came is still transcribed."""
        if not self._complete:
            error = ServerRestart("the server restarts; connect again to go on")
            self._close_code = error.close_code
            self._outbox.notify({"type": "warning", "code": error.code, "message": str(error)})
            self._listening.cancel()

    def cancel(self) -> None:
        """End at once."""
        self._whole.cancel()

    async def _converse(self) -> None:
        try:
            await self._socket.accept()
        except OSError as error:
            raise ClientGone("before it was let in") from error
        await self._outbox.send(
            config_message(self._request, self._pipeline.engine, self._id, __version__)
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._outbox.write)
            tasks.start_soon(self._outbox.beat)
            await self._transcribe()
            if self._complete:
                self._outbox.notify({"type": "ready_to_stop"})
            await self._outbox.finish()
            tasks.cancel_scope.cancel()

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
                await self._hear_out(driver)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._discard)
                    await self._ended.wait()
                    tasks.cancel_scope.cancel()
        except LivesttError as error:
            self._report(error)

    async def _hear_out(self, driver: Driver) -> None:
        """Listen until the client is done, or cannot be understood, or the server stops."""
        try:
            with self._listening:
                await self._listen(driver)
                self._complete = True
            await driver.end()
        except BadAudio as error:
            self._complete = True
            self._report(error)
            driver.abandon()

    async def _listen(self, driver: Driver) -> None:
        """Take audio and control messages until the client says that it is done."""
        while True:
            message = await self._receive()
            data = message.get("bytes")
            if data:
                await driver.feed(data)
            elif data is not None or self._obey(driver, message["text"]):
                return
            while self._flushes + self._outbox.waiting >= MAX_OWED:
                await self._outbox.written()

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
                    self._flushes += 1
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
                    self._flushes -= 1
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
        with anyio.move_on_after(self._timing.send) as patience:
            try:
                await self._socket.close(self._close_code)
            except (WebSocketDisconnect, RuntimeError):
                log.debug("session %s: closed on both sides at once", self._id)
        if patience.cancelled_caught:
            self._abort()

    def _abort(self) -> None:
        abort = abort_of(self._socket.scope)
        if abort is not None:
            abort()
