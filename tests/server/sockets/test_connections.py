"""Connections that cost the server something and ask for nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from livestt.server.access.self_signed import certificate
from livestt.server.sockets import http, transport
from livestt.server.sockets.connection import SocketConnection
from livestt.server.sockets.transport import MAX_MESSAGE, CaptionSocket, abort_of
from livestt.server.timing import Timing

from ..conftest import Serve
from ..native.test_handshake import ask, ended, handshake
from ..running import Running, listen, wait_until
from .test_clients_that_misbehave import RAW, frame

MULAW = {"encoding": "mulaw"}


def piece(payload: bytes, opcode: int, *, last: bool) -> bytes:
    """A masked frame of a message in pieces; the mask is zero."""
    assert len(payload) < 126
    return bytes([(0x80 if last else 0) | opcode, 0x80 | len(payload)]) + bytes(4) + payload


def connections(server: Running) -> list[Any]:
    return list(server.server.server_state.connections)


def test_who_pings_and_reads_nothing_gets_no_backlog_of_pongs(serve: Serve) -> None:
    server = serve()
    raw = handshake(server, "Host: localhost", path="/asr?encoding=s16le")
    with raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wait_until(lambda: len(server.sessions) == 1)
        [connection] = [c for c in connections(server) if isinstance(c, CaptionSocket)]
        pings = frame(bytes(125), opcode=9) * 1000
        for _ in range(100):  # 13 MB
            raw.sendall(pings)
        raw.sendall(frame(json.dumps({"type": "close"}).encode(), opcode=1))
        wait_until(lambda: not len(server.sessions))
        assert connection.transport.get_write_buffer_size() < 1 << 20


def test_who_leaves_just_before_being_let_in_is_no_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, accept, left = serve(), SocketConnection.accept, threading.Event()

    async def leave_first(connection: SocketConnection, *args: Any, **kwargs: Any) -> None:
        abort = abort_of(connection.socket.scope)
        assert abort is not None
        abort()
        left.set()
        await accept(connection, *args, **kwargs)

    monkeypatch.setattr(SocketConnection, "accept", leave_first)
    with handshake(server, "Host: localhost", path="/asr?encoding=s16le"):
        assert left.wait(20)
        server.check_idle()


def test_a_message_in_a_great_many_pieces_is_one_buffer(serve: Serve) -> None:
    server = serve()
    text = json.dumps({"type": "flush", "id": "f"}).encode()

    with handshake(server, "Host: localhost", path="/asr?encoding=s16le") as raw:
        wait_until(lambda: len(server.sessions) == 1)
        [connection] = [c for c in connections(server) if isinstance(c, CaptionSocket)]
        raw.sendall(piece(text[:1], 1, last=False))
        raw.sendall(piece(b"", 0, last=False) * 100_000)
        for byte in text[1:]:
            raw.sendall(piece(bytes([byte]), 0, last=False))
        raw.sendall(frame(b"ping", opcode=9))  # may come between pieces
        told = b""
        while b"ping" not in told:
            told += raw.recv(4096)
        assert len(connection.frames) <= 1
        raw.sendall(piece(b"", 0, last=True))
        while b'"flushed"' not in told:
            told += raw.recv(4096)


def test_a_message_is_refused_as_soon_as_it_is_too_long(serve: Serve) -> None:
    """Not when its last piece has come, which may be never."""
    server = serve()
    with handshake(server, "Host: localhost", path="/asr?encoding=mulaw") as raw:
        wait_until(lambda: len(server.sessions) == 1)
        half = MAX_MESSAGE // 2 + 1
        for opcode in (2, 0):
            raw.sendall(bytes([opcode, 0xFF]) + struct.pack(">Q", half) + bytes(4) + bytes(half))
        told = b""
        while (more := raw.recv(4096)) != b"":
            told += more
        assert (1009).to_bytes(2, "big") in told


def admitted(server: Running, path: str) -> socket.socket:
    """A raw WebSocket that is open."""
    raw = handshake(server, "Host: localhost", path=path)
    told = b""
    while b"\r\n\r\n" not in told:
        told += raw.recv(1)
    return raw


def head(size: int) -> bytes:
    """How a masked frame of so many bytes begins."""
    return b"\x82\xff" + struct.pack(">Q", size) + bytes(4)


def test_a_frame_that_is_too_long_need_not_be_whole_to_be_refused(serve: Serve) -> None:
    """Its beginning would wait in memory for an end that never comes."""
    server = serve()
    with admitted(server, "/asr?encoding=mulaw") as raw:
        [connection] = [c for c in connections(server) if isinstance(c, CaptionSocket)]
        raw.sendall(head(20 << 20) + bytes(MAX_MESSAGE + 100))
        told = b""
        while (more := raw.recv(4096)) != b"":
            told += more
        assert (1009).to_bytes(2, "big") in told
        assert len(connection.conn.reader.buffer) <= MAX_MESSAGE


def test_large_messages_that_never_end_take_no_more_room_than_there_is(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MOST_HELD", 4 << 20)
    server = serve()
    half = head(20 << 20) + bytes(3 << 20)
    with ExitStack() as stack:
        path = "/v1/realtime"
        first = stack.enter_context(admitted(server, path))
        first.sendall(half)
        wait_until(lambda: CaptionSocket.held >= 3 << 20)
        second = stack.enter_context(admitted(server, path))
        with suppress(OSError):  # it is refused before its last byte
            second.sendall(half)
        told = b""
        while (more := second.recv(4096)) != b"":
            told += more
        assert (1013).to_bytes(2, "big") in told
        third = stack.enter_context(admitted(server, path))
        third.sendall(frame(b"nonsense"))  # small ones go on
        told = b""
        while b'"error"' not in told:
            told += third.recv(4096)
    wait_until(lambda: CaptionSocket.held == 0)


@pytest.mark.parametrize(
    "text", ["x" * (3 << 20), "語" * (MAX_MESSAGE // 3)], ids=["one byte", "three bytes"]
)
def test_a_message_makes_room_once_it_has_been_worked_off(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What it is counted as when it comes, in bytes, it is when it goes."""
    monkeypatch.setattr(transport, "MOST_HELD", 4 << 20)
    server = serve()

    async def talk() -> None:
        url = f"ws://127.0.0.1:{server.port}/v1/realtime"
        async with connect(url, compression=None, max_size=None) as client:
            await client.recv()
            for _ in range(4):
                await client.send(text)
                assert json.loads(await client.recv())["type"] == "error"
            await client.send("{}")
            assert json.loads(await client.recv())["type"] == "error"
            assert CaptionSocket.held == 0

    asyncio.run(talk())


