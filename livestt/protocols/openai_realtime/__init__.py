"""The OpenAI Realtime dialect, ``WS /v1/realtime``, for transcription only. Pure.

`Realtime` takes what the client and the session say, and gives what is to be done: events for
the client (`Say`), and what to tell the session. Its owner opens the session
at the first `Push`, with `Realtime.audio`, `Realtime.options` and `Realtime.endpointing`.

- `client_events`: what a client says.
- `configuration`: the session's configuration.
- `items`: how a session's events become conversation items.
- `item`: one of them, and what the client is told of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest, LivesttError
from livestt.events import Event
from livestt.protocols.openai_errors import error_object
from livestt.protocols.openai_realtime.client_events import (
    Append,
    Clear,
    ClientEvent,
    Command,
    Commit,
    Update,
)
from livestt.protocols.openai_realtime.configuration import Configuration
from livestt.protocols.openai_realtime.item import Message
from livestt.protocols.openai_realtime.items import Items
from livestt.timebase import SAMPLE_RATE, from_ms, to_ms
from livestt.vad.endpointing import EndpointingOptions

LEAST_COMMIT = from_ms(100)
"""Samples without which a commit is refused, as at OpenAI."""


class NothingToCommit(BadRequest):
    code = "input_audio_buffer_commit_empty"


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the client."""

    message: Message


@dataclass(frozen=True, slots=True)
class Push:
    """Give the session audio."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Flush:
    """Have the session commit what it was given."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Tell the session what is asked of the engine from now on."""

    options: StreamOptions


@dataclass(frozen=True, slots=True)
class Listen:
    """Tell the session when speech starts and ends from now on."""

    endpointing: EndpointingOptions


Action = Say | Push | Flush | Configure | Listen


class Realtime:
    """One connection of the dialect.

    Args:
        name: makes ids unique.
        engine: who will answer.
        defaults: what is asked of the engine unless the client says otherwise.
        operator: when speech starts and ends unless the client says otherwise; None if the
            server has no voice detection.
        beta: whether the client speaks the dialect as it was before it became stable.
        configuration: prepared for this client.

    Attributes:
        options: what is asked of the engine.
    """

    def __init__(
        self,
        name: str,
        engine: Capabilities,
        defaults: StreamOptions,
        operator: EndpointingOptions | None,
        *,
        beta: bool = False,
        configuration: Configuration | None = None,
    ) -> None:
        self._name = name
        self._engine = engine
        self._defaults = defaults
        self._operator = operator
        self._configuration = configuration or Configuration.default(operator)
        self.options = self._configuration.options(defaults, engine)
        self._items = Items(name, detects=self._configuration.turn_detection is not None)
        self._items.beta = beta
        self._items.logprobs = self._configuration.logprobs
        self._bytes = 0
        self._committed = 0
        self._events = 0

    @property
    def audio(self) -> AudioFormat:
        """How the bytes of `Push` are to be read."""
        return self._configuration.audio

    @property
    def diarizes(self) -> bool:
        """Whether the client wants to know who speaks."""
        return self._configuration.diarizes

    @property
    def endpointing(self) -> EndpointingOptions | None:
        """When speech starts and ends; None where nobody detects that."""
        return self._configuration.endpointing(self._operator)

    def hello(self) -> Message:
        """The first event."""
        return self._stamp({"type": "session.created", "session": self._session()})

    def receive(self, event: ClientEvent) -> list[Action]:
        """Do what the client says, or tell it why not."""
        try:
            if isinstance(event.command, BadRequest):
                raise event.command
            return self._obey(event.command)
        except BadRequest as error:
            return [self._say(error_event(error, event.id))]

    def receive_events(self, events: Sequence[Event]) -> list[Message]:
        """What the session says, in order."""
        return [self._stamp(message) for message in self._items.receive_events(events)]

    def refuse(self, error: LivesttError) -> Message:
        """The session fails, or cannot be had."""
        return self._stamp(error_event(error))

    def abandon(self, reason: str) -> list[Message]:
        """The session is over before its time."""
        return [self._stamp(message) for message in self._items.abandon(reason)]

    def _obey(self, command: Command) -> list[Action]:
        match command:
            case Append(audio):
                self._bytes += len(audio)
                return [Push(audio)] if audio else []
            case Update(session, beta):
                return self._update(session, beta)
            case Commit():
                return self._commit()
            case Clear():
                return self._clear()

    def _update(self, session: Any, beta: bool) -> list[Action]:
        before = self._configuration
        new = before.updated(session, self._operator, beta=beta)
        if self._bytes and new.audio != before.audio:
            raise BadRequest(
                "the audio format cannot change once there is audio: open another connection",
                param="session.audio.input.format",
            )
        options = new.options(self._defaults, self._engine)
        actions: list[Action] = []
        if self._bytes and options != self.options:
            actions.append(Configure(options))
        endpointing = new.endpointing(self._operator)
        if self._bytes and endpointing is not None and endpointing != self.endpointing:
            actions.append(Listen(endpointing))
        detects = new.turn_detection is not None
        if detects != (before.turn_detection is not None):
            actions += self._turn(detects=detects)
        self._configuration, self.options = new, options
        self._items.beta = self._items.beta or beta
        self._items.logprobs = new.logprobs
        kind = "transcription_session.updated" if beta else "session.updated"
        return [*actions, self._say({"type": kind, "session": self._session()})]

    def _turn(self, *, detects: bool) -> list[Action]:
        """The other side detects turns from now on. What a client has not committed is."""
        now = self._now
        messages: list[Message] = []
        flushes: list[Action] = []
        if detects and now > self._committed:
            messages = self._items.receive_commit(self._committed, now, detects=False)
            flushes.append(Flush())
        self._committed = now
        self._items.receive_turns(now, detects=detects)
        if now:
            flushes.append(Flush())
        return [*map(self._say, messages), *flushes]

    def _commit(self) -> list[Action]:
        now, detects = self._now, self._configuration.turn_detection is not None
        if now == 0 or (not detects and now - self._committed < LEAST_COMMIT):
            held = to_ms(now - self._committed)
            raise NothingToCommit(f"a commit needs 100 ms of audio; the buffer holds {held} ms")
        messages = self._items.receive_commit(self._committed, now, detects=detects)
        self._committed = now
        return [*map(self._say, messages), Flush()]

    def _clear(self) -> list[Action]:
        cleared = self._say({"type": "input_audio_buffer.cleared"})
        if not self._bytes:
            return [cleared]
        now = self._committed = self._now
        return [*map(self._say, self._items.receive_clear(now)), cleared, Flush()]

    @property
    def _now(self) -> int:
        """Samples received, at 16 kHz."""
        audio = self.audio
        return self._bytes // audio.frame_bytes * SAMPLE_RATE // audio.sample_rate

    def _session(self) -> dict[str, Any]:
        return self._configuration.to_wire(f"sess_{self._name}", beta=self._items.beta)

    def _say(self, message: Message) -> Say:
        return Say(self._stamp(message))

    def _stamp(self, message: Message) -> Message:
        """With an id of its own."""
        self._events += 1
        return {"event_id": f"event_{self._name}_{self._events}", **message}


def error_event(error: LivesttError, event_id: str | None = None) -> Message:
    """An ``error`` event, not yet stamped; ``event_id`` is the client's, if it is to blame."""
    return {"type": "error", "error": {**error_object(error), "event_id": event_id}}
