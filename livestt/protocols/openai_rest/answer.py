"""A finished recording in the formats of OpenAI's API. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livestt.events import Word
from livestt.languages import name_of
from livestt.protocols.openai_rest.request import Request
from livestt.recording import (
    Recording,
    average_log_probability,
    compression_ratio,
    log_probability,
)
from livestt.segments import Segment, joined
from livestt.subtitles import to_srt, to_vtt
from livestt.timebase import SAMPLE_RATE, to_seconds

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
UNKNOWN = "unknown"
"""Stands where the API demands a speaker and none is known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a response."""

    body: str
    media_type: str


def answer(request: Request, recording: Recording) -> Answer:
    """Write what was asked for."""
    match request.format:
        case "text":
            return Answer(recording.text + "\n", TEXT)
        case "srt":
            return Answer(to_srt(recording, recording.names), TEXT)
        case "vtt":
            return Answer(to_vtt(recording, recording.names), TEXT)
        case "verbose_json":
            return _json(_verbose(request, recording))
        case "diarized_json":
            return _json(_diarized(request, recording))
        case _:
            return _json(_plain(request, recording))


def logprobs(words: Iterable[Word]) -> list[dict[str, Any]]:
    """One entry for each word: livestt scores words, not the engine's tokens."""
    return [
        {
            "token": word.text,
            "logprob": log_probability(word.score),
            "bytes": list(word.text.encode()),
        }
        for word in words
    ]


def languages(recording: Recording) -> list[dict[str, str]]:
    return [{"code": recording.language}] if recording.language else []


def speaker_of(number: int | None, names: Mapping[int, str] | None = None) -> str:
    """The name of a speaker who is known; else ``A`` for the first, ``B`` for the second, ``AA``
    after ``Z``."""
    if number is None:
        return UNKNOWN
    if names and number in names:
        return names[number]
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def diarized_segment(segment: Segment, speaker: str) -> dict[str, Any]:
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{segment.id}",
        "start": to_seconds(segment.start),
        "end": to_seconds(segment.end),
        "text": joined(segment.words),
        "speaker": speaker,
    }


def _plain(request: Request, recording: Recording) -> dict[str, Any]:
    body: dict[str, Any] = {"text": recording.text}
    if request.logprobs:
        body["logprobs"] = logprobs(recording.words)
    if recording.language:
        body["languages"] = languages(recording)
    return body | _end(recording)


def _verbose(request: Request, recording: Recording) -> dict[str, Any]:
    translated = request.options.task == "translate"
    language = "english" if translated else name_of(recording.language or "")
    body: dict[str, Any] = {
        "task": request.options.task,
        "language": language,
        "duration": to_seconds(recording.duration),
        "text": recording.text,
    }
    if request.segments:
        body["segments"] = [
            _segment(i, segment, recording) for i, segment in enumerate(recording.segments)
        ]
    if request.words:
        body["words"] = [_word(word) for word in recording.words]
    return body | _end(recording)


def _diarized(request: Request, recording: Recording) -> dict[str, Any]:
    return {
        "task": request.options.task,
        "duration": to_seconds(recording.duration),
        "text": recording.text,
        "segments": [
            diarized_segment(segment, speaker_of(segment.speaker, recording.names))
            for segment in recording.segments
        ],
    } | _end(recording)


def _segment(number: int, segment: Segment, recording: Recording) -> dict[str, Any]:
    text = "".join(word.text for word in segment.words)
    return {
        "id": number,
        "seek": segment.start * 100 // SAMPLE_RATE,
        "start": to_seconds(segment.start),
        "end": to_seconds(segment.end),
        "text": text,
        "tokens": _tokens(segment.words),
        "temperature": 0.0,
        "avg_logprob": average_log_probability(segment.words),
        "compression_ratio": compression_ratio(text),
        "no_speech_prob": round(recording.no_speech(segment), 4),
    }


def _tokens(words: Sequence[Word]) -> list[int]:
    return [token for word in words for token in word.tokens]


def _word(word: Word) -> dict[str, Any]:
    return {
        "word": word.text.strip(),
        "start": to_seconds(word.start),
        "end": to_seconds(word.end),
    }


def _end(recording: Recording) -> dict[str, Any]:
    """What every JSON answer ends with."""
    seconds = math.ceil(recording.duration / SAMPLE_RATE)
    end: dict[str, Any] = {"usage": {"type": "duration", "seconds": seconds}}
    if recording.warnings:
        end["warnings"] = [
            {"code": warning.code, "message": warning.message} for warning in recording.warnings
        ]
    return end


def _json(body: dict[str, Any]) -> Answer:
    return Answer(json.dumps(body, ensure_ascii=False), JSON)
