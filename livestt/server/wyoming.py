"""The Wyoming protocol, for Home Assistant, over TCP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.abc import Listener, SocketAttribute, SocketStream, TaskGroup

from livestt import __version__
from livestt.errors import BadRequest, LivesttError, SetupError
from livestt.events import Ended, Event
from livestt.protocols import wyoming
from livestt.protocols.wyoming import Message, Reader, Transcription
from livestt.server.access.door import LOOPBACK
from livestt.server.live.session import LiveSession
from livestt.server.services import Services
from livestt.server.sockets.transport import tune

log = logging.getLogger(__name__)

READ = 1 << 16
"""Bytes taken from a client at a time."""
MAX_CLIENTS = 100
MAX_OWED = 1000
"""Messages a client may be owed before it is given up."""
PAUSE = 1.0
"""Seconds without new clients after one could not be accepted, say because descriptors ran out."""


@asynccontextmanager
async def listening(served: Services) -> AsyncIterator[int | None]:
    """Inside the block clients are served; gives the port, None if the operator wants none.

    Raises:
        SetupError: the port cannot be listened on.
    """
    settings = served.pipeline.settings
    if settings.wyoming_port is None:
        yield None
        return
    try:
        listener = await anyio.create_tcp_listener(
            local_host=settings.wyoming_host, local_port=settings.wyoming_port
        )
    except OSError as error:
        where = f"{settings.wyoming_host}:{settings.wyoming_port}"
        raise SetupError(f"--wyoming-port: cannot listen on {where}: {error}") from error
    port: int = listener.extra(SocketAttribute.local_port)
    log.info("Wyoming listens on %s:%d", settings.wyoming_host, port)
    if settings.wyoming_host not in LOOPBACK:
        log.warning("whoever reaches port %d can use this server: Wyoming has no keys", port)
    clients = anyio.CapacityLimiter(MAX_CLIENTS)

    async def serve(stream: SocketStream) -> None:
        async with stream:
            if clients.available_tokens < 1:
                return
            tune(stream.extra(SocketAttribute.raw_socket))
            async with clients:
                connection = WyomingConnection(stream, served)
                with served.sessions.connected(connection):
                    await connection.run()

    async with listener, anyio.create_task_group() as tasks:
        for one in listener.listeners:
            tasks.start_soon(_let_in, one, serve, tasks)
        yield port
        tasks.cancel_scope.cancel()


async def _let_in(
    listener: Listener[SocketStream],
    serve: Callable[[SocketStream], Awaitable[None]],
    tasks: TaskGroup,
) -> None:
    """Serve whoever comes, for ever; a client that cannot be accepted disturbs nobody."""
    while True:
        try:
            await listener.serve(serve, tasks)
        except OSError as error:
            log.warning("a Wyoming client could not be accepted: %s", error)
            await anyio.sleep(PAUSE)


class WyomingConnection:
    """One client, which may have several recordings transcribed one after the other."""

    def __init__(self, stream: SocketStream, served: Services) -> None:
        self._stream = stream
        self._served = served
        self._defaults = served.pipeline.settings.stream_options()
        self._options = self._defaults
        self._session: LiveSession | None = None
        self._transcription = Transcription(None)
        self._send, self._due = anyio.create_memory_object_stream[Message](MAX_OWED)
        self._whole = anyio.CancelScope()
        self._stopping = False

    async def run(self) -> None:
        """Serve the client until it leaves. No error escapes."""
        try:
            with self._whole:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._write, tasks.cancel_scope)
                    await self._listen()
                    self._send.close()
        except* (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, TimeoutError):
            log.info("a Wyoming client left")
        except* Exception:  # the top of a connection: it fails alone
            log.exception("a Wyoming connection failed")
        finally:
            self._send.close()
            self._due.close()
            if self._session is not None:
                self._session.lose(self)

    def cut_short(self) -> None:
        """The server stops: the transcript so far is what there is."""
        self._stopping = True
        if self._session is None:
            self._send.close()
        else:
            self._session.end()

    def cancel(self) -> None:
        """End at once."""
        self._whole.cancel()

    def receive_events(self, events: Sequence[Event]) -> None:
        for message in self._transcription.receive_events(events):
            self._tell(message)
        if self._stopping and any(isinstance(event, Ended) for event in events):
            self._send.close()

    def failed(self, error: LivesttError) -> None:
        self._tell(wyoming.error(error))

    def superseded(self) -> None:
        """Nobody but this connection knows of the session."""

    async def _listen(self) -> None:
        reader = Reader()
        while True:
            try:
                data = await self._stream.receive(READ)
            except anyio.EndOfStream:
                return
            try:
                for message in reader.feed(data):
                    await self._obey(message)
            except LivesttError as error:
                # A client waits for its transcript until it is told or the connection ends.
                self._tell(wyoming.error(error))
                return

    async def _obey(self, message: Message) -> None:
        match message.type:
            case "describe":
                self._tell(wyoming.info(self._served.pipeline.engine, __version__))
            case "ping":
                self._tell(wyoming.pong(message))
            case "transcribe":
                engine = self._served.pipeline.engine
                self._options = wyoming.options_of(message.data, self._defaults, engine)
                if self._session is not None:
                    self._session.configure(self._options)
            case "audio-start":
                await self._finish()
                self._open(message)
            case "audio-chunk":
                session = self._session or self._open(message)
                if wyoming.audio_of(message.data) != session.audio:
                    raise BadRequest("the format of the audio cannot change within a recording")
                session.push(message.payload)
                await session.ready()
            case "audio-stop":
                if self._session is None:
                    self._tell(Message("transcript", {"text": ""}))
                await self._finish()
            case _:
                pass  # the protocol wants unknown events ignored

    def _open(self, message: Message) -> LiveSession:
        """Begin a recording.

        Raises:
            LivesttError: its format is unknown, or the server has no room for it.
        """
        audio = wyoming.audio_of(message.data)
        self._transcription = Transcription(self._options.language)
        self._session = self._served.sessions.open(audio, self._options)
        self._session.publish_to(self)
        return self._session

    async def _finish(self) -> None:
        """End the recording, if there is one, and wait for its transcript."""
        session = self._session
        if session is None:
            return
        session.end()
        await session.ended.wait()
        self._session = None
        self._options = self._defaults
        if session.failure is not None:
            raise session.failure

    def _tell(self, message: Message) -> None:
        try:
            self._send.send_nowait(message)
        except anyio.WouldBlock:
            log.info("a Wyoming client reads too slowly")
            self.cancel()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            log.debug("a Wyoming client left before it was told everything")

    async def _write(self, whole: anyio.CancelScope) -> None:
        """Send what is due; the connection is over when nothing more can be."""
        async for message in self._due:
            with anyio.fail_after(self._served.timing.send):
                await self._stream.send(message.to_bytes())
        whole.cancel()
