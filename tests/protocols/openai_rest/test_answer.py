"""A recording in each format of OpenAI's API."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import UnknownModel
from livestt.events import Committed, Ended, Word
from livestt.protocols.openai_rest import models
from livestt.protocols.openai_rest.answer import answer, speaker_of
from livestt.protocols.openai_rest.request import Format, Request
from livestt.recording import NO_DIARIZER

from ..recordings import SECOND, TEXT, recording

USAGE = {"type": "duration", "seconds": 7}


def written(format: Format, **wishes: Any) -> Any:
    made = answer(Request(format, **{"options": StreamOptions(), **wishes}), recording())
    if made.media_type == "application/json":
        return json.loads(made.body)
    assert made.media_type == "text/plain; charset=utf-8"
    return made.body


def test_json() -> None:
    assert written("json") == {"text": TEXT, "languages": [{"code": "en"}], "usage": USAGE}


def test_log_probabilities_spell_the_text() -> None:
    entries = written("json", logprobs=True)["logprobs"]
    assert "".join(entry["token"] for entry in entries).strip() == TEXT
    assert bytes(byte for entry in entries for byte in entry["bytes"]).decode().strip() == TEXT
    assert entries[0]["logprob"] == pytest.approx(math.log(0.9), abs=1e-4)


def test_text_and_subtitles() -> None:
    assert written("text") == TEXT + "\n"
    assert written("srt").startswith("1\n00:00:00,500 --> 00:00:02,000\nHello, world.\n")
    assert written("vtt").startswith("WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nHello, world.\n")


def test_verbose_json_has_every_field_that_strict_clients_want() -> None:
    body = written("verbose_json", words=True)
    assert {key: body[key] for key in ("task", "language", "duration", "text", "usage")} == {
        "task": "transcribe", "language": "english", "duration": 6.05, "text": TEXT,
        "usage": USAGE,
    }  # fmt: skip
    assert body["segments"][0] == {
        "id": 0, "seek": 50, "start": 0.5, "end": 2.0, "text": " Hello, world.",
        "tokens": [1, 2, 3], "temperature": 0.0, "avg_logprob": -0.3992,
        "compression_ratio": body["segments"][0]["compression_ratio"], "no_speech_prob": 0.25,
    }  # fmt: skip
    assert [segment["id"] for segment in body["segments"]] == [0, 1]
    assert body["words"][1] == {"word": "world.", "start": 1.0, "end": 2.0}


def test_verbose_json_lists_what_was_asked_for() -> None:
    assert "words" not in written("verbose_json")
    assert "segments" not in written("verbose_json", words=True, segments=False)
    translated = written("verbose_json", options=StreamOptions("fr", task="translate"))
    assert (translated["task"], translated["language"]) == ("translate", "english")


def test_diarized_json_without_a_diarizer() -> None:
    made = recording()
    made.warnings.append(NO_DIARIZER)
    body = json.loads(answer(Request("diarized_json", StreamOptions()), made).body)
    assert body["segments"][0] == {
        "type": "transcript.text.segment", "id": "seg_0", "start": 0.5, "end": 2.0,
        "text": "Hello, world.", "speaker": "unknown",
    }  # fmt: skip
    assert body["warnings"][0]["code"] == "speakers_unavailable"
    assert body["duration"] == 6.05


def test_diarized_json_with_speakers() -> None:
    words = (Word(" Yes.", 0, SECOND, speaker=2), Word(" No.", SECOND, 2 * SECOND, speaker=1))
    made = recording((Committed(words), Ended(2 * SECOND)))
    body = json.loads(answer(Request("diarized_json", StreamOptions()), made).body)
    assert [segment["speaker"] for segment in body["segments"]] == ["B", "A"]
    assert [speaker_of(n) for n in (1, 26, 27, 28)] == ["A", "Z", "AA", "AB"]


def test_models() -> None:
    engine = ScriptedEngine().capabilities
    listed = [model["id"] for model in models.listing([engine.model])["data"]]
    assert listed[0] == "scripted"
    assert "whisper-1" in listed
    assert models.one([engine.model], "gpt-transcribe")["object"] == "model"
    with pytest.raises(UnknownModel, match="scripted"):
        models.one([engine.model], "gpt-9")
