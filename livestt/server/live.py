"""The native WebSocket, ``/asr``: who is admitted, and how sessions end when the server does."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio
from starlette.websockets import WebSocket

from livestt.engines.scheduler import Scheduler
from livestt.errors import LivesttError, ServerRestart, TooManySessions
from livestt.pipeline import Pipeline
from livestt.protocols.native import Request, parse_query
from livestt.server.conversation import Conversation
from livestt.server.handshake import check_origin, refuse
from livestt.server.timing import Timing

log = logging.getLogger(__name__)


class LiveEndpoint:
    """Admits connections to ``/asr`` and runs a session for each."""

    def __init__(self, pipeline: Pipeline, scheduler: Scheduler, timing: Timing) -> None:
        self.pipeline = pipeline
        self.scheduler = scheduler
        self.timing = timing
        self._draining = False
        self._running: set[Conversation] = set()

    @property
    def sessions(self) -> int:
        """How many are running."""
        return len(self._running)

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        try:
            request = self._admit(socket)
        except LivesttError as error:
            await refuse(socket, error)
            return
        conversation = Conversation(socket, self.pipeline, self.scheduler, request, self.timing)
        self._running.add(conversation)
        try:
            await conversation.run()
        finally:
            self._running.remove(conversation)

    async def drain(self, hurry: Callable[[], bool]) -> None:
        """Admit nobody any more, and let the sessions there are say their last words.

        Args:
            hurry: asked often; True ends the wait.
        """
        self._draining = True
        for conversation in list(self._running):
            conversation.cut_short()
        with anyio.move_on_after(self.timing.drain):
            while self._running and not hurry():  # noqa: ASYNC110 - a signal handler decides
                await anyio.sleep(0.05)
        if self._running:
            log.warning("%d sessions are ended before their last words", len(self._running))
        for conversation in list(self._running):
            conversation.cancel()

    def _admit(self, socket: WebSocket) -> Request:
        """Read what a client asks for, or refuse it before the handshake."""
        settings = self.pipeline.settings
        check_origin(socket.headers, socket.scope["scheme"], settings.allow_origin)
        if self._draining:
            raise ServerRestart("this server is about to stop; try again in a moment")
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
