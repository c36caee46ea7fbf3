"""Who is let in, and how the others are told why not."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from livestt.server.sockets.transport import MAX_MESSAGE

from ..conftest import Serve
from ..running import Running, converse, wait_until


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all()


def refusal(url: str, **options: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of a refused handshake."""
    with pytest.raises(InvalidStatus) as caught, connect(url, **options):
        pass
    response = caught.value.response
    assert response.headers["content-type"] == "application/json"
    return response.status_code, json.loads(response.body), dict(response.headers)


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ({"language": "klingon"}, "klingon"),
        ({"mode": "both"}, "full, diff"),
        ({"words": "perhaps"}, "words"),
        ({"encoding": "mp3"}, "encoding"),
        ({"encoding": "s16le", "sample_rate": "fast"}, "sample_rate"),
        ({"encoding": "s16le", "sample_rate": "1"}, "sample_rate"),
        ({"encoding": "s16le", "channels": "0"}, "channels"),
        ({"encoding": "s16le", "channels": "9999999999999999999999"}, "channels"),
        ({"language": "\x00\ufffd"}, "language"),
    ],
)
def test_bad_parameters_are_refused_by_name(
    server: Running, query: dict[str, str], hint: str
) -> None:
    status, body, _ = refusal(server.url(**query))
    assert status == 400
    assert (body["type"], body["code"]) == ("error", "bad_request")
    assert hint in body["message"]
    assert body["error"] == body["message"]


def test_unknown_parameters_are_ignored(server: Running) -> None:
    assert server.talk(colour="blue", language="").close_code == 1000


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://",
        "http://[",
        "file://",
        "chrome-extension://abcdef",
        "http://127.0.0.1:1",
    ],
)
def test_pages_of_other_origins_are_refused(server: Running, origin: str) -> None:
    status, body, _ = refusal(server.url(), origin=origin)
    assert status == 403
    assert body["code"] == "origin_not_allowed"
    assert "--allow-origin" in body["message"]


def test_own_pages_and_programs_are_let_in(server: Running) -> None:
    for origin in (None, server.http):
        with connect(server.url(), origin=origin):
            pass


@pytest.mark.parametrize("allowed", ["https://app.example", "https://app.example/", "*"])
def test_pages_the_operator_named_are_let_in(serve: Serve, allowed: str) -> None:
    server = serve(allow_origin=(allowed,))
    with connect(server.url(), origin="https://app.example"):
        pass


def test_a_full_server_says_when_to_come_back(serve: Serve) -> None:
    server = serve(max_sessions=2)
    with connect(server.url()), connect(server.url()):
        wait_until(lambda: len(server.sessions) == 2)
        status, body, headers = refusal(server.url())
        assert (status, body["code"]) == (429, "too_many_sessions")
        assert headers["retry-after"] == "5"
        assert body["retry_after"] == 5
    wait_until(lambda: len(server.sessions) == 0)
    with connect(server.url()):
        pass


def test_viewers_have_places_of_their_own(serve: Serve) -> None:
    server = serve(max_sessions=1, max_viewers=1)
    with connect(server.url()) as client:
        session = json.loads(client.recv())["session"]
        following = server.url(role="viewer", session=session)
        with connect(following) as viewer:
            viewer.recv()
            status, body, headers = refusal(following)
            assert (status, body["code"]) == (429, "too_many_sessions")
            assert "limit of viewers, 1" in body["message"]
            assert headers["retry-after"]
        wait_until(lambda: told(server, role="viewer", session=session)[0] == 200)


def told(server: Running, **query: str) -> tuple[int, str, str | None]:
    """What plain HTTP says of a handshake: status, code and when to come back."""
    url = server.url(**query).replace("ws://", "http://")
    try:
        with urlopen(url) as answer:
            return answer.status, answer.read().decode(), None
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["code"], error.headers["retry-after"]


