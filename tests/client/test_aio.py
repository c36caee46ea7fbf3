"""The asyncio client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from server.running import Running
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from livestt.client import Captions, CaptionState, connect
from livestt.client.address import Refused

from .conftest import AUDIO, TEXT, loses_count, vanishes


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
