"""The configuration of a transcription session, in OpenAI's words and in ours.

There are two spellings of it: the present one nests everything under ``audio.input``, the beta
had it on one level. Both are read into, and written from, one `Configuration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from livestt.audio.format import MAX_RATE, MIN_RATE, AudioFormat
from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest
from livestt.protocols.openai_realtime.fields import (
    Check,
    checked,
    number,
    one_of,
    short,
    text,
    texts,
    within,
)
from livestt.protocols.options import configured, language_option
from livestt.vad.endpointing import EndpointingOptions

RATE = 24_000
"""Hz of ``audio/pcm`` unless the client names another."""
G711_RATE = 8_000
LOGPROBS = "item.input_audio_transcription.logprobs"
COMMITS_ITSELF = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models that have no voice detection at OpenAI: their clients count on committing the audio."""

Kind = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]

BETA_FORMATS: Mapping[str, Kind] = {
    "pcm16": "audio/pcm",
    "g711_ulaw": "audio/pcmu",
    "g711_alaw": "audio/pcma",
}
BETA_FIELDS = {
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}
PATIENCE_MS = {"low": 1500, "medium": 800, "auto": 800, "high": 400}
"""Silence that ends an utterance, for each eagerness of ``semantic_vad``."""
MAX_SILENCE_MS = 60_000
MAX_PADDING_MS = 5_000
LEAST_SILENCE_MS = 32
"""One frame of the voice detector."""

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a client has set, as it will be told back. Objects hold only known, checked fields."""

    kind: Kind = "audio/pcm"
    rate: int = RATE
    transcription: Object | None = None
    noise_reduction: Object | None = None
    turn_detection: Object | None = None
    """None: the client commits the audio itself."""
    chose_turns: bool = False
    """Whether the client has said anything about turn detection."""
    include: tuple[str, ...] = ()

    @classmethod
    def default(cls, operator: EndpointingOptions | None) -> Configuration:
        """What holds until the client speaks: the operator's voice detection."""
        return cls(turn_detection=None if operator is None else _server_vad(operator))

    @property
    def audio(self) -> AudioFormat:
        """How the bytes of the appends are to be read."""
        match self.kind:
            case "audio/pcm":
                return AudioFormat("s16le", self.rate)
            case "audio/pcmu":
                return AudioFormat("mulaw", G711_RATE)
            case "audio/pcma":
                return AudioFormat("alaw", G711_RATE)

    @property
    def logprobs(self) -> bool:
        return LOGPROBS in self.include

    def updated(
        self, session: Object, operator: EndpointingOptions | None, *, beta: bool
    ) -> Configuration:
        """With the fields present in ``session`` changed; null clears. Unknown ones are ignored.

        Raises:
            BadRequest: a field of the wrong type or out of range, which ``param`` names.
        """
        update = _from_beta(session) if beta else _input_of(session)
        new = self
        if update.get("format") is not None:
            kind, rate = _format(update["format"])
            new = replace(new, kind=kind, rate=rate)
        if "transcription" in update:
            new = replace(
                new, transcription=_merged(self.transcription, update, "transcription", HEARING)
            )
        if "noise_reduction" in update:
            new = replace(
                new, noise_reduction=_merged(self.noise_reduction, update, "noise_reduction", NOISE)
            )
        if "turn_detection" in update:
            turns = _turn_detection(self.turn_detection, update, operator)
            new = replace(new, turn_detection=turns, chose_turns=True)
        elif not new.chose_turns:
            default = Configuration.default(operator).turn_detection
            new = replace(new, turn_detection=None if new._commits_itself else default)
        if "include" in session:
            new = replace(new, include=_include(session["include"]))
        return new

    def options(self, defaults: StreamOptions, engine: Capabilities) -> StreamOptions:
        """What this asks of the engine.

        Raises:
            BadRequest: a language the engine does not know, or too long a prompt.
        """
        asked = self.transcription or {}
        languages = asked.get("languages") or []
        language = asked.get("language") or (languages[0] if len(languages) == 1 else None)
        try:
            options = replace(
                defaults, language=language_option(language, engine, defaults.language)
            )
        except BadRequest as error:
            raise BadRequest(str(error), param="session.audio.input.transcription") from None
        changes: dict[str, Any] = {}
        if asked.get("prompt"):
            changes["prompt"] = asked["prompt"]
        if asked.get("keywords"):
            changes["hotwords"] = asked["keywords"]
        return configured(options, changes, engine)

    def endpointing(self, operator: EndpointingOptions | None) -> EndpointingOptions | None:
        """When speech starts and ends, where the client may decide that."""
        turns = self.turn_detection
        if turns is None or operator is None:
            return operator
        if turns["type"] == "semantic_vad":
            return replace(operator, min_silence_ms=PATIENCE_MS[turns["eagerness"]])
        threshold = max(0.01, turns["threshold"])
        return replace(
            operator,
            threshold=threshold,
            release_threshold=max(
                0.01, threshold - operator.threshold + operator.release_threshold
            ),
            min_silence_ms=max(LEAST_SILENCE_MS, turns["silence_duration_ms"]),
            pre_roll_ms=turns["prefix_padding_ms"],
        )

    def to_wire(self, session_id: str, *, beta: bool) -> dict[str, Any]:
        """The session object, in either spelling."""
        head = {"id": session_id, "object": "realtime.transcription_session"}
        if beta:
            formats = {kind: name for name, kind in BETA_FORMATS.items()}
            return {
                **head,
                "expires_at": None,
                "input_audio_format": formats[self.kind],
                **{old: getattr(self, new) for old, new in BETA_FIELDS.items()},
                "include": list(self.include) or None,
            }
        return {
            **head,
            "type": "transcription",
            "expires_at": None,
            "audio": {
                "input": {
                    "format": _format_to_wire(self.kind, self.rate),
                    "transcription": self.transcription,
                    "noise_reduction": self.noise_reduction,
                    "turn_detection": self.turn_detection,
                }
            },
            "include": list(self.include) or None,
        }

    @property
    def diarizes(self) -> bool:
        """Whether the client asks for a model that tells speakers apart."""
        model = (self.transcription or {}).get("model")
        return isinstance(model, str) and "diarize" in model

    @property
    def _commits_itself(self) -> bool:
        model = (self.transcription or {}).get("model")
        return isinstance(model, str) and model.startswith(COMMITS_ITSELF)


