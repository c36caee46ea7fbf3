"""One connection to ``/asr``, from the accepted socket to the closed one.

A `Publisher` feeds a session and reads its captions, a `Viewer` only reads them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import anyio
from starlette.websockets import WebSocket

from livestt import __version__
from livestt.errors import (
    BadAudio,
    ClientError,
    LivesttError,
    MissingScope,
    ServerRestart,
    StoreUnavailable,
    Unauthorized,
    UnknownSession,
)
from livestt.events import Event, Flushed, SpeakerNamed, Warned
from livestt.pipeline import Pipeline
from livestt.protocols.native import (
    Ack,
    Close,
    Configure,
    Flush,
    Remember,
    Request,
    Resync,
    Tell,
    config_message,
    error_message,
    parse_control,
)
from livestt.protocols.native_state import NativeStates
from livestt.protocols.options import configured, target_option
from livestt.protocols.staleness import Unseen
from livestt.protocols.voices import voice_body
from livestt.server.access import asking
from livestt.server.live.ended import Followed
from livestt.server.live.session import LiveSession
from livestt.server.sockets.connection import SESSION, SocketConnection
from livestt.server.sockets.outbox import ClientGone, Outbox
from livestt.server.timing import Timing
from livestt.server.voices.book import VoiceBook
from livestt.speakers.profiles import name_of

MAX_OWED = 64
"""Answers a client may be owed before the server stops reading what else it says."""
SUPERSEDED = 4409
"""Close code of a connection whose session another connection feeds now."""


_Session = TypeVar("_Session", bound=Followed)


class Conversation(SocketConnection, Generic[_Session]):
    """What publishers and viewers have in common.

    Args:
        socket: not accepted yet.
        session: what it is about.
        request: what the client asked for.
        pipeline: knows who answers, and what is translated.
        timing: how long the client may take.
        book: where voices are remembered.

    Attributes:
        arrival: number of its handshake, among all that came.
        on_ack: told, when the client acknowledges a state, for how many seconds the oldest one that
            it has not applied is on its way.
    """

    def __init__(
        self,
        socket: WebSocket,
        session: _Session,
        request: Request,
        pipeline: Pipeline,
        timing: Timing,
        book: VoiceBook,
    ) -> None:
        super().__init__(socket, timing, f"session {session.id}")
        self.arrival = 0
        self.on_ack: Callable[[float], None] = lambda stale: None
        self._session = session
        self._request = request
        self._pipeline = pipeline
        self._book = book
        self._states = NativeStates(request.mode, words=request.words)
        self._unseen: Unseen | None = None  # until the client acknowledges something
        self._resume_from: int | None = None
        self._outbox = Outbox(socket, self._state, timing)
        self._interrupted = False

    def cut_short(self) -> None:
        """The server stops: say so, and send no more than what is transcribed already."""
        if not self._session.ended.is_set():
            error = ServerRestart("the server restarts; reconnect to continue")
            self._interrupted = True
            self.close_code = error.close_code
            self._outbox.notify(warning(error.code, str(error)))

    def receive_events(self, events: Sequence[Event]) -> None:
        self._outbox.changed()

    def failed(self, error: LivesttError) -> None:
        self._outbox.notify(error_message(error))

    def superseded(self) -> None:
        self.close_code = SUPERSEDED
        self.cancel()

    @abstractmethod
    def _join(self) -> None:
        """Take one's place in the session."""

    @abstractmethod
    async def _listen(self) -> None:
        """Take what the client says, for ever."""

    async def converse(self) -> None:
        await self.accept(headers=[(SESSION, self._session.id.encode())])
        self._join()
        await self._outbox.send(
            config_message(
                self._request,
                self._pipeline.engine,
                self._session.id,
                __version__,
                speakers=self._session.speakers,
                voices=self._book.enabled,
                recording=self._session.recording,
                target_language=self._session.target_language,
                targets=self._pipeline.translates_into,
                resume_from_sample=self._resume_from,
            )
        )
        trouble = self._session.trouble
        if trouble is not None:  # before the state, so that a publisher keeps its audio
            await self._outbox.send(warning(trouble.code, trouble.message))
        self._outbox.changed()  # what has been said already is shown at once
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._outbox.write)
            tasks.start_soon(self._outbox.beat)
            tasks.start_soon(self._listen)
            await self._session.ended.wait()
            self._part()
            await self._outbox.finish()
            tasks.cancel_scope.cancel()

    def _part(self) -> None:
        """The session has said its last word."""
        failure = self._session.failure
        if isinstance(failure, UnknownSession):
            # Another server has it. A handshake that nobody waited for any more may have brought it
            # there, so this client may try again: there it is known who came last.
            self.close_code = ServerRestart.close_code
        elif failure is not None:
            self.close_code = failure.close_code
        if isinstance(failure, BadAudio | None) and not self._interrupted:
            self._outbox.notify({"type": "ready_to_stop"})

    def _state(self) -> dict[str, Any] | None:
        """The next state; a client that came back learns there too where it left off."""
        message = self._states.message(self._session.transcript)
        if self._unseen is not None and message is not None and "seq" in message:
            self._unseen.sent(message["seq"], anyio.current_time())
        if message is None or self._resume_from is None:
            return message
        message["resume_from_sample"], self._resume_from = self._resume_from, None
        return message

    def _acknowledge(self, seq: int) -> None:
        self._unseen = self._unseen or Unseen()
        self.on_ack(self._unseen.acknowledged(seq, anyio.current_time()))

    def _resync(self) -> None:
        self._states.resync()
        self._outbox.changed()


