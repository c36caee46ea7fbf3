"""``POST /asr`` and its neighbours over real sockets, with the requests that clients make."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from livestt.engines.scripted import script_of
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn

from .conftest import FIXTURES, Lent, Serve
from .engines import Watched
from .files.test_uploads import TEXT
from .openai.test_rest import ask, multipart
from .running import Running

PCM = bytes(2 * 16_000 * 9)


def post(
    server: Running, path: str, audio: bytes | None = None, **query: str
) -> tuple[int, dict[str, str], str]:
    """What Bazarr sends if there are bare samples, otherwise a file."""
    body, headers = multipart(name="audio_file")
    if audio is not None:
        head = b'--b\r\nContent-Disposition: form-data; name="audio_file"; filename="audio_file"'
        body = head + b"\r\n\r\n" + audio + b"\r\n--b--\r\n"
    status, found, answer = ask(
        server, "POST", f"{path}?{urlencode(query)}", body, content_type=headers["content-type"]
    )
    return status, found, answer.decode()


@pytest.fixture
def server(serve: Serve) -> Running:
    return serve(Watched(script_of(TEXT)))


def test_bazarr_gets_bare_subtitles_for_bare_samples(server: Running) -> None:
    status, headers, body = post(
        server, "/asr", PCM, task="transcribe", language="en", output="srt", encode="false"
    )
    assert status == 200
    assert headers["asr-engine"] == "scripted"
    assert headers["content-disposition"] == 'attachment; filename="transcript.srt"'
    assert body.startswith("1\n00:00:00,000 --> ")
    assert "word19" in body


def test_speakr_gets_segments(server: Running) -> None:
    status, _, body = post(
        server, "/asr", encode="true", task="transcribe", output="json", language="en",
        diarize="true", enable_diarization="true", return_speaker_embeddings="true",
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(body)
    assert status == 200
    assert "".join(segment["text"] for segment in answer["segments"]).strip() == TEXT
    assert answer["warnings"][0]["code"] == "speakers_unavailable"


def test_who_says_what(serve: Serve) -> None:
    turns = [ScriptedTurn(0, 0, 32_000), ScriptedTurn(1, 32_000, 144_000)]
    engine = Watched(script_of("One two three four five. Six seven eight nine ten."))
    server = serve(engine, diarizer=ScriptedDiarizer(turns=turns), diarization=True)
    _, _, body = post(server, "/asr", output="json", diarize="true")
    answer = json.loads(body)
    assert [segment["speaker"] for segment in answer["segments"]] == ["SPEAKER_00", "SPEAKER_01"]
    assert answer["word_segments"][-1]["speaker"] == "SPEAKER_01"
    _, _, body = post(server, "/asr", output_format="srt")
    assert "[SPEAKER_01] Six seven" in json.loads(body)["srt"]
    _, _, body = post(server, "/asr", output="json")
    assert "speaker" not in json.loads(body)["segments"][0]
    _, _, body = post(server, "/asr", output="json", diarize="true", num_speakers="1")
    assert {s["speaker"] for s in json.loads(body)["segments"]} == {"SPEAKER_00"}


def test_uploads_have_their_own_diarizer(serve: Serve) -> None:
    turns = [ScriptedTurn(0, 0, 32_000), ScriptedTurn(1, 32_000, 144_000)]
    server = serve(
        Watched(script_of("One two three four five. Six seven eight nine ten.")),
        diarizer=ScriptedDiarizer(turns=[]),
        file_diarizer=ScriptedDiarizer(turns=turns),
        diarization=True,
    )
    _, _, body = post(server, "/asr", output="json", diarize="true")
    speakers = [segment["speaker"] for segment in json.loads(body)["segments"]]
    assert speakers == ["SPEAKER_00", "SPEAKER_01"]


@pytest.mark.parametrize("format", ["json", "text", "srt", "vtt", "tsv"])
def test_whisperx_clients_always_get_json(server: Running, format: str) -> None:
    _, headers, body = post(server, "/asr", output_format=format)
    assert headers["content-type"] == "application/json"
    found = json.loads(body)["text" if format == "json" else format]
    assert "word19" in (found if isinstance(found, str) else found[-1]["text"])


def test_without_a_format_it_is_text(server: Running) -> None:
    _, headers, body = post(server, "/asr")
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert " ".join(body.split()) == TEXT


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/asr", {"output": "docx"}, 400),
        ("/asr", {"language": "xx"}, 400),
        ("/asr", {"encode": "maybe"}, 400),
        ("/detect-language", {"encode": "maybe"}, 400),
    ],
)
def test_errors_have_a_detail(
    server: Running, path: str, query: dict[str, str], status: int
) -> None:
    answered, _, body = post(server, path, **query)
    assert answered == status
    assert json.loads(body)["detail"]


def test_what_is_no_audio_and_no_form(server: Running) -> None:
    status, _, body = post(server, "/asr", b"Dear Sir or Madam")
    assert (status, json.loads(body)["code"]) == (415, "bad_audio")
    status, _, answer = ask(server, "POST", "/asr", b"audio", content_type="audio/wav")
    assert (status, json.loads(answer)["code"]) == (400, "bad_request")


def test_the_language_of_a_file(serve: Serve, lent_whisper: Lent) -> None:
    speech = (FIXTURES / "speech" / "slt-01.flac").read_bytes()
    _, _, body = post(serve(lent_whisper, vad=True), "/detect-language", speech)
    found = json.loads(body)
    assert (found["detected_language"], found["language_code"]) == ("english", "en")
    assert found["confidence"] > 0.5


def test_only_the_start_of_a_file_is_heard_for_its_language(serve: Serve) -> None:
    engine = Watched(script_of("", start=0))
    minutes = bytes(2 * 16_000 * 120)
    _, _, body = post(serve(engine), "/detect-language", minutes, encode="false")
    assert json.loads(body) == {
        "detected_language": "english", "language_code": "en", "confidence": 0,
    }  # fmt: skip
    assert sum(engine.batches) <= 6


def test_the_queue(server: Running) -> None:
    status, _, body = ask(server, "GET", "/queue-metrics")
    assert status == 200
    assert json.loads(body) == {
        "serve_mode": "simple", "device": "cpu", "loaded_models": ["scripted"],
        "queue": {
            "requests_queued": 0, "requests_in_flight": 0, "gpu_concurrency": 2,
            "max_queue_size": 16,
        },
    }  # fmt: skip
