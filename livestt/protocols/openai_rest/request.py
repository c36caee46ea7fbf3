"""What a client of ``/v1/audio/transcriptions`` and ``/translations`` asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from livestt.engines import Capabilities, StreamOptions
from livestt.errors import BadRequest
from livestt.protocols.fields import Fields, language_of
from livestt.recording import SpeakersWanted
from livestt.vad.endpointing import EndpointingOptions

Format = Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]
MAX_VOICES = 4
"""Known speakers of one request, as at OpenAI."""
MAX_REFERENCE = 4 << 20
"""Characters of a reference sample."""


@dataclass(frozen=True, slots=True)
class Request:
    """One file's worth of wishes."""

    format: Format
    options: StreamOptions
    candidates: tuple[str, ...] = ()
    """Languages to choose from if none is named."""
    stream: bool = False
    words: bool = False
    """Whether ``verbose_json`` lists words."""
    segments: bool = True
    """Whether it lists segments."""
    logprobs: bool = False
    endpointing: EndpointingOptions | None = None
    speakers: SpeakersWanted | None = None


def parse(
    fields: Iterable[tuple[str, str]],
    engine: Capabilities,
    defaults: StreamOptions,
    endpointing: EndpointingOptions,
    *,
    translate: bool = False,
) -> Request:
    """Read a form. Unknown fields, and the choice of a model, change nothing.

    Args:
        fields: names and values, the file left out.
        engine: what it can do.
        defaults: what the operator decided.
        endpointing: when an utterance starts and ends unless the form says otherwise.
        translate: whether it came to ``/translations``.

    Raises:
        BadRequest: a value that cannot be honoured; ``param`` is its field.
    """
    form = Fields(fields)
    format = cast(Format, form.choice("response_format", get_args(Format), "json"))
    if translate and format == "diarized_json":
        raise BadRequest("translations have no diarized_json", param="response_format")
    if translate and not engine.translates:
        raise BadRequest(f"the model {engine.model} does not translate", param="model")
    form.number("temperature", 0, 1)
    options, candidates = _options(form, engine, defaults)
    wanted = _granularities(form)
    return Request(
        format=format,
        options=replace(options, task="translate") if translate else options,
        candidates=candidates,
        stream=form.boolean("stream", False),
        words="word" in wanted,
        segments="segment" in wanted or not wanted,
        logprobs=_logprobs(form),
        endpointing=_endpointing(form, endpointing),
        speakers=_speakers(form, format),
    )


def _options(
    form: Fields, engine: Capabilities, defaults: StreamOptions
) -> tuple[StreamOptions, tuple[str, ...]]:
    language, candidates = defaults.language, list[str]()
    if form.text("language"):
        language = language_of(form.text("language"), engine, "language")
    elif form.items("languages"):
        named = [language_of(item, engine, "languages") for item in form.items("languages")]
        candidates = [code for code in named if code is not None]
        language = candidates[0] if len(named) == 1 and candidates else None
    options = StreamOptions(
        language=language,
        task=defaults.task,
        prompt=form.text("prompt") or defaults.prompt,
        hotwords=form.terms("keywords", "hotwords") or defaults.hotwords,
    )
    return options, tuple(candidates)


def _granularities(form: Fields) -> set[str]:
    wanted = set(form.items("timestamp_granularities"))
    if not wanted <= {"word", "segment"}:
        raise BadRequest(
            "timestamp_granularities may contain word and segment", param="timestamp_granularities"
        )
    return wanted


def _logprobs(form: Fields) -> bool:
    wanted = set(form.items("include"))
    if not wanted <= {"logprobs"}:
        raise BadRequest("include may contain logprobs", param="include")
    return bool(wanted)


def _endpointing(form: Fields, usual: EndpointingOptions) -> EndpointingOptions | None:
    """What ``chunking_strategy`` says about where utterances end."""
    name = "chunking_strategy"
    given = form.object(name)
    if given is None or given == "auto":
        return None
    if not isinstance(given, dict) or given.get("type", "server_vad") != "server_vad":
        raise BadRequest("chunking_strategy is auto or an object of type server_vad", param=name)
    threshold = form.member(name, given, "threshold", 0.01, 1)
    padding = form.member(name, given, "prefix_padding_ms", 0, 5_000)
    silence = form.member(name, given, "silence_duration_ms", 0, 60_000)
    if threshold is not None:
        usual = replace(
            usual,
            threshold=threshold,
            release_threshold=max(0.01, min(threshold, threshold - 0.15)),
        )
    if padding is not None:
        usual = replace(usual, pre_roll_ms=int(padding))
    if silence is not None:
        usual = replace(usual, min_silence_ms=int(silence))
    return usual


def _speakers(form: Fields, format: Format) -> SpeakersWanted | None:
    names = form.items("known_speaker_names")
    samples = form.items("known_speaker_references", split=False)
    if len(names) != len(samples):
        raise BadRequest(
            f"there are {len(names)} known_speaker_names and {len(samples)} "
            "known_speaker_references: send one of each for every speaker",
            param="known_speaker_references",
        )
    if len(names) > MAX_VOICES:
        raise BadRequest(
            f"{len(names)} known speakers: send up to {MAX_VOICES}", param="known_speaker_names"
        )
    if not all(sample.startswith("data:") and len(sample) <= MAX_REFERENCE for sample in samples):
        raise BadRequest(
            "known_speaker_references are data URLs, such as data:audio/wav;base64,...",
            param="known_speaker_references",
        )
    if format != "diarized_json":
        return None
    return SpeakersWanted(names=tuple(names), samples=tuple(samples))