class Publisher(Conversation[LiveSession]):
    """The connection that feeds the session."""

    def cut_short(self) -> None:
        super().cut_short()
        self._session.end()

    def receive_events(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case Flushed(flush_id):
                    self._outbox.notify({"type": "flushed", "id": flush_id})
                case Warned(code, message):
                    self._outbox.notify(warning(code, message))
                case _:
                    pass
        super().receive_events(events)

    def _join(self) -> None:
        if self.arrival < self._session.newest_arrival:
            self.superseded()  # by one that came later, but was let in sooner
            return
        self._session.newest_arrival = self.arrival
        needed = self._session.publish_to(self)
        if self._request.session == self._session.id:
            self._resume_from = needed
        if self._session.failure is not None:
            self.failed(self._session.failure)

    def leave(self) -> None:
        self._session.lose(self)

    async def _listen(self) -> None:
        """Audio and control messages. What comes after the end of audio is ignored."""
        while True:
            message = await self.receive()
            data = message.get("bytes")
            if self._session.closed or not self._session.is_fed_by(self):
                continue
            if data:
                self._session.push(data)
            elif data is not None or await self._obey(message["text"]):
                self._session.end()
            await self._session.ready()
            while self._session.owed_flushes + self._outbox.waiting >= MAX_OWED:
                await self._outbox.written()

    async def _obey(self, text: str) -> bool:
        """Act on a control message; whether it ends the audio. A bad one is only answered."""
        try:
            match parse_control(text):
                case Configure(changes):
                    self._configure(changes)
                case Flush(flush_id):
                    self._session.flush(flush_id)
                case Resync():
                    self._resync()
                case Ack(seq):
                    self._acknowledge(seq)
                case Tell(event):
                    self._session.say(event)
                    await self._session.archive.caught_up()
                case Remember(speaker, name):
                    await self._remember(speaker, name)
                case Close():
                    return True
                case _:
                    pass
        except (ClientError, StoreUnavailable) as error:
            self.failed(error)
        return False

    def _configure(self, changes: Mapping[str, Any]) -> None:
        """All of it, or nothing."""
        session, pipeline = self._session, self._pipeline
        options = configured(session.options, changes, pipeline.engine)
        target = session.target_language
        if "target_language" in changes:
            target = target_option(changes["target_language"] or "", pipeline.translates_into)
        session.translate(target)
        session.configure(options)

    async def _remember(self, speaker: int, name: str) -> None:
        """Keep a speaker's voice, and call the speaker by its name."""
        self._book.check()
        if asking.grant.get().temporary:
            raise MissingScope("a temporary token may neither see nor change voices")
        people = self._session.transcript.people
        name = name_of(name or people.names.get(people.person(speaker) or speaker, ""))
        heard = self._session.voice(speaker)
        voice = await self._book.add(self._session.owner, name, heard)
        self._session.say(SpeakerNamed(speaker, voice.name))
        body = voice_body(voice, usable=self._book.is_usable(voice))
        self._outbox.notify({"type": "remembered", "speaker": speaker, "voice": body})


class Viewer(Conversation[Followed]):
    """A connection that reads along.

    Attributes:
        seconds: that it may read; None for as long as the session lasts.
    """

    seconds: float | None = None

    async def converse(self) -> None:
        with anyio.move_on_after(self.seconds) as allowed:
            await super().converse()
        if allowed.cancelled_caught:
            self.close_code = Unauthorized.close_code
            self.close_reason = "the token has expired"

    def _join(self) -> None:
        self._session.watch(self)

    def leave(self) -> None:
        self._session.unwatch(self)

    async def _listen(self) -> None:
        """A viewer may lose count, and no more."""
        while True:
            while self._outbox.waiting >= MAX_OWED:
                await self._outbox.written()
            message = await self.receive()
            text = message.get("text")
            if text is None:
                continue
            try:
                control = parse_control(text)
            except LivesttError as error:
                self.failed(error)
                continue
            if isinstance(control, Resync):
                self._resync()
            elif isinstance(control, Ack):
                self._acknowledge(control.seq)
            elif isinstance(control, Close):
                raise ClientGone("closed by the client")


def warning(code: str, message: str) -> Mapping[str, Any]:
    """Something the client should know; the session goes on."""
    return {"type": "warning", "code": code, "message": message}
