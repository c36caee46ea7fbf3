"""One connection of a Deepgram dialect, from the accepted socket to the closed one.

What ``/v1/listen`` and Flux have in common: audio goes to one session, or to one for each
channel; what the sessions say is folded into messages; text frames steer.
"""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from livestt.audio.channels import RawSplitter
from livestt.audio.framing import open_framing
from livestt.errors import BadAudio, LivesttError, ServerRestart
from livestt.events import Event
from livestt.protocols.deepgram.about import About, close_reason
from livestt.protocols.deepgram.query import Sound
from livestt.server.live_session import LiveSession
from livestt.server.outbox import ClientGone, ClientStalled, Message, OrderedOutbox
from livestt.server.timing import Timing
from livestt.server.transport import abort_of

log = logging.getLogger(__name__)

MAX_OWED = 64
"""Answers a client may be owed before the server stops reading what else it says."""
SCHEMES = ("token", "bearer")
"""Subprotocols in which browsers send a key, which they cannot put into a header."""


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


class Stream(ABC):
    """A connection.

    Args:
        socket: not accepted yet.
        sound: what the client will send.
        sessions: one for each channel, in order.
        about: who answers.
        timing: how long the client may take.
    """

    def __init__(
        self,
        socket: WebSocket,
        sound: Sound,
        sessions: Sequence[LiveSession],
        about: About,
        timing: Timing,
    ) -> None:
        self._socket = socket
        self._about = about
        self._timing = timing
        self._framing = open_framing(sound.framing, sound.audio.sample_rate, sound.audio.channels)
        self._splitter = RawSplitter(sound.audio) if len(sessions) > 1 else None
        self._channels = [
            Channel(self, session, self.open_fold(index)) for index, session in enumerate(sessions)
        ]
        self._outbox = OrderedOutbox(socket, self._guess, timing)
        self._hash = hashlib.sha256()
        self._created = datetime.now(UTC)
        self._whole = anyio.CancelScope()
        self._ending = False
        self._close = (1000, "")

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

    async def run(self) -> None:
        """Accept, converse and close. No error escapes."""
        try:
            with self._whole:
                await self._converse()
            await self._part()
        except* ClientStalled as stalled:
            log.info("request %s: a client %s", self._about.request_id, stalled.exceptions[0])
            self._abort()
        except* ClientGone:
            log.info("request %s: the client left", self._about.request_id)
        except* Exception:  # the top of a connection: it fails alone
            log.exception("request %s: a connection failed", self._about.request_id)
            self._close = (1011, close_reason("NET-0000", "the connection failed"))
            await self._part()
        finally:
            for channel in self._channels:
                channel.session.lose(channel)

    def cut_short(self) -> None:
        """The server stops: send no more than what is transcribed already."""
        error = ServerRestart("the server restarts; connect again to go on")
        self._close = (error.close_code, str(error))
        self.end()

    def cancel(self) -> None:
        """End at once."""
        self._whole.cancel()

    def tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._outbox.notify(message)
        self._outbox.changed()

    def fail(self, error: LivesttError) -> None:
        """One session cannot go on, so none does. What was heard before is still told."""
        code = (1008, "DATA-0000") if isinstance(error, BadAudio) else (1011, "NET-0000")
        self._close = (code[0], close_reason(code[1], str(error)))
        self.end()

    def end(self) -> None:
        """No more audio comes."""
        self._ending = True
        for channel in self._channels:
            channel.session.end()

    @property
    def sha256(self) -> str:
        """Of all audio received."""
        return self._hash.hexdigest()

    @property
    def created(self) -> str:
        return self._created.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def _converse(self) -> None:
        offered = [name for name in self._socket.scope["subprotocols"] if name.lower() in SCHEMES]
        try:
            await self._socket.accept(
                subprotocol=offered[0] if offered else None,
                headers=[(b"dg-request-id", self._about.request_id.encode())],
            )
        except OSError as error:
            raise ClientGone("before it was let in") from error
        self.tell(self.greeting())
        for channel in self._channels:
            channel.session.publish_to(channel)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._outbox.write)
            tasks.start_soon(self._listen)
            for channel in self._channels:
                await channel.session.ended.wait()
            if self._close[0] == 1000:
                self.tell(self.parting())
            await self._outbox.finish()
            tasks.cancel_scope.cancel()

    async def _listen(self) -> None:
        """Audio and control messages. What comes after the end of audio is ignored."""
        while True:
            message = await self._receive()
            if self._ending:
                continue
            data = message.get("bytes")
            if data:
                self._hear(data)
            elif data is not None:
                self.end()
            else:
                self.obey(message["text"])
            await self._keep_pace()

    async def _receive(self) -> dict[str, Any]:
        """The next frame. A client that sends none at all is given up."""
        while True:
            with anyio.move_on_after(self._timing.silent_client):
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    raise ClientGone("closed by the client")
                return dict(message)
            if not self._ending:
                self._close = (
                    1011,
                    close_reason("NET-0001", "no audio and no message within the timeout window"),
                )
                self.end()

    def _hear(self, data: bytes) -> None:
        self._hash.update(data)
        try:
            data = self._framing.wrap(data)
        except BadAudio as error:
            self.fail(error)
            return
        parts = self._splitter.split(data) if self._splitter else [data]
        for channel, part in zip(self._channels, parts, strict=True):
            channel.session.push(part)

    async def _keep_pace(self) -> None:
        """Wait until the sessions can take more, and the client has read its answers."""
        for channel in self._channels:
            await channel.session.ready()
        while self._owed >= MAX_OWED:
            await self._outbox.written()

    @property
    def _owed(self) -> int:
        return self._outbox.waiting + sum(c.session.owed_flushes for c in self._channels)

    def _guess(self) -> Message | None:
        """The next guess of any channel."""
        guesses = (channel.fold.guess() for channel in self._channels)
        return next((guess for guess in guesses if guess is not None), None)

    async def _part(self) -> None:
        with anyio.move_on_after(self._timing.send) as patience:
            try:
                await self._socket.close(*self._close)
            except (WebSocketDisconnect, RuntimeError):
                log.debug("request %s: closed on both sides at once", self._about.request_id)
        if patience.cancelled_caught:
            self._abort()

    def _abort(self) -> None:
        abort = abort_of(self._socket.scope)
        if abort is not None:
            abort()
