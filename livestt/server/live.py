"""The native WebSocket, ``/asr``: who is admitted to which session, and how sessions end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from livestt import extension
from livestt.engines.scheduler import Scheduler
from livestt.errors import (
    LivesttError,
    NotLocal,
    Overloaded,
    ServerRestart,
    TooManySessions,
    UnknownSession,
)
from livestt.pipeline import Pipeline
from livestt.protocols.native import Request, parse_query
from livestt.server.conversation import Conversation, Publisher, Viewer
from livestt.server.handshake import check_origin, refuse
from livestt.server.ladder import NO_NEWCOMERS, Ladder
from livestt.server.live_session import LiveSession
from livestt.server.timing import Timing

log = logging.getLogger(__name__)

LATEST = "latest"
"""Instead of a session's id: the one that started last."""
MAX_VIEWERS = 100
"""Viewers per session that may be, all together."""
PATIENCE_PER_SESSION = 0.004
MOST_PATIENCE = 0.25
"""Seconds; see `LiveSession`."""
LOOPBACK = ("127.0.0.1", "::1")


class LiveEndpoint:
    """Admits connections to ``/asr`` and owns the sessions they are about.

    Use as an async context manager: sessions run until they end or the block is left.
    """

    def __init__(self, pipeline: Pipeline, scheduler: Scheduler, timing: Timing) -> None:
        self.pipeline = pipeline
        self.scheduler = scheduler
        self.timing = timing
        self.ladder = Ladder()
        self._draining = False
        self._sessions: dict[str, LiveSession] = {}
        self._connections: set[Conversation] = set()
        self._stack = AsyncExitStack()
        self._tasks: TaskGroup | None = None
        self._watching = anyio.CancelScope()

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._tasks.start_soon(self._watch_load)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cancel_sessions()
        self._watching.cancel()
        await self._stack.__aexit__(kind, error, trace)

    @property
    def sessions(self) -> int:
        """How many are running."""
        return len(self._sessions)

    def listing(self, client: HTTPConnection) -> list[dict[str, Any]]:
        """What is going on, newest first.

        Raises:
            NotLocal: the client is on another machine; ids are what keeps sessions private.
        """
        check_local(client)
        return [session.summary() for session in reversed(self._sessions.values())]

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        try:
            connection = self._admit(socket)
        except LivesttError as error:
            await refuse(socket, error)
            return
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.remove(connection)

    async def drain(self, hurry: Callable[[], bool]) -> None:
        """Admit nobody any more, and let the sessions there are say their last words.

        Args:
            hurry: asked often; True ends the wait.
        """
        self._draining = True
        for connection in list(self._connections):
            connection.cut_short()
        for session in list(self._sessions.values()):
            session.end()
        with anyio.move_on_after(self.timing.drain):
            while (self._connections or self._sessions) and not hurry():  # noqa: ASYNC110 - a signal handler decides
                await anyio.sleep(0.05)
        if self._sessions:
            log.warning("%d sessions are ended before their last words", len(self._sessions))
        for connection in list(self._connections):
            connection.cancel()
        self._cancel_sessions()

    def _cancel_sessions(self) -> None:
        for session in list(self._sessions.values()):
            session.cancel()

    def _admit(self, socket: WebSocket) -> Conversation:
        """Read what a client asks for, or refuse it before the handshake."""
        settings = self.pipeline.settings
        allowed = (*settings.allow_origin, extension.ORIGIN)
        check_origin(socket.headers, socket.scope["scheme"], allowed)
        if self._draining:
            raise ServerRestart("this server is about to stop; try again in a moment")
        request = parse_query(
            socket.query_params,
            self.pipeline.engine,
            settings.stream_options(),
            pcm_input=settings.pcm_input,
        )
        viewing = request.role == "viewer"
        session = self._find(request, socket) if viewing else self._fed_by(request)
        kind = Viewer if viewing else Publisher
        return kind(socket, session, request, self.pipeline.engine, self.timing)

    def _find(self, request: Request, socket: WebSocket) -> LiveSession:
        """The session a viewer wants."""
        if request.session == LATEST:
            check_local(socket)
            found = next(reversed(self._sessions.values()), None)
        else:
            found = self._sessions.get(request.session or "")
        if found is None:
            raise UnknownSession("there is no such session, or not any more")
        if len(self._connections) - self.sessions >= MAX_VIEWERS:
            raise TooManySessions("this server has all the viewers it can take")
        return found

    def _fed_by(self, request: Request) -> LiveSession:
        """The session a publisher comes back to, or a new one if that is over."""
        known = self._sessions.get(request.session or "")
        if known is not None and known.resumable and known.request.audio == request.audio:
            return known
        if self.ladder.level >= NO_NEWCOMERS:
            raise Overloaded("the server is overloaded; try again later")
        most = self.pipeline.settings.max_sessions
        if self.sessions >= most:
            raise TooManySessions(f"this server runs its limit of {most} sessions; try again later")
        grace = self.pipeline.settings.resume_seconds
        session = LiveSession(
            self.pipeline, self.scheduler, request, grace, self._patience, self.ladder.level
        )
        self._sessions[session.id] = session
        assert self._tasks is not None
        self._tasks.start_soon(self._host, session)
        return session

    async def _watch_load(self) -> None:
        """Read the load every second, and let sessions know when its rung changes."""
        with self._watching:
            answered = 0
            while True:
                await anyio.sleep(self.timing.load)
                stats = self.scheduler.stats
                idle = stats.jobs == answered and not stats.waiting
                answered = stats.jobs
                if self.ladder.observe(0.0 if idle else stats.wait, anyio.current_time()):
                    log.warning("%s", self.ladder.rung.message)
                    for session in self._sessions.values():
                        session.ease(self.ladder.level, self.ladder.rung)

    def _patience(self) -> float:
        """With more sessions each gathers more audio before it is heard."""
        return min(MOST_PATIENCE, PATIENCE_PER_SESSION * self.sessions)

    async def _host(self, session: LiveSession) -> None:
        try:
            await session.run()
        finally:
            del self._sessions[session.id]


def check_local(client: HTTPConnection) -> None:
    """Let only programs on this machine through.

    Raises:
        NotLocal: the connection comes from elsewhere.
    """
    if client.client is None or client.client.host not in LOOPBACK:
        raise NotLocal("only programs on the server's own machine may ask which sessions there are")
