"""The native dialect, ``WS /asr``: what the client may ask and say.

It is the documented WhisperLiveKit contract (config, full state or snapshot and diffs,
``ready_to_stop``) made exact and richer; `livestt.protocols.native_state` writes the states.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest, LivesttError
from livestt.events import SpeakerNamed, SpeakerSeparated, SpeakersMerged
from livestt.people import Told
from livestt.protocols.options import configured, language_option, target_option
from livestt.protocols.untrusted import loads
from livestt.timebase import SAMPLE_RATE

Mode = Literal["full", "diff"]
Role = Literal["publisher", "viewer"]
Encoding = Literal["auto", "s16le", "f32le", "mulaw", "alaw"]

PCM_INPUT = AudioFormat("s16le", SAMPLE_RATE, 1)
"""What ``--pcm-input`` makes of undeclared audio."""
MAX_ID = 200
"""Characters of a flush's id: the server keeps ids until it has answered."""

MAX_NAME = 100
"""Characters of a speaker's name."""
MAX_SPEAKER = 64


@dataclass(frozen=True, slots=True)
class Request:
    """What one client asks for when it connects."""

    options: StreamOptions
    audio: AudioFormat
    mode: Mode
    words: bool
    session: str | None = None
    """An existing session to read along with, or to feed again after a lost connection."""
    role: Role = "publisher"
    diarization: bool | None = None
    """False tells no speakers apart, even if the server can."""
    max_speakers: int | None = None
    target_language: str | None = None
    """What lines are translated into; None translates nothing."""
    record: bool = True
    """False keeps the audio out of the server's recordings, if it makes any."""
    title: str = ""
    """What the transcript is called; the page gives the name of the file that it plays."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Change options from now on; only the fields present change."""

    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flush:
    id: str | None


@dataclass(frozen=True, slots=True)
class Keepalive:
    """Nothing to say, but still there; also what ``unpause`` amounts to."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The client has applied the message with this ``seq``."""

    seq: int


@dataclass(frozen=True, slots=True)
class Resync:
    """The client lost count and wants a snapshot."""


@dataclass(frozen=True, slots=True)
class Tell:
    """What somebody knows about the speakers: a name, or that two of them are one."""

    event: Told


@dataclass(frozen=True, slots=True)
class Remember:
    """Keep a speaker's voice under a name, or under the one the speaker has."""

    speaker: int
    name: str


@dataclass(frozen=True, slots=True)
class Close:
    """End of audio, like an empty binary frame."""


Control = Configure | Flush | Keepalive | Ack | Resync | Tell | Remember | Close


def parse_query(
    query: Mapping[str, str],
    engine: Capabilities,
    defaults: StreamOptions,
    *,
    pcm_input: bool,
    targets: Collection[str] = (),
    target: str | None = None,
) -> Request:
    """Read the parameters of a connection. Unknown ones are ignored.

    Args:
        query: the parameters.
        engine: who answers.
        defaults: what is asked of it otherwise.
        pcm_input: whether undeclared audio is raw.
        targets: languages that lines can be translated into.
        target: the one that they are translated into otherwise.

    Raises:
        BadRequest: a value that cannot be honoured; names the parameter and what it may be.
    """
    options = replace(
        defaults, language=language_option(query.get("language"), engine, defaults.language)
    )
    given = {name: query[name] for name in ("task", "prompt", "hotwords") if name in query}
    options = configured(options, given, engine)
    role = cast(Role, _choice(query, "role", get_args(Role)))
    if role == "viewer" and not query.get("session"):
        raise BadRequest("a viewer must name the session it wants to follow")
    _number(query, "seq", 0)
    return Request(
        options=options,
        audio=_audio_format(query, pcm_input=pcm_input),
        mode=cast(Mode, _choice(query, "mode", get_args(Mode))),
        words=_choice(query, "words", ("false", "true", "0", "1")) in ("true", "1"),
        session=query.get("session") or None,
        role=role,
        diarization=_diarization(query),
        max_speakers=_max_speakers(query),
        target_language=target_option(query.get("target_language"), targets, target),
        record=_choice(query, "record", ("true", "false", "1", "0")) in ("true", "1"),
        title=query.get("title", ""),
    )


