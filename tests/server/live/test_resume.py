"""A session survives its connection: nothing is lost and nothing comes twice."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from livestt.audio.format import AudioFormat
from livestt.client.state import CaptionState
from livestt.engines import StreamOptions
from livestt.engines.scheduler import Scheduler
from livestt.engines.scripted import script_of
from livestt.errors import LivesttError
from livestt.events import Event
from livestt.pipeline import Pipeline
from livestt.server.live.session import LiveSession
from livestt.server.live.sessions import Sessions
from livestt.server.timing import Timing
from livestt.settings import Settings

from ..conftest import Serve
from ..engines import Watched
from ..running import PATIENCE, wait_until

TEXT = " ".join(f"word{i}" for i in range(60))
PCM = np.zeros(16_000 * 26, "<i2").tobytes()
QUERY = {"encoding": "s16le", "mode": "diff"}


async def first(socket: ClientConnection) -> tuple[dict[str, Any], CaptionState]:
    """The config and the state of the first snapshot."""
    state = CaptionState()
    config: dict[str, Any] = {}
    async for text in socket:
        message = json.loads(text)
        state.apply(message)
        if message["type"] == "config":
            config = message
        if message["type"] == "snapshot":
            config["in_snapshot"] = message.get("resume_from_sample")
            break
    return config, state


async def rest(socket: ClientConnection, state: CaptionState) -> CaptionState:
    async for text in socket:
        state.apply(json.loads(text))
    return state


@pytest.mark.parametrize("seed", range(4))
def test_random_losses_cost_no_word(serve: Serve, seed: int) -> None:
    """Frames of odd sizes, cut connections in the middle of samples, a client that sends on."""
    server = serve(Watched(script_of(TEXT)), resume_seconds=20)
    chance = random.Random(seed)

    async def talk() -> CaptionState:
        session, sent, losses = "", 0, 0
        while True:
            query = {**QUERY, "session": session} if session else QUERY
            async with connect(server.url(**query), compression=None) as socket:
                config, state = await first(socket)
                if session:
                    assert config["session"] == session
                    assert config["in_snapshot"] == config["resume_from_sample"]
                    sent = config["resume_from_sample"] * 2
                session = config["session"]
                while sent < len(PCM):
                    size = chance.randrange(1, 40_000)
                    await socket.send(PCM[sent : sent + size])
                    sent += size
                    if losses < 6 and chance.random() < 0.2:
                        losses += 1
                        socket.transport.abort()
                        break
                else:
                    await socket.send(b"")
                    return await rest(socket, state)

    state = asyncio.run(asyncio.wait_for(talk(), PATIENCE))
    assert state.finished
    assert state.committed_text == TEXT
    assert state.audio_received == 26.0


def test_a_session_that_nobody_comes_back_to_ends(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)), resume_seconds=0.3)

    async def vanish() -> str:
        async with connect(server.url(**QUERY), compression=None) as socket:
            config, _ = await first(socket)
            await socket.send(PCM[:64_000])
            socket.transport.abort()
        return str(config["session"])

    session = asyncio.run(vanish())
    wait_until(lambda: len(server.sessions) == 0)

    async def too_late() -> dict[str, Any]:
        async with connect(server.url(**QUERY, session=session), compression=None) as socket:
            return (await first(socket))[0]

    config = asyncio.run(too_late())
    assert config["session"] != session
    assert "resume_from_sample" not in config


def test_who_comes_back_replaces_a_connection_that_only_seems_alive(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)), resume_seconds=20)

    async def twice() -> tuple[int | None, CaptionState]:
        async with connect(server.url(**QUERY), compression=None) as old:
            config, _ = await first(old)
            await old.send(PCM[:100_001])
            await asyncio.to_thread(wait_until, lambda: server.seconds() > 3)
            url = server.url(**QUERY, session=config["session"])
            async with connect(url, compression=None) as new:
                config, state = await first(new)
                assert config["resume_from_sample"] == 50_000
                await old.wait_closed()
                await new.send(PCM[100_000:])
                await new.send(b"")
                return old.close_code, await rest(new, state)

    code, state = asyncio.run(asyncio.wait_for(twice(), PATIENCE))
    assert code == 4409
    assert state.committed_text == TEXT


def test_containers_cannot_be_resumed(serve: Serve) -> None:
    server = serve(Watched(), resume_seconds=20)

    async def vanish() -> None:
        async with connect(server.url(mode="diff"), compression=None) as socket:
            await first(socket)
            socket.transport.abort()

    asyncio.run(vanish())
    wait_until(lambda: len(server.sessions) == 0)


def test_viewers_see_what_the_publisher_sees(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)))

    async def watch(session: str) -> CaptionState:
        url = server.url(mode="diff", role="viewer", session=session)
        async with connect(url, compression=None) as socket:
            config, state = await first(socket)
            assert config["role"] == "viewer"
            await socket.send(b"\0\0" * 800)
            await socket.send('{"type": "flush"}')
            return await rest(socket, state)

    async def show() -> tuple[CaptionState, list[CaptionState]]:
        async with connect(server.url(**QUERY), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(PCM[:320_000])
            async with asyncio.TaskGroup() as tasks:
                views = [tasks.create_task(watch(name)) for name in (config["session"], "latest")]
                await asyncio.to_thread(wait_until, lambda: server.listing()[0]["viewers"] == 2)
                await socket.send(PCM[320_000:])
                await socket.send(b"")
                state = await rest(socket, state)
        return state, [view.result() for view in views]

    state, views = asyncio.run(asyncio.wait_for(show(), PATIENCE))
    for view in views:
        assert view.finished
        assert view.committed_text == state.committed_text == TEXT
        assert [line.id for line in view.lines] == [line.id for line in state.lines]


def test_a_viewer_that_leaves_disturbs_nobody(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)))

    async def show() -> CaptionState:
        async with connect(server.url(**QUERY), compression=None) as socket:
            config, state = await first(socket)
            view = server.url(role="viewer", session=config["session"])
            async with connect(view, compression=None) as viewer:
                await viewer.recv()
                viewer.transport.abort()
            await socket.send(PCM)
            await socket.send(b"")
            return await rest(socket, state)

    assert asyncio.run(asyncio.wait_for(show(), PATIENCE)).committed_text == TEXT


class Connection:
    """A publisher that only counts."""

    def receive_events(self, events: Sequence[Event]) -> None: ...

    def failed(self, error: LivesttError) -> None: ...

    def superseded(self) -> None: ...


@asynccontextmanager
async def a_session(grace: float) -> AsyncIterator[LiveSession]:
    engine = Watched(script_of(TEXT))
    scheduler = Scheduler(engine)
    pipeline = Pipeline(Settings(vad=False), engine.capabilities)
    try:
        async with Sessions(pipeline, scheduler, Timing()) as sessions:
            session = sessions.open(AudioFormat("s16le"), StreamOptions(), grace=grace)
            await anyio.wait_all_tasks_blocked()
            yield session
    finally:
        scheduler.close()


def test_the_late_goodbye_of_a_replaced_connection_ends_nothing() -> None:
    """It was replaced, the one that replaced it was lost, and only then it could be closed."""

    async def run() -> None:
        async with a_session(grace=1) as session:
            old, new, newest = Connection(), Connection(), Connection()
            session.publish_to(old)
            session.publish_to(new)
            session.lose(new)
            await anyio.wait_all_tasks_blocked()
            session.lose(old)
            session.publish_to(newest)
            await anyio.sleep(1.5)
            assert not session.closed
            session.lose(newest)
            with anyio.fail_after(PATIENCE):
                await session.ended.wait()

    anyio.run(run)


def test_losses_in_the_middle_of_a_sample_leave_no_stray_byte() -> None:
    async def run() -> None:
        async with a_session(grace=60) as session:
            session.publish_to(Connection())
            session.push(PCM[:1001])
            assert session.publish_to(Connection()) == 500
            assert session.publish_to(Connection()) == 500, "lost before it sent anything"
            session.push(PCM[1000:])
            session.end()
            with anyio.fail_after(PATIENCE):
                await session.ended.wait()
            assert session.transcript.duration == len(PCM) // 2

    anyio.run(run)


def test_who_comes_back_at_the_last_moment_is_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grace time is over in the same round of the event loop."""

    async def run() -> None:
        async with a_session(grace=1000.0) as session:
            lost, back = Connection(), asyncio.Event()
            session.publish_to(lost)
            session.lose(lost)
            await anyio.wait_all_tasks_blocked()

            def come_back() -> None:
                session.publish_to(Connection())
                back.set()

            loop = asyncio.get_running_loop()
            loop.call_later(1001.0, come_back)
            clock = loop.time
            monkeypatch.setattr(loop, "time", lambda: clock() + 2000.0)
            await back.wait()
            await anyio.wait_all_tasks_blocked()
            assert not session.closed

    asyncio.run(run())
