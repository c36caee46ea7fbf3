"""``POST /v1/listen`` over real connections."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from livestt.engines.scripted import script_of
from livestt.server.deepgram import files as prerecorded
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn
from livestt.testing import decode_file
from livestt.timebase import from_ms

from ..conftest import FIXTURES, Lent, Serve
from ..engines import Watched
from ..running import PATIENCE, Running, check_heard, wait_until
from .client import CLOSE, FINALIZE, address, converse

SPEECH = FIXTURES / "speech"


def text_of(name: str) -> str:
    rows = (SPEECH / "manifest.jsonl").read_text("utf-8").splitlines()
    return next(row["text"] for row in map(json.loads, rows) if row["id"] == name)


@pytest.fixture(scope="module")
def server(serve_all: Serve, lent_whisper: Lent) -> Running:
    return serve_all(lent_whisper, vad=True, language="en", audio_max_len=8)


def post(server: Running, body: bytes, query: Any = (), kind: str = "audio/wav") -> httpx.Response:
    address = f"{server.http}/v1/listen?{urlencode(query, doseq=True)}"
    return httpx.post(address, content=body, headers={"content-type": kind}, timeout=PATIENCE)


def transcripts(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    channels = response.json()["results"]["channels"]
    return [channel["alternatives"][0]["transcript"] for channel in channels]


def stereo(left: str, right: str) -> bytes:
    """Two sentences at the same time, as 16-bit samples of two channels."""
    both = [decode_file(SPEECH / f"{name}.flac") for name in (left, right)]
    length = max(map(len, both)) + 16_000
    padded = [np.pad(samples, (0, length - len(samples))) for samples in both]
    return np.round(np.stack(padded, 1) * 32767).astype("<i2").tobytes()


def as_wave(pcm: bytes, channels: int) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm)
    return target.getvalue()


def test_a_file(server: Running) -> None:
    body = (SPEECH / "slt-01.flac").read_bytes()
    query = {"smart_format": "true", "utterances": "true", "detect_language": "true", "tag": "t"}
    response = post(server, body, query, "application/octet-stream")
    assert transcripts(response) == [text_of("slt-01")]
    told = response.json()
    assert told["metadata"]["request_id"] == response.headers["dg-request-id"]
    assert told["metadata"]["sha256"] == hashlib.sha256(body).hexdigest()
    assert told["metadata"]["duration"] == pytest.approx(4.369, abs=0.01)
    assert told["metadata"]["tags"] == ["t"]
    assert told["results"]["channels"][0]["detected_language"] == "en"
    assert told["results"]["utterances"][0]["transcript"]
    assert told["results"]["channels"][0]["alternatives"][0]["paragraphs"]["paragraphs"]


def test_an_answer_is_not_written_on_the_event_loop(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, loops = prerecorded.answer, []

    def watched(*given: Any, **named: Any) -> dict[str, Any]:
        loops.append(asyncio._get_running_loop())
        return write(*given, **named)

    monkeypatch.setattr(prerecorded, "answer", watched)
    assert post(server, as_wave(bytes(32_000), 1)).status_code == 200
    assert loops == [None]


def test_headerless_samples(server: Running) -> None:
    pcm = np.round(decode_file(SPEECH / "awb-01.flac") * 32767).astype("<i2").tobytes()
    query = {"encoding": "linear16", "sample_rate": "16000", "punctuate": "true"}
    assert transcripts(post(server, pcm, query)) == [text_of("awb-01")]


@pytest.mark.parametrize("raw", [True, False])
def test_channels_apart(server: Running, raw: bool) -> None:
    pcm = stereo("slt-01", "awb-01")
    query = {"multichannel": "true", "punctuate": "true", "utterances": "true"}
    if raw:
        query |= {"encoding": "linear16", "sample_rate": "16000", "channels": "2"}
    response = post(server, pcm if raw else as_wave(pcm, 2), query)
    assert transcripts(response) == [text_of("slt-01"), text_of("awb-01")]
    assert {u["channel"] for u in response.json()["results"]["utterances"]} == {0, 1}
    assert response.json()["metadata"]["channels"] == 2


@pytest.mark.parametrize("raw", [True, False])
def test_channels_apart_live(server: Running, raw: bool) -> None:
    pcm = stereo("slt-01", "awb-01")
    query = {"multichannel": "true", "channels": "2", "punctuate": "true"}
    if raw:
        query |= {"encoding": "linear16", "sample_rate": "16000"}
    data = pcm if raw else as_wave(pcm, 2)
    frames = [data[i : i + 9_999] for i in range(0, len(data), 9_999)]
    told = converse(server, [*frames, FINALIZE, CLOSE], query)
    check_heard(told.text(0), text_of("slt-01"))
    check_heard(told.text(1), text_of("awb-01"))
    assert told.code == 1000


def test_channels_of_a_client_that_vanishes(serve: Serve) -> None:
    server = serve(Watched(script_of("One two three.")))
    data = as_wave(bytes(640_000), 2)

    async def vanish() -> None:
        url = address(server, query={"multichannel": "true", "channels": "2"})
        async with connect(url) as client:
            await client.send(data[:200_000])
            await asyncio.to_thread(wait_until, lambda: server.seconds() > 0)
            client.transport.abort()

    asyncio.run(vanish())
    server.check_idle()


def test_fewer_channels_than_said(server: Running) -> None:
    mono = as_wave(bytes(64_000), 1)
    told = converse(server, [mono, CLOSE], {"multichannel": "true", "channels": "2"})
    assert (told.code, str(told.reason)[:9]) == (1008, "DATA-0000")


@pytest.mark.parametrize(
    ("body", "query", "kind", "status", "message"),
    [
        (b"", {}, "audio/wav", 400, "Bad Request: failed to process audio"),
        (b"no audio " * 999, {}, "audio/wav", 400, "Bad Request: failed to process audio"),
        (b"x", {"language": "tlh"}, "audio/wav", 400, "Invalid 'language' value of 'tlh'"),
        (b"[]", {}, "application/json", 400, "Bad Request: the body must be a JSON object"),
        (b"{}", {}, "application/json", 400, "Bad Request: a JSON body is"),
        (
            b'{"url":"http://localhost/x"}',
            {},
            "application/json",
            400,
            "Bad Request: this server fetches",
        ),
        (
            b'{"url":"file:///etc/passwd"}',
            {},
            "application/json",
            400,
            "Bad Request: the url must begin with",
        ),
        (
            b'{"url":"http://a:b:c/"}',
            {},
            "application/json",
            400,
            "Bad Request: the url is not an address",
        ),
        (
            b'{"url":"http://u@localhost/"}',
            {},
            "application/json",
            400,
            "Bad Request: the url must begin",
        ),
    ],
)
def test_a_refusal(
    server: Running, body: bytes, query: dict[str, str], kind: str, status: int, message: str
) -> None:
    response = post(server, body, query, kind)
    assert response.status_code == status
    assert response.json()["err_msg"].startswith(message)
    code = "Bad Request" if message.startswith("Bad Request") else "INVALID_QUERY_PARAMETER"
    assert response.json()["err_code"] == code
    assert response.headers["dg-error"]
    assert response.headers["dg-request-id"] == response.json()["request_id"]


def test_speakers(serve: Serve) -> None:
    turns = [ScriptedTurn(0, 0, from_ms(800)), ScriptedTurn(1, from_ms(800), from_ms(9000))]
    server = serve(
        Watched(script_of("One two three four.")),
        diarizer=ScriptedDiarizer(turns=turns),
        diarization=True,
    )
    query = {"diarize": "true", "utterances": "true", "paragraphs": "true"}
    body = post(server, as_wave(bytes(64_000), 1), query).json()["results"]
    [alternative] = body["channels"][0]["alternatives"]
    assert [word["speaker"] for word in alternative["words"]] == [0, 0, 1, 1]
    assert [utterance["speaker"] for utterance in body["utterances"]] == [0, 1]
    assert alternative["paragraphs"]["transcript"].count("Speaker ") == 2


class TestFetching:
    def test_from_an_allowed_host(self, serve: Serve, lent_whisper: Lent, tmp_path: Path) -> None:
        (tmp_path / "a.flac").write_bytes((SPEECH / "slt-01.flac").read_bytes())
        (tmp_path / "folder").mkdir()
        with files(tmp_path) as host:
            server = serve(lent_whisper, vad=True, language="en", fetch_from=(host,))
            query = {"punctuate": "true"}
            assert transcripts(self.ask(server, f"http://{host}/a.flac", query)) == [
                text_of("slt-01")
            ]
            assert self.ask(server, f"http://{host}/none").status_code == 400
            redirected = self.ask(server, f"http://{host}/folder")
            assert "301" in redirected.json()["err_msg"]
            small = serve(lent_whisper, fetch_from=(host,), max_upload_mb=1)
            (tmp_path / "large").write_bytes(bytes(1_100_000))
            assert self.ask(small, f"http://{host}/large").status_code == 413

    def ask(self, server: Running, url: str, query: Any = ()) -> httpx.Response:
        return post(server, json.dumps({"url": url}).encode(), query, "application/json")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """A web server for the files of a folder, as its host and port."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


