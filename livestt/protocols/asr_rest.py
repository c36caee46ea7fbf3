"""``POST /asr``, ``POST /detect-language`` and ``GET /queue-metrics``. Pure.

Two dialects share one path. whisper-asr-webservice names the format ``output`` and answers with
the bare file, as text unless told otherwise. whisperx-asr-service names it ``output_format`` and
answers with JSON always. Which one a client speaks shows in what it sends:

- ``output``: the bare file; as JSON, an object that suits clients of both;
- only ``output_format``: JSON, with the file in a member;
- neither: text, the bare file.

Parameters come in the query or in the form; the query's count more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, StreamOptions, Task
from livestt.errors import BadRequest, LivesttError
from livestt.events import Word
from livestt.languages import name_of
from livestt.protocols.fields import Fields, language_of
from livestt.recording import Recording, SpeakersWanted, average_log_probability
from livestt.segments import Segment, joined
from livestt.subtitles import to_srt, to_text, to_tsv, to_vtt
from livestt.timebase import SAMPLE_RATE, to_seconds

Format = Literal["txt", "text", "srt", "vtt", "tsv", "json"]
RAW = AudioFormat("s16le", SAMPLE_RATE, 1)
"""What ``encode=false`` says: nothing to decode."""
MEDIA_TYPES = {
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json",
}
TEXT = "text/plain; charset=utf-8"
MAX_SPEAKERS = 100


@dataclass(frozen=True, slots=True)
class Request:
    """One file's worth of wishes."""

    wrapped: bool
    """Whether the answer is JSON whatever the format: the whisperx dialect."""
    format: Format
    options: StreamOptions
    audio: AudioFormat
    words: bool
    speakers: SpeakersWanted | None
    """None if nobody asked for them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a response."""

    body: str
    media_type: str
    filename: str | None = None
    """What the file is to be called."""


def parse(
    query: Iterable[tuple[str, str]],
    form: Iterable[tuple[str, str]],
    engine: Capabilities,
    defaults: StreamOptions,
) -> Request:
    """Read a request.

    Args:
        query: of the address.
        form: fields of the body, the file left out.
        engine: what it can do.
        defaults: what the operator decided.

    Raises:
        BadRequest: a value that cannot be honoured; ``param`` names it.
    """
    fields = Fields([*form, *query])
    wrapped = "output" not in fields and "output_format" in fields
    name = "output_format" if wrapped else "output"
    format = cast(Format, fields.choice(name, get_args(Format), "json" if wrapped else "txt"))
    fields.boolean("vad_filter", True)
    return Request(
        wrapped=wrapped,
        format=format,
        options=_options(fields, engine, defaults),
        audio=audio_of(fields),
        words=fields.boolean("word_timestamps", True),
        speakers=_speakers(fields, wrapped),
    )


def audio_of(fields: Fields) -> AudioFormat:
    """What ``encode`` says about the file.

    Raises:
        BadRequest: it is neither true nor false.
    """
    return AudioFormat() if fields.boolean("encode", True) else RAW


def detection_options(engine: Capabilities) -> StreamOptions:
    """What the engine is asked so that it says which language is spoken."""
    return StreamOptions(language=None if engine.detects_language else min(engine.languages))


def answer(request: Request, recording: Recording) -> Answer:
    """Write what was asked for."""
    if request.format == "json":
        body = _document(request, recording)
        return Answer(json.dumps(body, ensure_ascii=False), MEDIA_TYPES["json"])
    text = _text(request, recording)
    if request.wrapped:
        key = "text" if request.format == "txt" else request.format
        return Answer(json.dumps({key: text}, ensure_ascii=False), MEDIA_TYPES["json"])
    return Answer(text, MEDIA_TYPES.get(request.format, TEXT), f"transcript.{request.format}")


def detection(language: str | None, probability: float) -> dict[str, Any]:
    """The body of ``/detect-language``; nobody speaking is English at confidence 0."""
    code = language or "en"
    return {
        "detected_language": name_of(code),
        "language_code": code,
        "confidence": round(probability if language else 0.0, 4),
    }


def queue_metrics(
    engine: Capabilities, *, waiting: int, running: int, at_once: int, queue: int
) -> dict[str, Any]:
    """The body of ``/queue-metrics``: files that wait and run, and how many may."""
    return {
        "serve_mode": "simple",
        "device": engine.device,
        "loaded_models": [engine.model],
        "queue": {
            "requests_queued": waiting,
            "requests_in_flight": running,
            "gpu_concurrency": at_once,
            "max_queue_size": queue,
        },
    }


def error_body(error: LivesttError) -> dict[str, Any]:
    """The body of a refusal."""
    return {"detail": str(error), "code": error.code}


