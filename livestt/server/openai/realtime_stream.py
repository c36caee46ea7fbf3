"""One connection to ``/v1/realtime``, from the accepted socket to the closed one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from starlette.websockets import WebSocket

from livestt.errors import LivesttError, ServerRestart
from livestt.events import Event
from livestt.pipeline import Manner
from livestt.protocols.openai_realtime import Action, Configure, Flush, Listen, Push, Realtime, Say
from livestt.protocols.openai_realtime.client_events import ClientEvent, parse
from livestt.server.access import asking
from livestt.server.live.session import LiveSession
from livestt.server.live.sessions import Sessions
from livestt.server.sockets.connection import SocketConnection
from livestt.server.sockets.outbox import Message, Outbox
from livestt.server.timing import Timing

HEAVY = 1 << 16
"""Characters of an event from which on it is read in a thread: a large one takes 50 ms."""
PIECE = 1 << 16
"""Bytes of audio that the session gets at a time."""
MAX_OWED = 256
"""Messages a client may be owed before the server stops reading what it says."""


class RealtimeStream(SocketConnection):
    """A client of the dialect. Its session opens with its first audio.

    Args:
        socket: not accepted yet.
        subprotocol: that is chosen.
        realtime: what it says and is told.
        sessions: where its session is opened.
        timing: how long the client may take.
        name: for the log.

    Attributes:
        owner: name of the key it was opened with; empty without keys.
    """

    def __init__(
        self,
        socket: WebSocket,
        subprotocol: str | None,
        realtime: Realtime,
        sessions: Sessions,
        timing: Timing,
        name: str,
    ) -> None:
        super().__init__(socket, timing, name)
        self.owner = asking.grant.get().name
        self._subprotocol = subprotocol
        self._realtime = realtime
        self._sessions = sessions
        self._session: LiveSession | None = None
        self._outbox = Outbox(socket, lambda: None, timing)
        self._over = anyio.Event()
        self._heard = anyio.Event()

    @property
    def idle(self) -> bool:
        """Whether it has sent no audio yet."""
        return self._session is None

    async def converse(self) -> None:
        await self.accept(self._subprotocol)
        self._tell([self._realtime.hello()])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._outbox.write)
            tasks.start_soon(self._listen, tasks)
            await self._over.wait()
            await self._outbox.finish()
            tasks.cancel_scope.cancel()

    def leave(self) -> None:
        if self._session is not None:
            self._session.lose(self)

    def cut_short(self) -> None:
        """The server stops: tell what is transcribed already."""
        self.close_code = ServerRestart.close_code
        if self._session is None:
            self._over.set()
        else:
            self._session.end()

    def receive_events(self, events: Sequence[Event]) -> None:
        self._heard.set()
        self._tell(self._realtime.receive_events(events))

    def failed(self, error: LivesttError) -> None:
        self.close_code = error.close_code
        self._tell([self._realtime.refuse(error)])

    def superseded(self) -> None:
        """Nobody but this connection knows of the session."""

    async def _listen(self, tasks: TaskGroup) -> None:
        """Take what the client says, for ever."""
        while True:
            message = await self.receive()
            text = message.get("text")
            event = await read(message["bytes"] if text is None else text)
            for action in self._realtime.receive(event):
                await self._act(action, tasks)
            await self._keep_pace()

    async def _keep_pace(self) -> None:
        """Wait until the client has read its answers, and the session has given those it owes."""
        while self._outbox.waiting >= MAX_OWED:
            await self._outbox.written()
        if self._session is not None:
            await self._session.ready()
        while self._session is not None and self._session.owed_flushes >= MAX_OWED:
            self._heard = anyio.Event()
            await self._heard.wait()

    async def _act(self, action: Action, tasks: TaskGroup) -> None:
        match action:
            case Say(message):
                self._tell([message])
            case Push(audio):
                await self._push(audio, tasks)
            case Flush() if self._session is not None:
                self._session.flush()
            case Configure(options) if self._session is not None:
                self._session.configure(options)
            case Listen(endpointing) if self._session is not None:
                self._session.listen(endpointing)
            case _:
                pass  # the session was refused, and the connection is about to end

    async def _push(self, audio: bytes, tasks: TaskGroup) -> None:
        """Hand audio on no faster than it is heard."""
        session = self._session or self._open(tasks)
        if session is None:
            return
        for start in range(0, len(audio), PIECE):
            session.push(audio[start : start + PIECE])
            await session.ready()

    def _open(self, tasks: TaskGroup) -> LiveSession | None:
        """The session; None if the server has no room for it."""
        manner = Manner(
            endpointing=self._realtime.endpointing,
            diarization=self._realtime.diarizes,
            speakers_at_once=True,
        )
        try:
            session = self._sessions.open(self._realtime.audio, self._realtime.options, manner)
        except LivesttError as error:
            self.failed(error)
            self._over.set()
            return None
        self._session = session
        session.publish_to(self)
        tasks.start_soon(self._await_end, session)
        return session

    async def _await_end(self, session: LiveSession) -> None:
        await session.ended.wait()
        self._tell(self._realtime.abandon("the session is over"))
        self._over.set()

    def _tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._outbox.notify(message)


async def read(frame: str | bytes) -> ClientEvent:
    """Read a client's event without holding up everybody else."""
    if len(frame) < HEAVY:
        return parse(frame)
    return await to_thread.run_sync(parse, frame)