def _input_of(session: Object) -> Object:
    """``audio.input`` of a session object, empty where it is absent."""
    audio = session.get("audio")
    if audio is None:
        return {}
    if not isinstance(audio, dict) or not isinstance(audio.get("input") or {}, dict):
        raise BadRequest("'audio.input' must be an object", param="session.audio.input")
    return audio.get("input") or {}


def _from_beta(session: Object) -> Object:
    """The same fields as ``audio.input`` has them."""
    update = {new: session[old] for old, new in BETA_FIELDS.items() if old in session}
    name = session.get("input_audio_format")
    if name is not None:
        if not isinstance(name, str) or name not in BETA_FORMATS:
            raise BadRequest(
                f"input_audio_format must be one of: {', '.join(BETA_FORMATS)}",
                param="session.input_audio_format",
            )
        update["format"] = {"type": BETA_FORMATS[name]}
    return update


def _format(value: Any) -> tuple[Kind, int]:
    param = "session.audio.input.format"
    if not isinstance(value, dict):
        raise BadRequest("'format' must be an object with a 'type'", param=param)
    match value.get("type", "audio/pcm"):
        case "audio/pcmu" | "audio/pcma" as kind:
            return kind, G711_RATE
        case "audio/pcm":
            rate = value.get("rate")
            rate = RATE if rate is None else number("rate", rate, MIN_RATE, MAX_RATE, param)
            return "audio/pcm", int(rate)
        case _:
            raise BadRequest(
                "the type of 'format' must be audio/pcm, audio/pcmu or audio/pcma", param=param
            )


def _format_to_wire(kind: Kind, rate: int) -> dict[str, Any]:
    return {"type": kind, "rate": rate} if kind == "audio/pcm" else {"type": kind}


def _server_vad(endpointing: EndpointingOptions) -> dict[str, Any]:
    return {
        "type": "server_vad",
        "threshold": endpointing.threshold,
        "prefix_padding_ms": endpointing.pre_roll_ms,
        "silence_duration_ms": endpointing.min_silence_ms,
    }


def _turn_detection(
    before: Object | None, update: Object, operator: EndpointingOptions | None
) -> Object | None:
    value = update["turn_detection"]
    if value is None:
        return None
    param = "session.audio.input.turn_detection"
    if not isinstance(value, dict):
        raise BadRequest("'turn_detection' must be an object or null", param=param)
    if operator is None:
        raise BadRequest(
            "this server runs without voice detection: set turn_detection to null and commit the "
            "audio yourself",
            param=param,
        )
    kind = value.get("type", "server_vad")
    same = before is not None and before["type"] == kind
    if kind == "server_vad":
        start = before if same and before else _server_vad(operator)
        return {**start, **checked(value, VAD, param)}
    if kind == "semantic_vad":
        start = before if same and before else {"type": kind, "eagerness": "auto"}
        return {**start, **checked(value, SEMANTIC, param)}
    raise BadRequest("the type of 'turn_detection' must be server_vad or semantic_vad", param=param)


def _merged(
    before: Object | None, update: Object, name: str, fields: Mapping[str, Check]
) -> Object | None:
    value = update[name]
    if value is None:
        return None
    param = f"session.audio.input.{name}"
    if not isinstance(value, dict):
        raise BadRequest(f"'{name}' must be an object or null", param=param)
    kept = {key: old for key, old in (before or {}).items() if value.get(key, old) is not None}
    return {**kept, **checked(value, fields, param)}


def _include(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadRequest("'include' must be a list of strings", param="session.include")
    return (LOGPROBS,) if LOGPROBS in value else ()


HEARING: Mapping[str, Check] = {
    "model": short,
    "language": short,
    "languages": texts,
    "prompt": text,
    "keywords": texts,
    "delay": one_of("minimal", "low", "medium", "high", "xhigh"),
}
NOISE: Mapping[str, Check] = {
    "type": one_of("near_field", "far_field"),
    "strength": within(0, 1, whole=False),
}
VAD: Mapping[str, Check] = {
    "threshold": within(0, 1, whole=False),
    "prefix_padding_ms": within(0, MAX_PADDING_MS, whole=True),
    "silence_duration_ms": within(0, MAX_SILENCE_MS, whole=True),
}
SEMANTIC: Mapping[str, Check] = {"eagerness": one_of(*PATIENCE_MS)}
