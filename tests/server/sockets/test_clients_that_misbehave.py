"""Clients that vanish, freeze or talk nonsense: everybody else is unaffected, nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import threading

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from livestt.engines.scripted import script_of
from livestt.server.timing import Timing

from ..conftest import Serve
from ..engines import Gated, Watched
from ..native.test_handshake import handshake
from ..running import Running, converse, wait_until

RAW = {"encoding": "s16le"}
TEXT = " ".join(f"word{i}" for i in range(20))
AUDIO = bytes(32_000 * 9)


def frame(payload: bytes, opcode: int = 2) -> bytes:
    """A masked frame; the mask is zero."""
    size = len(payload)
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    else:
        head += b"\xff" + size.to_bytes(8, "big")
    return head + bytes(4) + payload


async def vanish(server: Running, rng: random.Random) -> None:
    """Do a little of everything, then be gone."""
    await asyncio.sleep(rng.random() * 0.2)
    query = rng.choice([{**RAW, "mode": "diff"}, RAW, {}])
    # Undeclared zeros are no audio, so the server may close first.
    with contextlib.suppress(ConnectionClosed):
        async with connect(server.url(**query), compression=None) as client:
            for _ in range(rng.randrange(6)):
                await client.send(bytes(rng.randrange(1, 60_000)))
                if rng.random() < 0.3:
                    await client.send('{"type": "flush"}')
                await asyncio.sleep(rng.random() * 0.03)
            if rng.random() < 0.3:
                await client.send(b"")
            if rng.random() < 0.7:
                client.transport.abort()


def test_clients_that_vanish_leave_nothing_behind(serve: Serve) -> None:
    engine = Watched(script_of(TEXT))
    server = serve(engine, max_sessions=100)
    rng = random.Random(7)

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(vanish(server, rng))

    asyncio.run(many())
    server.check_idle()
    assert len(engine.streams) <= 60
    assert server.talk(AUDIO, **RAW).text == TEXT


def test_a_client_that_vanishes_during_a_job_is_released_after_it(serve: Serve) -> None:
    engine = Gated()
    server = serve(engine)

    async def leave() -> None:
        async with connect(server.url(**RAW)) as client:
            await client.send(AUDIO)
            await asyncio.to_thread(engine.entered.wait, 30)
            client.transport.abort()

    asyncio.run(leave())
    wait_until(lambda: not server.server.server_state.connections)
    assert engine.streams[0].releases == 0
    engine.gate.set()
    server.check_idle()


def test_connections_cut_in_the_handshake(serve: Serve) -> None:
    server = serve()
    for _ in range(20):
        handshake(server, "Host: localhost").close()
        raw = socket.create_connection(("127.0.0.1", server.port))
        raw.sendall(b"GET /asr HTTP/1.1\r\nUpgrade: webso")
        raw.close()
    server.check_idle()
    assert server.talk().close_code == 1000


def flood(raw: socket.socket, stop: threading.Event) -> None:
    """Ask for snapshots without ever reading one."""
    request = frame(json.dumps({"type": "resync"}).encode(), opcode=1)
    raw.settimeout(0.2)
    while not stop.is_set():
        try:
            raw.sendall(frame(bytes(3200)) + request)
        except TimeoutError:
            continue
        except OSError:
            return


def test_a_reader_that_stalls_is_let_go_and_disturbs_nobody(serve: Serve) -> None:
    text = " ".join(f"supercalifragilisticexpialidocious{i}." for i in range(2000))
    engine = Watched(script_of(text))
    server = serve(engine, Timing(send=1.0, state_interval=0.001))
    raw = handshake(server, "Host: localhost", path="/asr?encoding=s16le&mode=diff&words=true")
    stop = threading.Event()
    flooder = threading.Thread(target=flood, args=(raw, stop))
    flooder.start()
    try:
        wait_until(lambda: engine.streams)
        told = server.talk(AUDIO, **RAW)
        assert told.text.startswith("supercali")
        assert told.close_code == 1000
        wait_until(lambda: len(server.sessions) == 0)
        wait_until(lambda: not server.server.server_state.connections)
    finally:
        stop.set()
        flooder.join()
        raw.close()


@pytest.mark.parametrize(
    "path",
    [
        "/asr?encoding=mulaw&words=true",
        "/v1/listen?encoding=mulaw&sample_rate=16000&interim_results=true",
        "/v2/listen?encoding=mulaw&sample_rate=16000",
    ],
)
def test_a_reader_that_stalls_at_the_end_is_let_go_too(serve: Serve, path: str) -> None:
    text = " ".join(f"supercalifragilisticexpialidocious{i}." for i in range(3000))
    engine = Watched(script_of(text))
    server = serve(engine, Timing(send=0.5))
    raw = handshake(server, "Host: localhost", path=path)
    with raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.sendall(frame(bytes(1 << 20)) * 6 + frame(b""))
        wait_until(lambda: len(engine.streams) == 1)
        wait_until(lambda: len(server.sessions) == 0)
        wait_until(lambda: not server.server.server_state.connections)


def test_a_slow_reader_gets_the_newest_state_not_a_backlog(serve: Serve) -> None:
    """It sleeps while 200 s of captions pass by; what it then reads is soon the end of them."""
    text = " ".join(f"supercalifragilisticexpialidocious{i}" for i in range(500))
    server = serve(Watched(script_of(text)), Timing(state_interval=0.001))

    async def frames_then_sleep() -> list[float]:
        url = server.url(**RAW, words="true")
        async with connect(url, compression=None, max_size=None, max_queue=1) as client:
            for _ in range(200):
                await client.send(bytes(32_000))
            await asyncio.to_thread(wait_until, lambda: server.seconds() >= 199)
            received = []
            await client.send(b"")
            async for message in client:
                state = json.loads(message)
                if "audio_received" in state:
                    received.append(state["audio_received"])
            return received

    received = asyncio.run(frames_then_sleep())
    assert received[-1] == 200
    assert sum(r < 200 for r in received) < 60  # it is 200 s at up to 20 states each


def test_nonsense_in_any_order_never_harms_the_server(serve: Serve) -> None:
    engine = Watched(script_of(TEXT))
    server = serve(engine, max_sessions=100)
    rng = random.Random(11)

    def nonsense() -> bytes | str:
        kind = rng.randrange(9)
        if kind < 3:
            return rng.randbytes(rng.choice([1, 2, 3, 100, 5000, 70_000]))
        if kind == 3:
            return "".join(chr(rng.randrange(32, 0xD7FF)) for _ in range(rng.randrange(1, 50)))
        names = ["configure", "flush", "pause", "unpause", "keepalive", "ack", "resync", "sing"]
        values = [None, True, 3, -1.5, "en", "auto", "de", "", [], ["a"], {}, "x" * 300]
        message = {"type": rng.choice([*names, *values])}
        for key in ("language", "prompt", "hotwords", "id", "seq", "target_language"):
            if rng.random() < 0.3:
                message[key] = rng.choice(values)
        return json.dumps(message)

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for i in range(60):
                query = rng.choice(
                    [{}, RAW, {"encoding": "f32le", "channels": 3}, {"encoding": "alaw"}]
                )
                frames = [nonsense() for _ in range(rng.randrange(30))]
                url = server.url(mode=rng.choice(["full", "diff"]), **query)
                group.create_task(check(url, [*frames, b""], i))

    async def check(url: str, frames: list[bytes | str], i: int) -> None:
        told = await converse(url, frames)
        kinds = {"config", "state", "snapshot", "diff", "flushed", "error", "ready_to_stop"}
        slow = {"heartbeat", "warning"}  # on a machine that is busy
        assert set(told.kinds) <= kinds | slow, i
        assert told.kinds[0] == "config"
        assert told.kinds[-1] == "ready_to_stop"
        assert {e["code"] for e in told.of("error")} <= {"bad_request", "bad_audio"}
        bad_audio = any(e["code"] == "bad_audio" for e in told.of("error"))
        assert told.close_code == (1007 if bad_audio else 1000)
        assert told.state.finished

    asyncio.run(many())
    server.check_idle()
    assert server.talk(AUDIO, **RAW).text == TEXT
