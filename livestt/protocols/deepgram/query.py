"""What a Deepgram client asks for in the address. Pure.

Parameters that livestt has no use for are accepted and ignored; `docs/deepgram.md` lists them.
A wrong value of a parameter that matters is refused, with the words clients know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest
from livestt.protocols.deepgram.words import WordForm, plain
from livestt.protocols.options import MAX_TEXT, language_option
from livestt.timebase import from_ms

Framing = Literal["none", "opus", "speex", "amr-nb", "amr-wb", "g729"]
"""How coded audio without a container of its own is cut; see `livestt.audio.framing`."""

RAW = {"linear16": "s16le", "linear32": "f32le", "mulaw": "mulaw", "alaw": "alaw"}
CONTAINERS = ("flac", "ogg-opus")
ENCODINGS = (*RAW, *CONTAINERS, *(name for name in get_args(Framing) if name != "none"))
FRAMED_RATES = {"opus": 48_000, "speex": 16_000, "amr-nb": 8_000, "amr-wb": 16_000, "g729": 8_000}

LONGEST_ENDPOINTING = 10_000
UTTERANCE_END = (1_000, 5_000)


class Query:
    """The parameters of an address. A name may come several times."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """The last value; empty counts as missing."""
        return (self._values.get(name) or [default])[-1].strip() or default

    def all(self, name: str) -> list[str]:
        return [value for value in self._values.get(name, ()) if value.strip()]

    def flag(self, name: str) -> bool:
        """A switch.

        Raises:
            BadRequest: neither true nor false.
        """
        value = self.text(name, "false").lower()
        if value in ("true", "1", "yes", "on"):
            return True
        if value in ("false", "0", "no", "off", "none", "null"):
            return False
        raise invalid(name, value, "write true or false")

    def whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number, or None where there is none.

        Raises:
            BadRequest: not a whole number of that range.
        """
        value = self.text(name)
        if not value:
            return None
        try:
            number = int(value)
        except ValueError:
            raise invalid(name, value, "write a whole number") from None
        if not low <= number <= high:
            raise invalid(name, value, f"write {low} to {high}")
        return number

    def number(self, name: str, low: float, high: float) -> float | None:
        """A number, or None where there is none.

        Raises:
            BadRequest: not a number of that range.
        """
        value = self.text(name)
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            raise invalid(name, value, "write a number") from None
        if not low <= number <= high:
            raise invalid(name, value, f"write {low:g} to {high:g}")
        return number

    def mapping(self, name: str) -> dict[str, str]:
        """``name=key:value``, or ``name[key]=value`` as some clients write it."""
        found = dict(value.partition(":")[::2] for value in self.all(name))
        for key, values in self._values.items():
            if key.startswith(f"{name}[") and key.endswith("]"):
                found[key[len(name) + 1 : -1]] = values[-1]
        return found


@dataclass(frozen=True, slots=True)
class Sound:
    """The audio a client will send."""

    audio: AudioFormat
    framing: Framing = "none"


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """What one client of ``WS /v1/listen`` asks for."""

    sound: Sound
    options: StreamOptions
    form: WordForm
    channels: int = 1
    """Channels that are transcribed each on its own; 1 if they are mixed."""
    interim_results: bool = False
    speech_final: bool = True
    """False where the client switched endpointing off."""
    endpointing_ms: int | None = None
    """Silence that ends an utterance; None leaves it to the server."""
    utterance_end: int | None = None
    """Samples after the last word at which ``UtteranceEnd`` is due; None never."""
    vad_events: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


def parse_live(
    pairs: Iterable[tuple[str, str]], engine: Capabilities, defaults: StreamOptions
) -> LiveRequest:
    """Read the parameters of ``WS /v1/listen``.

    Args:
        pairs: names and values in order; a name may come several times.
        engine: who answers.
        defaults: what a session asks of the engine where the client says nothing.

    Raises:
        BadRequest: a value that cannot be honoured; names the parameter and what it may be.
    """
    query = Query(pairs)
    refuse_promises(query)
    if query.text("diarize_model") == "v2":
        raise invalid("diarize_model", "v2", "live audio takes latest or v1")
    options = stream_options(query, engine, defaults)
    sound, channels = live_sound(query)
    endpointing = _endpointing(query)
    quiet = query.whole("utterance_end_ms", *UTTERANCE_END)
    return LiveRequest(
        sound=sound,
        options=options,
        form=word_form(query),
        channels=channels,
        interim_results=query.flag("interim_results"),
        speech_final=endpointing is not False,
        endpointing_ms=None if endpointing is False else endpointing,
        utterance_end=None if quiet is None else from_ms(quiet),
        vad_events=query.flag("vad_events"),
        extra=query.mapping("extra"),
        tags=tuple(query.all("tag")),
    )


