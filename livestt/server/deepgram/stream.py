"""One connection of a Deepgram client, from the accepted socket to the closed one.

What ``/v1/listen`` and Flux have in common: audio goes to one session, or to one for each
channel; what the sessions say is folded into messages; text frames steer.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import anyio
from anyio import to_thread
from starlette.websockets import WebSocket

from livestt.audio.allowance import CODED_PIECE
from livestt.audio.channels import RawSplitter
from livestt.audio.format import AudioFormat
from livestt.audio.framing import open_framing
from livestt.audio.separate import ContainerSplitter
from livestt.errors import BadAudio, LivesttError, ServerRestart
from livestt.events import Event
from livestt.pipeline import endpointing
from livestt.protocols.deepgram.about import About, close_reason
from livestt.protocols.deepgram.query import Sound
from livestt.server.live.session import LiveSession
from livestt.server.sockets.connection import SESSION, SocketConnection
from livestt.server.sockets.outbox import Message, OrderedOutbox
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.vad.endpointing import EndpointingOptions

MAX_OWED = 64
"""Answers a client may be owed before the server stops reading what else it says."""
LEAST_SILENCE_MS = 200
"""Shorter pauses occur inside words and sentences; utterances cut there are transcribed badly."""
SCHEMES = ("token", "bearer")
"""Subprotocols in which browsers send a key, which they cannot put into a header."""
SILENT = close_reason("NET-0001", "no audio and no message within the timeout window")


class Fold(Protocol):
    """A session's events as messages."""

    def receive_events(self, events: Iterable[Event]) -> list[dict[str, Any]]: ...

    def guess(self) -> dict[str, Any] | None: ...


class Channel:
    """One session of a connection, and what the client is told of it."""

    def __init__(self, stream: Stream, session: LiveSession, fold: Fold) -> None:
        self.session = session
        self.fold = fold
        self._stream = stream

    def receive_events(self, events: Sequence[Event]) -> None:
        self._stream.tell(self.fold.receive_events(events))

    def failed(self, error: LivesttError) -> None:
        self._stream.fail(error)

    def superseded(self) -> None:
        """Nobody but this connection knows of the session."""


class Splitter(Protocol):
    """Takes channels apart."""

    def split(self, data: bytes) -> list[bytes]: ...

    def finish(self) -> list[bytes]: ...

    def close(self) -> None: ...


def open_splitter(audio: AudioFormat, channels: int) -> Splitter | None:
    """What takes this many channels apart; None if they are mixed."""
    if channels == 1:
        return None
    return ContainerSplitter(channels) if audio.encoding == "auto" else RawSplitter(audio)


def silence(milliseconds: int | None, settings: Settings) -> EndpointingOptions | None:
    """Endpointing with another pause at the end of an utterance."""
    if milliseconds is None:
        return None
    return replace(endpointing(settings), min_silence_ms=max(LEAST_SILENCE_MS, milliseconds))


