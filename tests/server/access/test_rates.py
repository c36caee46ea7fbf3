"""Who asks too often is told when to come back, by every surface in its own form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openai import OpenAI, RateLimitError
from websockets.sync.client import connect

from livestt.access.keys import digest_of
from livestt.access.rules import need
from livestt.server.access import rates

from ..conftest import Serve
from ..running import Running
from ..test_every_surface import LIVE, handshake, in_its_own_words, requests
from .test_door import KEYS, ask, bearer, key_file, refused

UNCOUNTED = ("/", "/overlay", "/web/app.js", "/health", "/ready", "/metrics", "/queue-metrics")


class Clock:
    """Stands still, so that a slow machine gives nobody more than their share."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rates, "monotonic", clock)
    return clock


def status(server: Running, path: str = "/access", **headers: str) -> int:
    return ask(server, "GET", path, **headers)[0]


def test_every_surface_refuses_and_says_when_to_come_back(serve: Serve, clock: Clock) -> None:
    server = serve(max_requests_per_minute=2)
    assert [status(server) for _ in range(3)] == [200, 200, 429]
    for method, path in requests(server.app.routes):
        if need(path, None if method == "ws" else method, None) in ("nothing", "metrics"):
            continue
        answer = handshake(server, path) if method == "ws" else ask(server, method, path)
        code, body, headers = answer
        assert (code, headers["retry-after"]) == (429, "30"), (method, path)
        assert method == "HEAD" or in_its_own_words(path, body), (path, body)
        assert method == "HEAD" or "2 requests per minute" in json.dumps(body)


def test_sockets_count_too(serve: Serve, clock: Clock) -> None:
    for path, query in LIVE.items():
        server = serve(max_requests_per_minute=1)
        with connect(f"ws://127.0.0.1:{server.port}{path}?{query}"):
            code, body, _ = handshake(server, f"{path}?{query}")
            assert code == 429
            assert in_its_own_words(path, body)
        assert status(server, "/transcripts") == 429
        clock.now += 60
        assert status(server) == 200


def test_the_forms_of_the_dialects(serve: Serve, clock: Clock) -> None:
    server = serve(max_requests_per_minute=1)
    assert status(server) == 200
    body = refused(server.url())[1]
    assert (body["type"], body["code"], body["retry_after"]) == ("error", "too_many_requests", 60)
    _, body, headers = handshake(server, f"/v1/listen?{LIVE['/v1/listen']}")
    assert body["err_code"] == "TOO_MANY_REQUESTS"
    assert headers["dg-error"] == body["err_msg"]
    assert ask(server, "GET", "/transcripts")[1]["code"] == "too_many_requests"
    client = OpenAI(base_url=f"{server.http}/v1", api_key="any", max_retries=0)
    with client, pytest.raises(RateLimitError) as caught:
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF"))
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "60"


def test_who_waits_is_let_in(serve: Serve, clock: Clock) -> None:
    server = serve(max_requests_per_minute=4)
    assert [status(server) for _ in range(5)] == [200] * 4 + [429]
    clock.now += int(ask(server, "GET", "/access")[2]["retry-after"])
    assert [status(server) for _ in range(2)] == [200, 429]
    clock.now += 60
    assert [status(server) for _ in range(5)] == [200] * 4 + [429]


def test_probes_and_pages_do_not_count(serve: Serve, clock: Clock) -> None:
    server = serve(max_requests_per_minute=1)
    for _ in range(3):
        assert {status(server, path) for path in UNCOUNTED} == {200}
    assert [status(server) for _ in range(2)] == [200, 429]
    assert {status(server, path) for path in UNCOUNTED} == {200}
    figures = ask(server, "GET", "/metrics")[1].decode()
    assert 'livestt_refused_total{code="too_many_requests"} 1.0' in figures


def test_every_address_counts_alone(serve: Serve, clock: Clock) -> None:
    server = serve(max_requests_per_minute=1)
    for address in ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:1::1"):
        headers = {"x_forwarded_for": address}
        assert [status(server, **headers) for _ in range(2)] == [200, 429]
    assert status(server, x_forwarded_for="2001:db8::2") == 429


def test_every_key_counts_alone(serve: Serve, clock: Clock, tmp_path: Path) -> None:
    path = key_file(tmp_path, "talker", "root")
    second = "another-key-0123456789"
    path.write_text(f"{path.read_text()}127.0.0.1:view:sha256={digest_of(second)}\n")
    server = serve(max_requests_per_minute=1, api_keys_file=str(path))
    token = ask(server, "POST", "/tokens", **bearer("talker"))[1]["token"]
    code, body, _ = ask(server, "GET", "/access", **bearer("talker"))
    assert (code, body["message"].split(" may ")[0]) == (429, "this key")
    assert refused(server.url(token=KEYS["talker"]))[0] == 429
    assert [status(server, **bearer("root")) for _ in range(2)] == [200, 429]
    assert [status(server, x_api_key=second) for _ in range(2)] == [200, 429]
    assert status(server, x_api_key=token) == 200
    code, body, _ = ask(server, "GET", "/access", x_api_key=token)
    assert (code, body["message"].split(" may ")[0]) == (429, "this address")
    assert status(server) == 401
    assert status(server, x_api_key="wrong") == 401


def test_there_is_no_limit_unless_there_is_one(serve: Serve, clock: Clock) -> None:
    server = serve()
    assert {status(server) for _ in range(50)} == {200}