NAMES = [
    *("encoding", "sample_rate", "channels", "multichannel", "language", "detect_language"),
    *("utterances", "utt_split", "paragraphs", "redact", "replace", "extra", "keywords"),
    *("callback", "interim_results", "endpointing", "utterance_end_ms", "eot_threshold"),
]
VALUES = [
    *("true", "0", "linear16", "opus", "8000", "-1", "multi", "a:b"),
    *("", "ß\n", "\x00", "9" * 30),
]
pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=5)


@pytest.fixture(scope="module")
def quick(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of("One two three.")))


@given(
    query=pairs,
    body=st.one_of(st.binary(max_size=200), st.none()),
    kind=st.sampled_from(["audio/wav", "application/json", "", "text/plain; x"]),
)
@settings(max_examples=20, deadline=None)
def test_any_request_gets_a_documented_answer(
    quick: Running, query: list[tuple[str, str]], body: bytes | None, kind: str
) -> None:
    response = post(quick, as_wave(bytes(32_000), 1) if body is None else body, query, kind)
    assert response.headers["dg-request-id"]
    told = response.json()
    if response.status_code == 200:
        assert told["results"]["channels"][0]["alternatives"]
    else:
        assert response.status_code == 400
        assert set(told) == {"err_code", "err_msg", "request_id"}
        assert response.headers["dg-error"]


@pytest.mark.parametrize("path", ["/v1/listen", "/v2/listen"])
@given(query=pairs)
@settings(max_examples=20, deadline=None)
def test_any_address_is_served_or_refused(
    quick: Running, path: str, query: list[tuple[str, str]]
) -> None:
    try:
        code = converse(quick, [CLOSE], query, path=path).code
    except InvalidStatus as refusal:
        code = refusal.response.status_code
    assert code in (1000, 400)
