"""The asyncio client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat

import pytest
from server.running import Running
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from livestt.client import Captions, CaptionState, connect
from livestt.client import captions as module
from livestt.client.address import Refused
from livestt.client.sent import KEPT

from .conftest import AUDIO, REST, TEXT, loses_count, vanishes

CONFIG = {"type": "config", "session": "mine"}
STATE = {
    "type": "snapshot",
    "seq": 1,
    "lines": [],
    **REST,
    "audio_received": 60.0,
    "remaining_time_transcription_policy": 0.0,
}
MINUTE = 60 * 32_000


async def talk(captions: Captions) -> list[str]:
    """Send everything, listen to everything; the committed text after each change."""
    seen = []

    async def send() -> None:
        for piece in AUDIO:
            await captions.send(piece)
        await captions.end()

    async with asyncio.TaskGroup() as group:
        group.create_task(send())
        seen = [state.committed_text async for state in captions]
    return seen


@pytest.mark.parametrize("mode", ["diff", "full"])
def test_a_whole_session(server: Running, mode: str) -> None:
    async def run() -> tuple[CaptionState, list[str]]:
        async with connect(server.http, language="fr", mode=mode) as captions:  # type: ignore[arg-type]
            seen = await talk(captions)
            return captions.state, seen

    state, seen = asyncio.run(run())
    assert seen[-1] == TEXT
    assert state.finished
    assert state.config["language"] == "fr"
    assert [word.word for line in state.lines for word in line.words] == TEXT.split()


def test_flush_and_configure(server: Running) -> None:
    async def run() -> CaptionState:
        async with connect(server.http) as captions:
            await captions.send(b"")
            await captions.send(b"".join(AUDIO))
            await captions.flush("mine")
            await captions.configure(language="de")
            await captions.configure(language="tlh")
            await captions.end()
            async for _ in captions:
                pass
            return captions.state

    state = asyncio.run(run())
    assert state.flushed == ["mine"]
    assert state.error is not None
    assert "tlh" in state.error["message"]


def test_a_client_that_lost_count_asks_for_a_snapshot(peer: Callable[..., str]) -> None:
    async def run() -> CaptionState:
        async with connect(peer(loses_count)) as captions:
            async for _ in captions:
                pass
            return captions.state

    state = asyncio.run(run())
    assert [line.id for line in state.lines] == [0, 1, 2]
    assert state.finished


def test_a_server_that_vanishes_ends_the_iteration_unfinished(peer: Callable[..., str]) -> None:
    async def run() -> CaptionState:
        async with connect(peer(vanishes)) as captions:
            seen = await talk(captions)
            assert seen == ["line 0"]
            await captions.send(b"more")
            await captions.flush()
            return captions.state

    assert not asyncio.run(run()).finished


def test_refusals(server: Running) -> None:
    async def run() -> tuple[Refused, Refused]:
        with pytest.raises(Refused) as bad:
            async with connect(server.http, language="tlh"):
                pass
        async with connect(server.http):
            with pytest.raises(Refused) as full:
                async with connect(server.http):
                    pass
        return bad.value, full.value

    bad, full = asyncio.run(run())
    assert (bad.status, bad.retry_after) == (400, None)
    assert "tlh" in str(bad)
    assert (full.status, full.retry_after) == (429, 5.0)


def test_nobody_there() -> None:
    async def run() -> None:
        async with connect("ws://127.0.0.1:9"):
            pass

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(run())


def test_a_balancer_that_has_no_server_just_now_is_asked_again() -> None:
    """Some say 503 then, others 502 or 504."""
    statuses = iter([502, 504, 503])
    config = {"type": "config", "session": "mine"}

    async def behave(socket: ServerConnection) -> None:
        again = "session=mine" in (socket.request.path if socket.request else "")
        await socket.send(json.dumps(config | ({"resume_from_sample": 0} if again else {})))
        if again:
            await socket.send(json.dumps({"type": "ready_to_stop"}))
        else:
            socket.transport.abort()

    def admit(socket: ServerConnection, request: Request) -> Response | None:
        status = next(statuses, None) if "session=" in request.path else None
        return None if status is None else socket.respond(status, "later")

    async def run() -> tuple[bool, int]:
        async with (
            serve(behave, "127.0.0.1", 0, process_request=admit) as balancer,
            connect(f"ws://127.0.0.1:{balancer.sockets[0].getsockname()[1]}") as captions,
        ):
            async for _ in captions:
                pass
            return captions.state.finished, captions.losses

    assert asyncio.run(run()) == (True, 1)
    assert next(statuses, None) is None


@asynccontextmanager
async def forgetful(asked: Iterator[int], heard: list[bytes]) -> AsyncIterator[str]:
    """A server that has stored everything it was sent, goes, and then asks for these samples."""

    async def behave(socket: ServerConnection) -> None:
        if socket.request is None or "session=mine" not in socket.request.path:
            await socket.send(json.dumps(CONFIG))
            while sum(map(len, heard)) < MINUTE:
                heard.append(bytes(await socket.recv()))  # type: ignore[arg-type]
            await socket.send(json.dumps(STATE))
            await socket.recv()
            heard.clear()
            socket.transport.abort()
            return
        await socket.send(json.dumps(CONFIG | {"resume_from_sample": next(asked)}))
        with suppress(ConnectionClosed):
            async for piece in socket:
                heard.append(bytes(piece))  # type: ignore[arg-type]
                if not piece:
                    await socket.send(json.dumps({"type": "ready_to_stop"}))

    async with serve(behave, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def speak_a_minute(url: str) -> Captions:
    async with connect(url) as captions, asyncio.TaskGroup() as tasks:
        told = asyncio.Event()

        async def send() -> None:
            for _ in range(60):
                await captions.send(b"\1" * 32_000)
            await told.wait()
            await captions.send(b"\1" * 32_000)
            await captions.end()

        tasks.create_task(send())
        async for _ in captions:
            told.set()
    return captions


def test_a_server_that_asks_for_audio_that_is_gone_is_left_for_another() -> None:
    heard: list[bytes] = []

    async def run() -> Captions:
        asked = iter([0, 0, 45 * 16_000])
        async with forgetful(asked, heard) as url:
            return await speak_a_minute(url)

    captions = asyncio.run(run())
    assert captions.state.finished
    assert (captions.losses, captions.missing) == (1, 0.0)
    assert b"".join(heard) == b"\1" * 32_000 * 16


def test_audio_that_no_server_has_and_nobody_keeps_is_silence_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ELSEWHERE", 0.3)
    heard: list[bytes] = []

    async def run() -> Captions:
        async with forgetful(repeat(16_000), heard) as url:
            return await speak_a_minute(url)

    captions = asyncio.run(run())
    assert captions.state.finished
    assert captions.missing == 60 - 1 - KEPT
    assert any("29.0 s of audio were lost" in warning for warning in captions.state.warnings)
    assert b"".join(heard) == bytes(29 * 32_000) + b"\1" * 31 * 32_000


@pytest.mark.parametrize("hanging", [True, False])
def test_a_handshake_that_was_given_up_may_still_be_answered(
    monkeypatch: pytest.MonkeyPatch, *, hanging: bool
) -> None:
    """A server that hung comes round to it, and takes it for who feeds the session now. Whoever
    gave up no handshake was replaced by somebody else."""
    if hanging:
        monkeypatch.setattr(module, "SILENCE", 1.0)
    connections = iter(["lost", "hangs", "superseded"] if hanging else ["lost", "superseded"])
    ends: list[str] = []
    finishing = asyncio.Event()

    async def admit(socket: ServerConnection, request: Request) -> None:
        ends.append(next(connections, "finishes"))
        if ends[-1] == "hangs":
            await finishing.wait()

    async def behave(socket: ServerConnection) -> None:
        await socket.send(json.dumps(CONFIG | {"resume_from_sample": 0}))
        match ends[-1]:
            case "lost":
                socket.transport.abort()
            case "superseded":
                await socket.close(4409)
            case _:
                finishing.set()
                await socket.send(json.dumps({"type": "ready_to_stop"}))

    async def run() -> bool:
        async with (
            serve(behave, "127.0.0.1", 0, process_request=admit) as server,
            connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as captions,
        ):
            async for _ in captions:
                pass
            return captions.state.finished

    assert asyncio.run(run()) is hanging
