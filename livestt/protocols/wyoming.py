"""The Wyoming dialect of Home Assistant, over TCP: speech to text only. Pure.

A message is a line of JSON, ``{"type", "version", "data"?, "data_length"?, "payload_length"?}``,
then ``data_length`` bytes of JSON that add to ``data``, then ``payload_length`` bytes, which is
where audio travels. A client says ``describe``, or ``transcribe``, ``audio-start``,
``audio-chunk`` and ``audio-stop``; see `Reader` for the bounds of what it may send.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from livestt.audio.format import AudioFormat, Encoding
from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest, LivesttError
from livestt.events import Committed, Ended, Event
from livestt.protocols.options import configured, language_option
from livestt.protocols.untrusted import loads

VERSION = "1.10.2"
"""Of the protocol, as its reference library counts."""
MAX_LINE = 1 << 16
MAX_DATA = 1 << 20
MAX_PAYLOAD = 1 << 20
"""Bytes of each part of a message: half a minute of audio."""
MAX_ECHO = 200
"""Characters of a ping that come back: clients that do not read are owed many."""
WIDTHS: Mapping[int, Encoding] = {1: "u8", 2: "s16le", 3: "s24le", 4: "s32le"}
"""Encodings of linear PCM by their bytes per sample."""


@dataclass(frozen=True, slots=True)
class Message:
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """As it goes over the wire."""
        data = json.dumps(self.data).encode() if self.data else b""
        head: dict[str, Any] = {"type": self.type, "version": VERSION}
        if data:
            head["data_length"] = len(data)
        if self.payload:
            head["payload_length"] = len(self.payload)
        return b"".join((json.dumps(head).encode(), b"\n", data, self.payload))


class Reader:
    """Bytes to messages, however they are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: dict[str, Any] | None = None

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages that they complete.

        Raises:
            BadRequest: they are no messages, or too long. What follows cannot be understood.
        """
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> Message | None:
        if self._head is None:
            end = self._buffer.find(b"\n")
            if max(end, len(self._buffer) if end < 0 else 0) > MAX_LINE:
                raise BadRequest(f"the line of a message may have {MAX_LINE} bytes")
            if end < 0:
                return None
            self._head = _object(self._take(end + 1))
        data_length = _length(self._head, "data_length", MAX_DATA)
        payload_length = _length(self._head, "payload_length", MAX_PAYLOAD)
        if len(self._buffer) < data_length + payload_length:
            return None
        head, self._head = self._head, None
        data = head.get("data") or {}
        if not isinstance(data, dict) or not isinstance(head.get("type"), str):
            raise BadRequest("a message needs a 'type' and an object as its 'data'")
        if data_length:
            data = {**data, **_object(self._take(data_length))}
        return Message(head["type"], data, self._take(payload_length))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


class Transcription:
    """What a client is told of one recording, from its session's events.

    Args:
        language: that was asked for, if one was.
    """

    def __init__(self, language: str | None) -> None:
        self._asked = language
        self._languages: Counter[str] = Counter()
        self._text = ""

    def receive_events(self, events: Iterable[Event]) -> list[Message]:
        """Chunks while somebody speaks, and the transcript at the end."""
        messages = []
        for event in events:
            if isinstance(event, Committed):
                self._languages.update(word.language for word in event.words if word.language)
                messages += self._add("".join(word.text for word in event.words))
            elif isinstance(event, Ended):
                messages += self._finish()
        return messages

    def _add(self, text: str) -> list[Message]:
        fresh = text if self._text else text.lstrip()
        if not fresh:
            return []
        start = [] if self._text else [Message("transcript-start", self._language())]
        self._text += fresh
        return [*start, Message("transcript-chunk", {"text": fresh})]

    def _finish(self) -> list[Message]:
        stop = [Message("transcript-stop")] if self._text else []
        return [Message("transcript", {"text": self._text, **self._language()}), *stop]

    def _language(self) -> dict[str, str]:
        most = self._languages.most_common(1)
        language = self._asked or (most[0][0] if most else None)
        return {} if language is None else {"language": language}


def info(engine: Capabilities, version: str) -> Message:
    """The answer to ``describe``: one program with the loaded model."""
    attribution = {"name": "livestt", "url": ""}
    common = {"attribution": attribution, "installed": True, "version": version}
    model = {
        **common,
        "name": engine.model,
        "description": f"{engine.model} on {engine.name}",
        "languages": sorted(engine.languages),
    }
    program = {
        **common,
        "name": "livestt",
        "description": "Live speech to text",
        "models": [model],
        "supports_transcript_streaming": True,
        "requires_external_vad": True,
    }
    return Message("info", {"asr": [program]})


def pong(ping: Message) -> Message:
    """The answer to a ``ping``, which may hold a text that is to come back."""
    text = ping.data.get("text")
    return Message("pong", {"text": text[:MAX_ECHO]} if isinstance(text, str) else {})


def error(reason: LivesttError) -> Message:
    return Message("error", {"text": str(reason), "code": reason.code})


def options_of(
    data: Mapping[str, Any], defaults: StreamOptions, engine: Capabilities
) -> StreamOptions:
    """What a ``transcribe`` asks of the engine.

    Raises:
        BadRequest: a value that cannot be honoured.
    """
    language = data.get("language")
    if not isinstance(language, str | None):
        raise BadRequest("'language' must be a string", param="language")
    options = replace(defaults, language=language_option(language, engine, defaults.language))
    words: list[str] = []
    for name in ("transcript_names", "transcript_terms"):
        value = data.get(name) or []
        if not isinstance(value, list):
            raise BadRequest(f"'{name}' must be a list", param=name)
        words += value
    return configured(options, {"hotwords": words}, engine) if words else options


def audio_of(data: Mapping[str, Any]) -> AudioFormat:
    """How the audio of an ``audio-start`` or ``audio-chunk`` is to be read.

    Raises:
        BadRequest: a format that livestt does not know.
    """
    rate, width, channels = (data.get(name) for name in ("rate", "width", "channels"))
    numbers = [value for value in (rate, width, channels) if type(value) is int]
    if len(numbers) != 3:
        raise BadRequest("audio needs whole numbers as its 'rate', 'width' and 'channels'")
    rate, width, channels = numbers
    if width not in WIDTHS:
        raise BadRequest(f"samples may have 1 to 4 bytes, not {width}", param="width")
    return AudioFormat(WIDTHS[width], rate, channels)


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = loads(data)
    except (ValueError, RecursionError):
        raise BadRequest("a message must be JSON") from None
    if not isinstance(found, dict):
        raise BadRequest("a message must be a JSON object")
    return found


def _length(head: Mapping[str, Any], name: str, most: int) -> int:
    value = head.get(name)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= most:
        raise BadRequest(f"'{name}' must be a whole number up to {most}", param=name)
    return value