def parse_control(text: str) -> Control:
    """Read a text frame.

    Raises:
        BadRequest: not JSON, no known ``type``, or a field of the wrong type.
    """
    try:
        message = loads(text)
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRequest(
            "the message contains half a surrogate pair, which is not valid text"
        ) from None
    except ValueError as error:
        raise BadRequest(f"text messages must be JSON: {error}") from None
    except RecursionError:
        raise BadRequest("the message is nested too deeply") from None
    if not isinstance(message, dict):
        raise BadRequest("text messages must be JSON objects with a 'type'")
    match message.get("type"):
        case "configure":
            return Configure({k: v for k, v in message.items() if k != "type"})
        case "flush" | "pause":
            return Flush(_flush_id(message.get("id")))
        case "keepalive" | "unpause":
            return Keepalive()
        case "ack":
            seq = message.get("seq")
            if not isinstance(seq, int) or isinstance(seq, bool):
                raise BadRequest("ack needs an integer 'seq'")
            return Ack(seq)
        case "resync":
            return Resync()
        case "rename":
            return Tell(SpeakerNamed(_speaker(message, "speaker"), _name(message.get("name"))))
        case "merge":
            return Tell(SpeakersMerged(_speaker(message, "speaker"), _speaker(message, "into")))
        case "separate":
            return Tell(SpeakerSeparated(_speaker(message, "speaker")))
        case "remember":
            return Remember(_speaker(message, "speaker"), _name(message.get("name", "")))
        case "close":
            return Close()
        case other:
            raise BadRequest(
                f"unknown message type {str(other)[:40]!r}; known: configure, flush, pause, "
                "unpause, keepalive, ack, resync, rename, merge, separate, remember, close"
            )


def config_message(
    request: Request,
    engine: Capabilities,
    session_id: str,
    version: str,
    *,
    speakers: int = 0,
    voices: bool = False,
    recording: bool = False,
    target_language: str | None = None,
    targets: Collection[str] = (),
    resume_from_sample: int | None = None,
) -> dict[str, Any]:
    """The first message of a connection: what was agreed and who answers.

    Args:
        request: what was asked for.
        engine: who answers.
        session_id: for viewers, and to come back after a lost connection.
        version: of livestt.
        speakers: how many speakers are told apart at most; 0 if none are.
        voices: whether voices can be remembered.
        recording: whether the server keeps the audio.
        target_language: what lines are translated into; None if they are not.
        targets: languages that they can be translated into.
        resume_from_sample: for a publisher that came back, the next sample (at its own rate)
            that the session needs.
    """
    message = {
        "type": "config",
        "useAudioWorklet": request.audio.encoding == "s16le",
        "mode": request.mode,
        "session": session_id,
        "role": request.role,
        "encoding": request.audio.encoding,
        "sample_rate": request.audio.sample_rate,
        "channels": request.audio.channels,
        "backend": engine.name,
        "model": engine.model,
        "language": request.options.language or "auto",
        "task": request.options.task,
        "translates": engine.translates,
        "languages": sorted(engine.languages),
        "detects_language": engine.detects_language,
        "notice": engine.notice,
        "diarization": speakers > 0,
        "max_speakers": speakers,
        "voices": voices and speakers > 0,
        "recording": recording,
        "target_language": target_language or "",
        "target_languages": sorted(targets),
        "version": version,
    }
    if resume_from_sample is None:
        return message
    return {**message, "resume_from_sample": resume_from_sample}


def error_message(error: LivesttError) -> dict[str, Any]:
    """An ``error`` frame or refusal body; ``error`` repeats the message for older clients."""
    message = {"type": "error", "code": error.code, "message": str(error), "error": str(error)}
    return message if error.retry_after is None else {**message, "retry_after": error.retry_after}


def _flush_id(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and len(value) <= MAX_ID):
        return value
    raise BadRequest(
        f"the id of a flush must be a number or a string of at most {MAX_ID} characters"
    )


def _speaker(message: Mapping[str, Any], field: str) -> int:
    value = message.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SPEAKER:
        raise BadRequest(f"{message['type']} needs '{field}': the number of a speaker, from 1")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_NAME:
        raise BadRequest(f"name must be text of at most {MAX_NAME} characters; empty takes it away")
    return " ".join(value.split())


def _choice(query: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """A parameter with a fixed set of values; the first is the default."""
    value = query.get(name, choices[0]).lower()
    if value not in choices:
        raise BadRequest(f"{name} '{value[:40]}' is not one of: {', '.join(choices)}")
    return value


def _diarization(query: Mapping[str, str]) -> bool | None:
    asked = _choice(query, "diarization", ("", "true", "false", "1", "0"))
    return asked in ("true", "1") if asked else None


def _max_speakers(query: Mapping[str, str]) -> int | None:
    most = _number(query, "max_speakers", 0)
    if not 0 <= most <= MAX_SPEAKER:
        raise BadRequest(f"max_speakers must be from 1 to {MAX_SPEAKER}, or 0 for no limit")
    return most or None


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError:
        raise BadRequest(f"{name} must be a whole number, not '{query[name][:40]}'") from None


def _audio_format(query: Mapping[str, str], *, pcm_input: bool) -> AudioFormat:
    encoding = _choice(query, "encoding", get_args(Encoding))
    if encoding == "auto" and pcm_input:
        return PCM_INPUT
    return AudioFormat(
        cast(Encoding, encoding),
        _number(query, "sample_rate", SAMPLE_RATE),
        _number(query, "channels", 1),
    )