def word_form(query: Query) -> WordForm:
    return WordForm(
        punctuated=query.flag("punctuate") or query.flag("smart_format"),
        speakers=query.flag("diarize") or bool(query.text("diarize_model")),
        languages=query.text("language").lower() == "multi",
        replacements={plain(old).strip(): new for old, new in query.mapping("replace").items()},
        entities=query.flag("detect_entities"),
    )


def stream_options(query: Query, engine: Capabilities, defaults: StreamOptions) -> StreamOptions:
    """Language and key terms."""
    name, language = "language", query.text("language")
    hints = query.all("language_hint")
    detected = query.text("detect_language", "false").lower() not in ("false", "0")
    if language.lower() in ("", "multi") and len(hints) == 1:
        name, language = "language_hint", hints[0]
    elif language.lower() == "multi" or (detected and not language):
        language = "auto"
    try:
        code = language_option(language, engine, defaults.language)
    except BadRequest as error:
        raise invalid(name, language, str(error)) from None
    return replace(defaults, language=code, hotwords=hotwords(query) or defaults.hotwords)


def hotwords(query: Query) -> tuple[str, ...]:
    """``keyterm``, and ``keywords`` without their weights; a weight of 0 or less drops the word."""
    terms = [term.strip() for term in query.all("keyterm")]
    for keyword in query.all("keywords"):
        word, colon, weight = keyword.rpartition(":")
        try:
            wanted = not colon or float(weight) > 0
        except ValueError:
            word, wanted = keyword, True
        if wanted:
            terms.append((word or keyword).strip())
    if sum(map(len, terms)) > MAX_TEXT:
        raise BadRequest(f"keyterm and keywords may hold {MAX_TEXT} characters together")
    return tuple(terms)


def live_sound(query: Query) -> tuple[Sound, int]:
    """The audio of a live stream, and how many channels of it are transcribed separately."""
    channels = query.whole("channels", 1, 8)
    separate = query.flag("multichannel")
    encoding = query.text("encoding").lower()
    if separate and channels is None:
        raise BadRequest("'multichannel' needs 'channels', the number of channels in the audio")
    count = channels if separate and channels else 1
    if not encoding or encoding in CONTAINERS:
        return Sound(AudioFormat()), count
    if encoding not in ENCODINGS:
        raise invalid("encoding", encoding, "write one of " + ", ".join(ENCODINGS))
    rate = query.whole("sample_rate", 1, 10**6)
    if encoding in RAW:
        if rate is None:
            raise BadRequest(f"'sample_rate' is required with 'encoding' {encoding}")
        return Sound(_audio_format(RAW[encoding], rate, channels or 1)), count
    if count > 1:
        raise invalid("multichannel", "true", f"audio in {encoding} has one channel")
    framing: Framing = encoding  # type: ignore[assignment]
    return Sound(AudioFormat("auto", rate or FRAMED_RATES[encoding], channels or 1), framing), 1


def refuse_promises(query: Query) -> None:
    """Refuse what would be believed and not done.

    Raises:
        BadRequest: redaction, or an answer to another address.
    """
    if any(value.strip().lower() not in ("false", "0") for value in query.all("redact")):
        raise invalid("redact", query.text("redact"), "this server does not redact")
    if query.text("callback"):
        raise BadRequest(
            "'callback' is not supported: this server sends results only to the client"
        )


def invalid(name: str, value: str, advice: str) -> BadRequest:
    """A wrong value, in the words that clients know."""
    return BadRequest(f"Invalid '{name}' value of '{value[:40]}': {advice}.")


def _audio_format(encoding: str, rate: int, channels: int) -> AudioFormat:
    try:
        return AudioFormat(encoding, rate, channels)  # type: ignore[arg-type]
    except BadRequest as error:
        raise invalid("sample_rate", str(rate), str(error)) from None


def _endpointing(query: Query) -> int | Literal[False] | None:
    value = query.text("endpointing", "true").lower()
    if value == "true":
        return None
    if value == "false":
        return False
    return query.whole("endpointing", 0, LONGEST_ENDPOINTING)