def test_who_goes_on_after_a_message_that_is_too_long_still_learns_why(serve: Serve) -> None:
    server = serve()

    async def heedless() -> int | None:
        async with connect(server.url(**MULAW), compression=None) as client:
            client.transport.write(frame(bytes(MAX_MESSAGE + 1)) * 3)
            return (await listen(client)).close_code

    assert asyncio.run(heedless()) == 1009


def test_control_messages_in_one_gulp_let_others_have_their_turn(serve: Serve) -> None:
    """The server takes one, looks after everybody else, then takes the next."""
    server = serve()
    others: list[int] = []
    taken: list[int] = []

    def take(event: object) -> None:
        taken.append(len(others))
        asyncio.get_running_loop().call_soon(others.append, 1)

    with handshake(server, "Host: localhost", path="/asr?encoding=s16le") as raw:
        wait_until(lambda: len(server.sessions) == 1)
        [session] = server.sessions
        session.say = take  # type: ignore[method-assign]
        raw.sendall(frame(b'{"type":"rename","speaker":1,"name":"A"}', opcode=1) * 200)
        wait_until(lambda: len(taken) == 200)
        raw.sendall(frame(b""))
    assert taken == list(range(200))


def test_who_vanishes_over_tls_while_the_server_is_not_reading_is_no_error(
    serve: Serve, tmp_path: Path
) -> None:
    pytest.importorskip("cryptography")
    made = certificate(tmp_path, "localhost")
    server = serve(ssl_certfile=str(made.certificate), ssl_keyfile=str(made.key))
    trusting = ssl.create_default_context(cafile=str(made.certificate))
    address = "127.0.0.1", server.port
    with trusting.wrap_socket(
        socket.create_connection(address, timeout=20), server_hostname="localhost"
    ) as raw:
        ask(raw, "Host: localhost", path="/asr?encoding=s16le")
        wait_until(lambda: len(server.sessions) == 1)
        gone = threading.Event()  # the server finds the client's words and its end together
        server.server.servers[0].get_loop().call_soon_threadsafe(gone.wait, 20)
        raw.sendall(frame(bytes(6400)) * 80)  # more than is read at once
        raw.shutdown(socket.SHUT_WR)
        gone.set()
        wait_until(lambda: not len(server.sessions))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REQUEST_WITHIN", 0.2)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea",
        b"POST /tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        b"not the JSON it should be",
    ],
    ids=["nothing", "half a request", "one request", "one and a half", "a body without end"],
)
@pytest.mark.usefixtures("impatient")
def test_who_asks_for_nothing_is_not_kept(serve: Serve, said: bytes) -> None:
    server = serve(timing=Timing(upload=0.2))
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
        raw.sendall(said)
        assert ended(raw)
    wait_until(lambda: not connections(server))


@pytest.mark.usefixtures("impatient")
def test_who_has_asked_may_wait_longer_than_that_for_the_answer(serve: Serve) -> None:
    server = serve()
    with handshake(server, "Host: localhost", path=f"/asr?encoding={RAW['encoding']}") as raw:
        wait_until(lambda: len(server.sessions) == 1)
        wait_until(lambda: server.sessions.latest is not None)
        heartbeat = frame(json.dumps({"type": "flush", "id": "still here"}).encode(), opcode=1)
        time.sleep(0.5)
        raw.sendall(heartbeat)
        told = b""
        while b"still here" not in told:
            told += raw.recv(4096)


def test_a_head_without_end_is_turned_away(serve: Serve) -> None:
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
        raw.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        told = b""
        try:
            for _ in range(1000):
                raw.sendall(bytes(1000).replace(b"\0", b"a"))
            while more := raw.recv(4096):
                told += more
        except OSError:
            pass
        wait_until(lambda: not connections(server))
    assert not told or told.startswith(b"HTTP/1.1 4")
