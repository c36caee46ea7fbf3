"""The two dialects of ``POST /asr``, told apart by what clients send."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import StreamOptions
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import BadRequest
from livestt.events import Committed, Ended, Word
from livestt.protocols import asr_rest
from livestt.protocols.asr_rest import RAW, Answer, Request, answer, parse
from livestt.recording import NO_DIARIZER, Recording, SpeakersWanted

from .recordings import SECOND, TEXT, recording, refusal

ENGINE = ScriptedEngine().capabilities
LINES = "Hello, world.\nIt is late.\n"


def read(query: dict[str, str], form: dict[str, str] | None = None) -> Request:
    return parse(query.items(), (form or {}).items(), ENGINE, StreamOptions())


def written(query: dict[str, str], made: Recording | None = None) -> Answer:
    return answer(read(query), made or recording())


def test_there_may_be_only_so_many_hotwords() -> None:
    """The engine is told all of them with every job."""
    with pytest.raises(BadRequest) as caught:
        read({}, {"hotwords": "Ada, " * 2000})
    assert caught.value.param == "hotwords"


class TestDialects:
    @pytest.mark.parametrize(
        ("query", "wrapped", "format"),
        [
            ({}, False, "txt"),
            ({"output": "srt"}, False, "srt"),
            ({"output_format": "srt"}, True, "srt"),
            ({"output_format": ""}, True, "json"),
            ({"output": "json", "output_format": "srt"}, False, "json"),
        ],
    )
    def test_what_is_asked_for_tells(
        self, query: dict[str, str], wrapped: bool, format: str
    ) -> None:
        wishes = read(query)
        assert (wishes.wrapped, wishes.format) == (wrapped, format)

    def test_parameters_come_in_the_form_too_and_the_query_counts_more(self) -> None:
        wishes = read({"language": "fr"}, {"language": "de", "output_format": "vtt"})
        assert (wishes.options.language, wishes.format) == ("fr", "vtt")

    def test_bazarr(self) -> None:
        wishes = read({"task": "translate", "language": "fr", "output": "srt", "encode": "false"})
        assert wishes.audio == RAW
        assert wishes.options == StreamOptions("fr", task="translate")
        assert wishes.speakers is None

    def test_speakr(self) -> None:
        wishes = read(
            {
                "encode": "True", "task": "transcribe", "output": "json", "diarize": "true",
                "enable_diarization": "true", "return_speaker_embeddings": "true",
                "min_speakers": "1", "max_speakers": "3", "initial_prompt": "A talk.",
                "hotwords": "Ada, Grace", "model": "large-v3",
            }
        )  # fmt: skip
        assert wishes.audio.encoding == "auto"
        assert wishes.options.prompt == "A talk."
        assert wishes.options.hotwords == ("Ada", "Grace")
        assert wishes.speakers == SpeakersWanted(1, 3, embeddings=True)

    @pytest.mark.parametrize(
        ("query", "asked"),
        [
            ({}, False),
            ({"diarize": "true"}, True),
            ({"output_format": "json"}, True),
            ({"output_format": "json", "diarize": "false"}, False),
            ({"output_format": "json", "enable_diarization": "false"}, False),
            ({"output_format": "json", "enable_diarization": "true"}, True),
        ],
    )
    def test_whether_speakers_are_wanted(self, query: dict[str, str], asked: bool) -> None:
        assert (read(query).speakers is not None) == asked

    def test_an_exact_number_of_speakers(self) -> None:
        wishes = read({"diarize": "true", "num_speakers": "2", "max_speakers": "9"})
        assert wishes.speakers == SpeakersWanted(2, 2)


class TestAnswers:
    def test_the_bare_file_has_a_name(self) -> None:
        assert written({}) == Answer(LINES, "text/plain; charset=utf-8", "transcript.txt")
        assert written({"output": "vtt"}).media_type == "text/vtt; charset=utf-8"
        assert written({"output": "srt"}).body.startswith("1\n00:00:00,500 --> 00:00:02,000\n")
        assert written({"output": "tsv"}).body.splitlines()[1] == "500\t2000\tHello, world."

    @pytest.mark.parametrize("format", ["text", "txt", "srt", "vtt", "tsv"])
    def test_wrapped_it_is_a_member(self, format: str) -> None:
        made = written({"output_format": format})
        assert made.media_type == "application/json"
        [(key, text)] = json.loads(made.body).items()
        assert key == ("text" if format == "txt" else format)
        assert "Hello, world." in text

    def test_json_as_bazarr_and_speakr_read_it(self) -> None:
        body = json.loads(written({"output": "json"}).body)
        assert body["text"] == TEXT
        assert body["language"] == "en"
        first = body["segments"][0]
        assert (first["start"], first["end"], first["text"]) == (0.5, 2.0, " Hello, world.")
        assert first["words"][0] == {"word": "Hello,", "start": 0.5, "end": 1.0, "score": 0.9}
        assert "speaker" not in first
        assert len(body["word_segments"]) == 5

    def test_json_of_whisperx_has_its_segments_as_text(self) -> None:
        body = json.loads(written({"output_format": "json", "word_timestamps": "false"}).body)
        assert body["text"] == body["segments"]
        assert "words" not in body["segments"][0]
        assert "word_segments" not in body

    def test_without_a_diarizer_a_warning_says_so(self) -> None:
        made = recording()
        made.warnings.append(NO_DIARIZER)
        body = json.loads(written({"output_format": "json"}, made).body)
        assert body["warnings"][0]["code"] == "speakers_unavailable"

    def test_speakers_where_they_are_known(self) -> None:
        words = (Word(" Yes.", 0, SECOND, speaker=2), Word(" No.", SECOND, 2 * SECOND, speaker=1))
        made = recording((Committed(words), Ended(2 * SECOND)))

        def wrapped(format: str) -> Any:
            return json.loads(written({"output_format": format}, made).body)[format]

        assert "[SPEAKER_01] Yes." in wrapped("srt")
        assert "[SPEAKER_00] No." in wrapped("vtt")
        assert wrapped("tsv").splitlines()[1:] == [
            "0.0\t1.0\tYes.\tSPEAKER_01",
            "1.0\t2.0\tNo.\tSPEAKER_00",
        ]
        body = json.loads(written({"output_format": "json"}, made).body)
        assert [segment["speaker"] for segment in body["segments"]] == ["SPEAKER_01", "SPEAKER_00"]
        assert body["word_segments"][0]["speaker"] == "SPEAKER_01"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"output": "docx"}, "output"),
        ({"output_format": "docx"}, "output_format"),
        ({"task": "summarize"}, "task"),
        ({"language": "xx"}, "language"),
        ({"encode": "maybe"}, "encode"),
        ({"num_speakers": "0"}, "num_speakers"),
        ({"min_speakers": "3", "max_speakers": "2"}, "min_speakers"),
        ({"vad_filter": "2"}, "vad_filter"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(query: dict[str, str], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(query)
    assert caught.value.param == param
    assert asr_rest.error_body(caught.value)["detail"] == str(caught.value)


def test_an_engine_that_does_not_translate() -> None:
    with pytest.raises(BadRequest, match="does not translate"):
        parse([("task", "translate")], (), replace(ENGINE, translates=False), StreamOptions())


def test_detection() -> None:
    assert asr_rest.detection("de", 0.98765) == {
        "detected_language": "german", "language_code": "de", "confidence": 0.9877,
    }  # fmt: skip
    assert asr_rest.detection(None, 0.0)["confidence"] == 0
    assert asr_rest.detection_options(ENGINE).language is None
    deaf = replace(ENGINE, detects_language=False, languages=frozenset({"en"}))
    assert asr_rest.detection_options(deaf).language == "en"


NAMES = (
    *("output", "output_format", "task", "language", "encode", "initial_prompt", "hotwords"),
    *("word_timestamps", "vad_filter", "diarize", "enable_diarization", "num_speakers"),
    *("min_speakers", "max_speakers", "return_speaker_embeddings", "model"),
)
values = st.one_of(st.sampled_from(["true", "false", "2", "", "json", "srt"]), st.text(max_size=9))


@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=6))
def test_any_request_is_answered_or_refused(query: dict[str, str]) -> None:
    error = refusal(lambda: read(query))
    if error is not None:
        assert error.param
    elif (made := written(query)).media_type == "application/json":
        json.loads(made.body)
