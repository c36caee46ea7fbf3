"""OpenAI's REST dialect over real sockets, most of it through OpenAI's own SDK."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from openai import (
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)

from livestt.access.keys import digest_of
from livestt.engines.scripted import script_of
from livestt.server.timing import Timing
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn

from ..conftest import FIXTURES, Lent, Serve
from ..engines import Faulty, Gated, Watched
from ..files.test_uploads import TEXT, wav
from ..running import PATIENCE, Running, wait_until

SPEECH = FIXTURES / "speech" / "slt-01.flac"


def sdk(server: Running) -> OpenAI:
    return OpenAI(base_url=f"{server.http}/v1", api_key="any", max_retries=0, timeout=PATIENCE)


def create(server: Running, **wanted: Any) -> Any:
    with sdk(server) as client:
        answer = client.audio.transcriptions.create(
            **{"file": ("nine.wav", wav().getvalue()), "model": "whisper-1", **wanted}
        )
        return list(answer) if wanted.get("stream") else answer


def crawl(sender: socket.socket) -> None:
    """Send a few bytes for a long time, or until the other side has had enough."""
    with suppress(OSError):
        for _ in range(1900):
            sender.sendall(b"-")
            time.sleep(0.01)


def ask(
    server: Running, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return found


@pytest.fixture
def server(serve: Serve) -> Running:
    return serve(Watched(script_of(TEXT)))


class TestFormats:
    def test_every_one_of_them_says_the_same(self, server: Running) -> None:
        assert create(server).text == TEXT
        assert create(server, response_format="text") == f"{TEXT}\n"
        assert create(server, response_format="verbose_json").text == TEXT
        assert create(server, response_format="diarized_json").text == TEXT
        for format in ("srt", "vtt"):
            lines = create(server, response_format=format).splitlines()
            said = [line for line in lines[1:] if line and not line[0].isdecimal()]
            assert " ".join(said) == TEXT

    def test_a_stream_says_it_as_it_is_heard(self, server: Running) -> None:
        *deltas, done = create(server, stream=True, include=["logprobs"])
        assert "".join(event.delta for event in deltas) == done.text == TEXT
        assert len(done.logprobs) == 20

    def test_times_of_words_and_segments(self, server: Running) -> None:
        body = create(
            server, response_format="verbose_json", timestamp_granularities=["word", "segment"]
        )
        assert body.duration == 9
        assert [word.word for word in body.words] == TEXT.split()
        assert (body.words[1].start, body.words[1].end) == (0.4, 0.72)
        assert body.segments[0].start == 0

    def test_without_a_diarizer_nobody_is_named(self, server: Running) -> None:
        body = create(
            server,
            response_format="diarized_json",
            chunking_strategy="auto",
            extra_body={
                "known_speaker_names": ["Ada"],
                "known_speaker_references": ["data:audio/wav;base64,AAAA"],
            },
        )
        assert {segment.speaker for segment in body.segments} == {"unknown"}
        assert body.model_extra is not None
        assert body.model_extra["warnings"][0]["code"] == "speakers_unavailable"

    def test_who_says_what(self, serve: Serve) -> None:
        turns = [ScriptedTurn(0, 0, 32_000), ScriptedTurn(1, 32_000, 144_000)]
        text = "One two three four five. Six seven eight nine ten."
        server = serve(
            Watched(script_of(text)), diarizer=ScriptedDiarizer(turns=turns), diarization=True
        )
        body = create(server, response_format="diarized_json")
        said = [(segment.speaker, segment.text) for segment in body.segments]
        assert said == [("A", "One two three four five."), ("B", "Six seven eight nine ten.")]
        events = create(server, response_format="diarized_json", stream=True)
        segments = [event for event in events if event.type == "transcript.text.segment"]
        assert [(segment.speaker, segment.text) for segment in segments] == said
        assert events[-1].text == text

    def test_a_translation_asks_the_engine_for_one(self, serve: Serve) -> None:
        engine = Watched(script_of(TEXT))
        with sdk(serve(engine)) as client:
            file = ("nine.wav", wav().getvalue())
            with pytest.warns(DeprecationWarning, match="deprecated"):
                answer = client.audio.translations.create(
                    file=file, model="whisper-1", response_format="verbose_json"
                )
        assert (answer.text, answer.language) == (TEXT, "english")
        assert {stream.options.task for stream in engine.streams} == {"translate"}

    def test_wishes_reach_the_engine(self, serve: Serve) -> None:
        engine = Watched(script_of(TEXT))
        create(serve(engine), language="fr", prompt="Bonjour.", extra_body={"keywords": ["Ada"]})
        options = engine.streams[0].options
        assert (options.language, options.prompt, options.hotwords) == ("fr", "Bonjour.", ("Ada",))

    def test_real_speech(self, serve: Serve, lent_whisper: Lent) -> None:
        server = serve(lent_whisper, vad=True)
        body = create(
            server, file=SPEECH, response_format="verbose_json", timestamp_granularities=["word"]
        )
        assert body.text == "Good morning, everybody did not take our red building."
        assert body.language == "english"
        assert body.segments is None


def test_models(server: Running) -> None:
    with sdk(server) as client:
        names = [model.id for model in client.models.list()]
        assert names[0] == "scripted"
        assert client.models.retrieve("whisper-1").owned_by == "livestt"
        with pytest.raises(NotFoundError) as caught:
            client.models.retrieve("gpt/9")
        assert caught.value.code == "model_not_found"


class TestErrors:
    @pytest.mark.parametrize(
        ("wanted", "kind", "param", "code"),
        [
            ({"response_format": "docx"}, BadRequestError, "response_format", "bad_request"),
            ({"language": "xx"}, BadRequestError, "language", "bad_request"),
            ({"file": b"Dear Sir or Madam"}, APIStatusError, None, "bad_audio"),
            ({"file": b""}, APIStatusError, None, "bad_audio"),
        ],
    )
    def test_what_the_client_did_wrong(
        self, server: Running, wanted: Any, kind: type[APIStatusError], param: str, code: str
    ) -> None:
        with pytest.raises(kind) as caught:
            create(server, **wanted)
        assert (caught.value.param, caught.value.code) == (param, code)
        assert caught.value.type == "invalid_request_error"
        assert caught.value.request_id

    def test_a_key_that_is_wrong(self, serve: Serve, tmp_path: Path) -> None:
        keys = tmp_path / "keys"
        keys.write_text(f"talker:transcribe:sha256={digest_of('right-key-0123456789')}\n")
        with pytest.raises(AuthenticationError) as caught:
            create(serve(api_keys_file=str(keys)))
        assert caught.value.code == "invalid_api_key"

    def test_no_file(self, server: Running) -> None:
        status, _, body = ask(
            server,
            "POST",
            "/v1/audio/transcriptions",
            b"model=whisper-1",
            content_type="application/x-www-form-urlencoded",
        )
        assert (status, json.loads(body)["error"]["param"]) == (400, "file")

    @pytest.mark.parametrize("size", [1_000_001, 10_000_000])
    def test_a_file_over_the_limit(self, serve: Serve, size: int) -> None:
        server = serve(Watched(), max_upload_mb=1)
        with pytest.raises(APIStatusError) as caught:
            create(server, file=("a.wav", bytes(size)))
        assert (caught.value.status_code, caught.value.code) == (413, "too_large")

    def test_more_files_than_the_queue_holds(self, serve: Serve) -> None:
        engine = Gated(script_of(TEXT))
        server = serve(engine, max_uploads=1, upload_queue=0)
        with background(lambda: create(server)) as first:
            assert engine.entered.wait(PATIENCE)
            with pytest.raises(RateLimitError) as caught:
                create(server)
            assert caught.value.response.headers["retry-after"] == "10"
            assert caught.value.code == "rate_limit_exceeded"
            engine.gate.set()
        assert first[0].text == TEXT

    @pytest.mark.parametrize("stream", [False, True])
    def test_an_engine_that_fails(self, serve: Serve, stream: bool) -> None:
        server = serve(Faulty(script_of(TEXT), kind="engine error", times=99))
        with pytest.raises(APIError) as caught:
            create(server, stream=stream)
        assert isinstance(caught.value, InternalServerError) != stream
        assert "out of memory" in str(caught.value)

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/v1/audio/transcriptions", 405, "method_not_allowed"),
            ("PUT", "/v1/audio/translations", 405, "method_not_allowed"),
            ("POST", "/v1/models", 405, "method_not_allowed"),
            ("POST", "/v1/chat/completions", 404, "not_found"),
            ("GET", "/v1/", 404, "not_found"),
            ("DELETE", "/v1/nothing/at/all", 404, "not_found"),
        ],
    )
    def test_paths_and_methods_that_are_not_there(
        self, server: Running, method: str, path: str, status: int, code: str
    ) -> None:
        answered, headers, body = ask(server, method, path)
        assert (answered, json.loads(body)["error"]["code"]) == (status, code)
        assert headers["x-request-id"]
        assert ("allow" in headers) == (status == 405)

    def test_a_body_that_stops_coming(self, serve: Serve) -> None:
        server = serve(Watched(), Timing(upload=0.1))
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.putrequest("POST", "/v1/audio/transcriptions")
        connection.putheader("content-type", "multipart/form-data; boundary=x")
        connection.putheader("content-length", "1000")
        connection.endheaders(b"--x\r\n")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (408, "too_slow")
        connection.close()

    def test_a_body_that_comes_too_slowly_gives_its_place_to_others(self, serve: Serve) -> None:
        server = serve(Watched(), Timing(upload=1.0), max_uploads=1, upload_queue=0)
        slow = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        slow.putrequest("POST", "/v1/audio/transcriptions")
        slow.putheader("content-type", "multipart/form-data; boundary=x")
        slow.putheader("content-length", "2000")
        slow.endheaders(b"--x\r\n")
        sending = threading.Thread(target=crawl, args=(slow.sock,))
        sending.start()
        answer = slow.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (408, "too_slow")
        slow.close()
        sending.join()
        body, headers = multipart()
        assert ask(server, "POST", "/v1/audio/transcriptions", body, **headers)[0] == 200


class TestClientsThatGo:
    @pytest.mark.parametrize("stream", ["false", "true"])
    def test_their_work_is_given_up(self, serve: Serve, stream: str) -> None:
        engine = Gated(script_of(TEXT))
        server = serve(engine)
        form = multipart(("stream", stream))
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("POST", "/v1/audio/transcriptions", *form)
        assert engine.entered.wait(PATIENCE)
        connection.close()
        engine.gate.set()
        wait_until(lambda: server.services.uploads.admitted == 0)
        assert all(stream.releases == 1 for stream in engine.streams)

    def test_a_stream_shows_that_it_is_alive(self, serve: Serve) -> None:
        engine = Gated(script_of(TEXT))
        server = serve(engine, Timing(pulse=0.01))
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("POST", "/v1/audio/transcriptions", *multipart(("stream", "true")))
        answer = connection.getresponse()
        assert answer.getheader("content-type", "").startswith("text/event-stream")
        assert answer.readline().startswith(b": ")
        engine.gate.set()
        assert b"[DONE]" in answer.read()
        connection.close()

    def test_a_client_that_does_not_read_is_given_up(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("livestt.server.openai.rest.PULSE", f":{'x' * (16 << 20)}\n\n")
        engine = Gated(script_of(TEXT))
        server = serve(engine, Timing(pulse=0.01, send=0.2))
        connections = server.server.server_state.connections
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        client.request("POST", "/v1/audio/transcriptions", *multipart(("stream", "true")))
        assert engine.entered.wait(PATIENCE)
        wait_until(lambda: not connections or any(c.flow.write_paused for c in list(connections)))
        engine.gate.set()
        wait_until(lambda: server.services.uploads.admitted == 0)
        wait_until(lambda: not connections)
        client.close()


def multipart(*fields: tuple[str, str], name: str = "file") -> tuple[bytes, dict[str, str]]:
    """A form with nine seconds of audio, as a body and its headers."""
    parts = [
        f'--b\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields
    ]
    head = f'--b\r\ncontent-disposition: form-data; name="{name}"; filename="a.wav"\r\n\r\n'
    body = b"".join([*parts, head.encode(), wav().getvalue(), b"\r\n--b--\r\n"])
    return body, {"content-type": "multipart/form-data; boundary=b"}


class background:
    """Something done in a thread for the length of the block; the list then holds its result."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.results: list[Any] = []
        self._thread = threading.Thread(target=lambda: self.results.append(work()))

    def __enter__(self) -> list[Any]:
        self._thread.start()
        return self.results

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)