class Stream(SocketConnection):
    """A connection.

    Args:
        socket: not accepted yet.
        sound: what the client will send.
        sessions: one for each channel, in order.
        about: who answers.
        timing: how long the client may take.
    """

    failure = close_reason("NET-0000", "the connection failed")

    def __init__(
        self,
        socket: WebSocket,
        sound: Sound,
        sessions: Sequence[LiveSession],
        about: About,
        timing: Timing,
    ) -> None:
        super().__init__(socket, timing, f"request {about.request_id}")
        self._about = about
        self._framing = open_framing(sound.framing, sound.audio.sample_rate, sound.audio.channels)
        self._splitter = open_splitter(sound.audio, len(sessions))
        self._splitting = anyio.Lock()
        self._channels = [
            Channel(self, session, self.open_fold(index)) for index, session in enumerate(sessions)
        ]
        self._outbox = OrderedOutbox(socket, self._guess, timing)
        self._hash = hashlib.sha256()
        self._created = datetime.now(UTC)
        self._ending = False
        self._ended = anyio.Event()

    @abstractmethod
    def open_fold(self, index: int) -> Fold:
        """What the client is told of this channel's session."""

    @abstractmethod
    def obey(self, text: str) -> None:
        """Act on a text frame. A bad one is only answered."""

    def greeting(self) -> list[Message]:
        """What is said before everything else."""
        return []

    def parting(self) -> list[Message]:
        """What is said after everything else, if all went well."""
        return []

    def cut_short(self) -> None:
        """The server stops: send no more than what is transcribed already."""
        error = ServerRestart("the server restarts; reconnect to continue")
        self.close_code, self.close_reason = error.close_code, str(error)
        self.end()

    def tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._outbox.notify(message)
        self._outbox.changed()

    def fail(self, error: LivesttError) -> None:
        """One session cannot go on, so none does. What was heard before is still told."""
        code, name = (1008, "DATA-0000") if isinstance(error, BadAudio) else (1011, "NET-0000")
        self._end_with(code, close_reason(name, str(error)))

    def end(self) -> None:
        """No more audio comes."""
        self._ending = True
        self._ended.set()

    @property
    def sha256(self) -> str:
        """Of all audio received."""
        return self._hash.hexdigest()

    @property
    def created(self) -> str:
        return self._created.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def converse(self) -> None:
        try:
            await self._converse()
        finally:
            if self._splitter is not None:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(self._splitter.close)

    async def _converse(self) -> None:
        offered = [name for name in self.socket.scope["subprotocols"] if name.lower() in SCHEMES]
        request_id = (b"dg-request-id", self._about.request_id.encode())
        ids = ",".join(channel.session.id for channel in self._channels)
        await self.accept(offered[0] if offered else None, [request_id, (SESSION, ids.encode())])
        self.tell(self.greeting())
        for channel in self._channels:
            channel.session.publish_to(channel)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._outbox.write)
            tasks.start_soon(self._listen)
            tasks.start_soon(self._end_sessions)
            for channel in self._channels:
                await channel.session.ended.wait()
            if self.close_code == 1000:
                self.tell(self.parting())
            await self._outbox.finish()
            tasks.cancel_scope.cancel()

    async def _listen(self) -> None:
        """Audio and control messages. What comes after the end of audio is ignored."""
        while True:
            message = await self._next()
            if self._ending:
                continue
            data = message.get("bytes")
            if data:
                await self._hear(data)
            elif data is not None:
                self.end()
            else:
                self.obey(message["text"])
            await self._keep_pace()

    def leave(self) -> None:
        for channel in self._channels:
            channel.session.lose(channel)

    async def _next(self) -> dict[str, Any]:
        """The next frame. A client that sends none at all is given up."""
        while True:
            with anyio.move_on_after(self.timing.silent_client):
                return await self.receive()
            if not self._ending:
                self._end_with(1011, SILENT)

    def _end_with(self, code: int, reason: str) -> None:
        self.close_code, self.close_reason = code, reason
        self.end()

    async def _hear(self, data: bytes) -> None:
        self._hash.update(data)
        try:
            data = self._framing.wrap(data)
            if self._splitter is None:
                self._channels[0].session.push(data)
            else:
                await self._split(self._splitter, data)
        except BadAudio as error:
            self.fail(error)

    async def _split(self, splitter: Splitter, data: bytes) -> None:
        for at in range(0, len(data), CODED_PIECE):
            async with self._splitting:
                if self._ending:
                    return
                piece = data[at : at + CODED_PIECE]
                self._push(await to_thread.run_sync(splitter.split, piece))
            await self._ready()

    def _push(self, parts: Sequence[bytes]) -> None:
        for channel, part in zip(self._channels, parts, strict=True):
            channel.session.push(part)

    async def _end_sessions(self) -> None:
        """Pass the end of audio on, after the last of it."""
        await self._ended.wait()
        try:
            if self._splitter is not None:
                async with self._splitting:
                    self._push(await to_thread.run_sync(self._splitter.finish))
        except BadAudio as error:
            self.fail(error)
        for channel in self._channels:
            channel.session.end()

    async def _keep_pace(self) -> None:
        """Wait until the sessions can take more, and the client has read its answers."""
        await self._ready()
        while self._owed >= MAX_OWED:
            await self._outbox.written()

    async def _ready(self) -> None:
        for channel in self._channels:
            await channel.session.ready()

    @property
    def _owed(self) -> int:
        return self._outbox.waiting + sum(c.session.owed_flushes for c in self._channels)

    def _guess(self) -> Message | None:
        """The next guess of any channel."""
        guesses = (channel.fold.guess() for channel in self._channels)
        return next((guess for guess in guesses if guess is not None), None)