def speaker_of(number: int, names: Mapping[int, str]) -> str:
    """The name of a speaker who is known; else ``SPEAKER_00`` for the first."""
    return " ".join(names.get(number, "").split()) or f"SPEAKER_{number - 1:02}"


def _options(fields: Fields, engine: Capabilities, defaults: StreamOptions) -> StreamOptions:
    task = cast(Task, fields.choice("task", get_args(Task), defaults.task))
    if task == "translate" and not engine.translates:
        raise BadRequest(f"the model {engine.model} does not translate", param="task")
    language = defaults.language
    if fields.text("language"):
        language = language_of(fields.text("language"), engine, "language")
    return StreamOptions(
        language=language,
        task=task,
        prompt=fields.text("initial_prompt") or defaults.prompt,
        hotwords=fields.terms("hotwords") or defaults.hotwords,
    )


def _speakers(fields: Fields, wrapped: bool) -> SpeakersWanted | None:
    exact = fields.integer("num_speakers", 1, MAX_SPEAKERS)
    least = fields.integer("min_speakers", 1, MAX_SPEAKERS)
    most = fields.integer("max_speakers", 1, MAX_SPEAKERS)
    if least is not None and most is not None and least > most and exact is None:
        raise BadRequest(
            f"min_speakers {least} is more than max_speakers {most}", param="min_speakers"
        )
    embeddings = fields.boolean("return_speaker_embeddings", False)
    wanted = fields.boolean("diarize", wrapped and "enable_diarization" not in fields)
    if not (wanted or fields.boolean("enable_diarization", False)):
        return None
    return SpeakersWanted(exact or least, exact or most, embeddings)


def _text(request: Request, recording: Recording) -> str:
    if not request.wrapped:
        plain = {"srt": to_srt, "vtt": to_vtt, "tsv": to_tsv}.get(request.format, to_text)
        return plain(recording, recording.names)
    match request.format:
        case "srt":
            return to_srt(_Labelled(recording))
        case "vtt":
            return to_vtt(_Labelled(recording))
        case "tsv":
            return _tsv_in_seconds(recording)
        case _:
            return to_text(_Labelled(recording))


class _Labelled:
    """A recording whose segments begin with ``[SPEAKER_00]``, where speakers are known."""

    def __init__(self, recording: Recording) -> None:
        self.segments = [_label(segment, recording.names) for segment in recording.segments]
        self.text = recording.text
        self.language = recording.language
        self.duration = recording.duration


def _label(segment: Segment, names: Mapping[int, str]) -> Segment:
    if segment.speaker is None:
        return segment
    first, *rest = segment.words
    labelled = replace(first, text=f" [{speaker_of(segment.speaker, names)}] {first.text.strip()}")
    return replace(segment, words=(labelled, *rest), speaker=None)


def _tsv_in_seconds(recording: Recording) -> str:
    rows = ["start\tend\ttext\tspeaker"]
    for segment in recording.segments:
        number = segment.speaker
        speaker = "" if number is None else speaker_of(number, recording.names)
        text = " ".join(joined(segment.words).split())
        rows.append(f"{to_seconds(segment.start)}\t{to_seconds(segment.end)}\t{text}\t{speaker}")
    return "\n".join(rows) + "\n"


def _document(request: Request, recording: Recording) -> dict[str, Any]:
    segments = [
        _segment(i, segment, recording, words=request.words)
        for i, segment in enumerate(recording.segments)
    ]
    body: dict[str, Any] = {
        "text": segments if request.wrapped else recording.text,
        "segments": segments,
        "language": recording.language,
        "duration": to_seconds(recording.duration),
    }
    if request.words:
        body["word_segments"] = [_word(word, recording.names) for word in recording.words]
    if request.speakers is not None and request.speakers.embeddings and recording.voices:
        body["speaker_embeddings"] = {
            speaker_of(number, recording.names): [round(float(x), 6) for x in voice.embedding]
            for number, voice in sorted(recording.voices.items())
        }
    if recording.warnings:
        body["warnings"] = [
            {"code": warning.code, "message": warning.message} for warning in recording.warnings
        ]
    return body


def _segment(number: int, segment: Segment, recording: Recording, *, words: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": number,
        "start": to_seconds(segment.start),
        "end": to_seconds(segment.end),
        "text": "".join(word.text for word in segment.words),
        "avg_logprob": average_log_probability(segment.words),
        "no_speech_prob": round(recording.no_speech(segment), 4),
    }
    if segment.speaker is not None:
        body["speaker"] = speaker_of(segment.speaker, recording.names)
    if words:
        body["words"] = [_word(word, recording.names) for word in segment.words]
    return body


def _word(word: Word, names: Mapping[int, str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "word": word.text.strip(),
        "start": to_seconds(word.start),
        "end": to_seconds(word.end),
        "score": round(word.score, 3),
    }
    if word.speaker is not None:
        body["speaker"] = speaker_of(word.speaker, names)
    return body