def test_a_page_can_ask_why_its_socket_is_refused(serve: Serve) -> None:
    server = serve(max_sessions=1, resume_seconds=5)
    assert told(server) == (200, "{}", None)
    assert told(server, mode="both")[:2] == (400, "bad_request")
    assert told(server, role="viewer", session="nobody")[:2] == (404, "unknown_session")
    with connect(server.url()) as client:
        session = json.loads(client.recv())["session"]
        assert told(server) == (429, "too_many_sessions", "5")
        assert told(server, session=session)[0] == 200, "who comes back has a place"
        assert told(server, role="viewer", session=session)[0] == 200
        assert not server.sessions.tally.refused, "asking is no attempt"


def test_a_refusal_takes_no_place(serve: Serve) -> None:
    server = serve(max_sessions=1)
    for _ in range(5):
        refusal(server.url(mode="both"))
    assert server.talk().close_code == 1000


def test_a_frame_over_the_limit_closes_with_1009(server: Running) -> None:
    told = asyncio.run(converse(server.url(encoding="mulaw"), [bytes(MAX_MESSAGE + 1)]))
    assert told.close_code == 1009
    whole = asyncio.run(converse(server.url(encoding="mulaw"), [bytes(MAX_MESSAGE), b""]))
    assert whole.close_code == 1000


def handshake(server: Running, *headers: str, path: str = "/asr") -> socket.socket:
    """A raw socket that has asked for a WebSocket."""
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    ask(raw, *headers, path=path)
    return raw


def ask(raw: socket.socket, *headers: str, path: str = "/asr") -> None:
    """Ask for a WebSocket here."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    raw.sendall("\r\n".join([*lines, "", ""]).encode())


def ended(raw: socket.socket) -> bool:
    """Whether the server ends the connection within half a minute."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if not raw.recv(4096):
            return True
    return False


@pytest.mark.parametrize("host", ["[", "a b", "127.0.0.1:x", "", "\x00"])
def test_any_host_header_gets_some_answer(server: Running, host: str) -> None:
    with handshake(server, f"Host: {host}", "Origin: http://a.example") as raw:
        assert raw.recv(12).startswith(b"HTTP/1.1 4")


def test_a_handshake_that_is_too_long_is_turned_away(server: Running) -> None:
    with handshake(server, "Host: localhost", path="/asr?prompt=" + "x" * 30_000) as raw:
        assert raw.recv(12) in (b"HTTP/1.1 414", b"")
    assert server.talk().close_code == 1000


def test_text_that_is_not_utf8_closes_with_1007(server: Running) -> None:
    server.check_idle()
    with handshake(server, "Host: localhost") as raw:
        wait_until(lambda: len(server.sessions) == 1)
        raw.sendall(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
        heard = b""
        while chunk := raw.recv(4096):
            heard += chunk
    assert b"\x03\xefs" in heard or b"\x03\xef" in heard  # 1007


@pytest.mark.parametrize(
    "frame",
    [
        b"\x82\x01a",  # not masked
        b"\xf2\x80\x00\x00\x00\x00",  # reserved bits
        b"\x83\x80\x00\x00\x00\x00",  # reserved opcode
        b"\x80\x80\x00\x00\x00\x00",  # continuation of nothing
        b"\x89\xfe\x00\x80" + bytes(132),  # a ping that is too long
        b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",  # a frame of 2**64 bytes
    ],
)
def test_a_broken_frame_ends_that_connection_only(server: Running, frame: bytes) -> None:
    server.check_idle()
    with handshake(server, "Host: localhost") as raw:
        wait_until(lambda: len(server.sessions) == 1)
        raw.sendall(frame)
        assert ended(raw)
    wait_until(lambda: len(server.sessions) == 0)


def test_fragments_add_up_to_the_limit(server: Running) -> None:
    async def fragments() -> int | None:
        from websockets.asyncio.client import connect as open_socket
        from websockets.exceptions import ConnectionClosed

        async with open_socket(server.url(encoding="mulaw"), compression=None) as client:
            try:
                await client.send([bytes(1 << 19)] * 4)
                async for _ in client:
                    pass
            except ConnectionClosed:
                pass
        return client.close_code

    assert asyncio.run(fragments()) == 1009
