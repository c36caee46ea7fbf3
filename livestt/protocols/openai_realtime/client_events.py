"""What a client of the OpenAI Realtime dialect says."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from livestt.errors import BadRequest
from livestt.protocols.untrusted import loads

MAX_APPEND = 15 << 20
"""Bytes of audio in one append, as at OpenAI."""
LARGE = 1 << 16
"""Characters of a frame whose audio is handled in parts."""
SLICE = 1 << 16
"""Characters of base64 decoded at a time; others can work in between."""
AUDIO_VALUE = re.compile(r'"audio"\s*:\s*"')
MAX_ID = 512
"""Characters of a client's event id, as at OpenAI."""
ELSEWHERE = ("response.", "conversation.", "output_audio_buffer.")
"""Beginnings of the events that are for conversations with a model."""


@dataclass(frozen=True, slots=True)
class Update:
    """Change the session's configuration; only what is present changes."""

    session: Mapping[str, Any]
    beta: bool
    """Whether ``session`` is in the words of the beta, which put everything on one level."""


@dataclass(frozen=True, slots=True)
class Append:
    audio: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """Make an item of the audio since the last one."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Forget the audio since the last item."""


Command = Update | Append | Commit | Clear


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """One message of a client, understood or not."""

    command: Command | BadRequest
    id: str | None = None
    """The client's own id for it, which an error about it repeats."""


def parse(frame: str | bytes) -> ClientEvent:
    """Read a frame. A large append takes a while: do that in a thread."""
    event_id = None
    try:
        message = _loaded_large(frame) if len(frame) > LARGE else _loaded(frame)
        named = message.get("event_id")
        if isinstance(named, str) and len(named) <= MAX_ID and _is_text(named):
            event_id = named
        return ClientEvent(_command(message), event_id)
    except BadRequest as error:
        return ClientEvent(error, event_id)


def _loaded_large(frame: str | bytes) -> dict[str, Any]:
    """The same message, without showing its long audio to the JSON parser, which would hold the
    interpreter for all of it at once."""
    start, end = _audio_within(frame) if isinstance(frame, str) else (0, 0)
    if end <= start or isinstance(frame, bytes):
        return _loaded(frame)
    message = _loaded(frame[:start] + frame[end:])
    if message.get("audio") != "":
        return _loaded(frame)  # it was some other string
    return {**message, "audio": frame[start:end]}


def _audio_within(frame: str) -> tuple[int, int]:
    """Where the value of the first ``"audio"`` lies, if it is a string without escapes."""
    key = frame.find('"audio"')
    opening = AUDIO_VALUE.match(frame, key) if key >= 0 else None
    if opening is None:
        return 0, 0
    start = opening.end()
    end = frame.find('"', start)
    return (0, 0) if frame.find("\\", start, end) >= 0 else (start, end)


def _loaded(frame: str | bytes) -> dict[str, Any]:
    if isinstance(frame, bytes):
        raise BadRequest(
            "send text frames; audio goes as base64 in 'input_audio_buffer.append' events"
        )
    try:
        message = loads(frame)
    except ValueError as error:
        raise BadRequest(f"events must be JSON: {error}") from None
    except RecursionError:
        raise BadRequest("the event is nested too deeply") from None
    if not isinstance(message, dict):
        raise BadRequest("events must be JSON objects with a 'type'")
    return message


def _command(message: Mapping[str, Any]) -> Command:
    match message.get("type"):
        case "input_audio_buffer.append":
            return Append(_audio(message.get("audio")))
        case "input_audio_buffer.commit":
            return Commit()
        case "input_audio_buffer.clear":
            return Clear()
        case "session.update" | "transcription_session.update" as kind:
            session = message.get("session")
            if not isinstance(session, dict):
                raise BadRequest("'session' must be an object", param="session")
            if not _is_text(json.dumps(session, ensure_ascii=False)):
                raise BadRequest("half a surrogate pair is not valid text", param="session")
            return Update(session, beta=kind != "session.update")
        case str(kind) if kind.startswith(ELSEWHERE):
            raise BadRequest(f"{kind[:60]!r}: this server only transcribes", param="type")
        case other:
            raise BadRequest(
                f"unknown event type {str(other)[:60]!r}; known: session.update, "
                "transcription_session.update, input_audio_buffer.append, "
                "input_audio_buffer.commit, input_audio_buffer.clear",
                param="type",
            )


def _is_text(value: str) -> bool:
    """Whether it can be sent back: JSON may hold half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _audio(value: Any) -> bytes:
    if not isinstance(value, str):
        raise BadRequest("'audio' must be a string of base64", param="audio")
    if len(value) > (MAX_APPEND + 2) // 3 * 4:
        raise BadRequest(
            f"one append takes at most {MAX_APPEND >> 20} MiB of audio: send it in parts",
            param="audio",
        )
    padding = value.find("=")
    try:
        if 0 <= padding < len(value) - 2:
            raise ValueError("padding before the end")
        slices = (value[at : at + SLICE] for at in range(0, len(value), SLICE))
        return b"".join(binascii.a2b_base64(text, strict_mode=True) for text in slices)
    except ValueError:
        raise BadRequest("'audio' is not base64", param="audio") from None
