"""The server stops: sessions say their last words, and clients learn what happened."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_blocking

from livestt import engine_driving
from livestt.engines.scripted import script_of
from livestt.server.timing import Timing

from ..conftest import Serve
from ..engines import Gated, Watched
from ..running import PATIENCE, Dialogue, Running, listen, wait_until

TEXT = " ".join(f"word{i}" for i in range(20))
AUDIO = bytes(32_000 * 9)


def heard_something(server: Running) -> bool:
    """What was sent as one message came as a whole."""
    return any(session.transcript.duration for session in list(server.sessions))


def test_last_words_come_before_the_close(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)))

    async def until_stopped() -> Dialogue:
        async with connect(server.url(encoding="s16le"), max_size=None) as client:
            await client.send(AUDIO)
            async with asyncio.TaskGroup() as group:
                hearing = group.create_task(listen(client))
                await asyncio.to_thread(
                    wait_until, lambda: server.listing() and server.seconds() > 0
                )
                server.server.should_exit = True
            return hearing.result()

    told = asyncio.run(until_stopped())
    [warning] = told.of("warning")
    assert warning["code"] == "server_restart"
    assert told.text == TEXT
    assert told.close_code == 1012
    assert not told.of("ready_to_stop"), "the client may have more to say, elsewhere"


def test_newcomers_are_told_to_come_back(serve: Serve) -> None:
    engine = Gated()
    server = serve(engine, Timing(drain=PATIENCE))
    with connect_blocking(server.url(encoding="s16le"), max_size=None) as client:
        client.send(AUDIO)
        assert engine.entered.wait(PATIENCE)
        server.server.should_exit = True
        wait_until(lambda: server.sessions.draining)
        with pytest.raises(InvalidStatus) as refused, connect_blocking(server.url()):
            pass
        engine.gate.set()
        messages = said(client)
    assert refused.value.response.status_code == 503
    assert json.loads(refused.value.response.body)["code"] == "server_restart"
    assert refused.value.response.headers["retry-after"] == "5"
    assert [m["code"] for m in messages if m.get("type") == "warning"] == ["server_restart"]


def test_a_session_that_takes_too_long_is_ended(serve: Serve) -> None:
    engine = Gated()
    server = serve(engine, Timing(drain=0.3))
    with connect_blocking(server.url(encoding="s16le"), max_size=None) as client:
        client.send(AUDIO)
        assert engine.entered.wait(PATIENCE)
        server.server.should_exit = True
        threading.Timer(1.0, engine.gate.set).start()
        said(client)
        assert client.close_code in (1012, 1006)
    wait_until(lambda: engine.streams[0].releases == 1)


def test_an_engine_that_hangs_does_not_keep_the_server(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_driving, "ANSWER_TIMEOUT", 0.2)
    engine = Gated()
    server = serve(engine, Timing(drain=0.2, engine=0.2))
    server.expects_errors = True
    with connect_blocking(server.url(encoding="s16le"), max_size=None) as client:
        client.send(AUDIO)
        assert engine.entered.wait(PATIENCE)
        server.server.should_exit = True
        said(client)
    wait_until(lambda: not server.alive)
    assert "scripted hangs" in "".join(server.errors.records)
    assert engine.streams[0].releases == 0
    engine.gate.set()
    engine.streams.clear()  # the fixture expects them to be released


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_real_program_within_seconds(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "livestt", "serve", "--backend", "scripted", "--port", "0"]
    with subprocess.Popen(
        [*command, "--no-vad"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as program:
        try:
            port, log = read_port(program)
            with connect_blocking(f"ws://127.0.0.1:{port}/asr?encoding=s16le") as client:
                client.send(AUDIO)
                first = json.loads(client.recv())
                program.send_signal(number)
                rest = said(client)
                assert client.close_code == 1012
            program.wait(20)
            log += program.stderr.read() if program.stderr else ""
        finally:
            program.kill()
    assert first["type"] == "config"
    assert "server_restart" in [m.get("code") for m in rest]
    assert "Traceback" not in log
    assert "ERROR" not in log
    assert program.returncode in ((-15, 0) if number == signal.SIGTERM else (0, 130))


def said(client: ClientConnection) -> list[dict[str, Any]]:
    """Everything until the connection ends, however it does."""
    messages = []
    with suppress(ConnectionClosed):
        while True:
            messages.append(json.loads(client.recv(PATIENCE)))
    return messages


def read_port(program: subprocess.Popen[str]) -> tuple[int, str]:
    """The port the program says it listens on, and what it said so far."""
    assert program.stderr is not None
    log = ""
    for line in program.stderr:
        log += line
        if found := re.search(r"running on http://[^:]+:(\d+)", line):
            return int(found[1]), log
    raise AssertionError(log)
