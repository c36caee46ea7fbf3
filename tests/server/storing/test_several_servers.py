"""Two servers with one store: a session moves from one to the other."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_blocking

from livestt.client.state import CaptionState
from livestt.engines.spelled import PACE, SpelledEngine
from livestt.server.live import ownership
from livestt.server.sockets.connection import SESSION
from livestt.server.storing import keeping
from livestt.server.timing import Timing
from livestt.store import Store, writer

from ..conftest import Serve
from ..live.test_resume import QUERY, first, rest
from ..running import Running, wait_until
from .test_durable_resume import HALF, PCM, TEXT, server_with

LATER = PACE * 50
"""Samples, of which the stored words are not yet old when `writer.TOUCH` has passed."""


@pytest.fixture
def two(serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Running, Running]:
    monkeypatch.setattr(writer, "TOUCH", 0.05)
    return server_with(serve, Store(place)), server_with(serve, Store(place))


async def begin(socket: ClientConnection) -> tuple[str, CaptionState]:
    """Say half of it, and wait until some of that is committed."""
    config, state = await first(socket)
    await socket.send(PCM[:HALF])
    async for text in socket:
        state.apply(json.loads(text))
        if "w20" in state.committed_text:
            break
    return config["session"], state


async def finish(server: Running, session: str) -> CaptionState:
    async with connect(server.url(**QUERY, session=session), compression=None) as socket:
        config, state = await first(socket)
        assert config["session"] == session
        await socket.send(PCM[config["resume_from_sample"] * 2 :])
        await socket.send(b"")
        return await rest(socket, state)


async def closed(socket: ClientConnection) -> int | None:
    """The code with which the server closes it."""
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass
    return socket.close_code


def test_the_handshake_names_the_session_for_balancers(two: tuple[Running, Running]) -> None:
    async def talk() -> None:
        async with connect(two[0].url(**QUERY), compression=None) as socket:
            config, _ = await first(socket)
            assert socket.response is not None
            assert socket.response.headers[SESSION.decode()] == config["session"]
            await socket.send(b"")

    asyncio.run(talk())


def test_a_session_that_moved_ends_where_it_was(two: tuple[Running, Running]) -> None:
    """Though its publisher is silent there, and seems connected: a network may be half dead."""
    old, new = two

    async def talk() -> CaptionState:
        async with (
            connect(old.url(**QUERY), compression=None) as publisher,
            asyncio.timeout(60),
        ):
            session, _ = await begin(publisher)
            watching = old.url(session=session, role="viewer")
            async with connect(watching, compression=None) as viewer:
                state = await finish(new, session)
                assert await closed(viewer) == 1012, "it may come back, to the other server"
                assert await closed(publisher) == 1012
            return state

    assert asyncio.run(talk()).committed_text == TEXT
    wait_until(lambda: len(old.sessions) == 0)


def test_who_comes_back_to_a_server_that_lost_the_session_unawares(
    serve: Serve, place: str
) -> None:
    """One that was cut off, or stood still, takes the session for its own until it writes."""
    old, new = (server_with(serve, Store(place)) for _ in range(2))

    async def talk() -> tuple[int, int, CaptionState]:
        async with asyncio.timeout(60):
            async with connect(old.url(**QUERY), compression=None) as socket:
                session, _ = await begin(socket)
                socket.transport.abort()
            async with connect(new.url(**QUERY, session=session), compression=None) as socket:
                config, state = await first(socket)
                await socket.send(PCM[config["resume_from_sample"] * 2 : 2 * LATER])
                async for text in socket:
                    state.apply(json.loads(text))
                    if "w40" in state.committed_text:
                        break
                socket.transport.abort()
            async with connect(old.url(**QUERY, session=session), compression=None) as socket:
                config, state = await first(socket)
                assert config["session"] == session
                assert "w40" in state.committed_text, "what was shown is shown"
                at = config["resume_from_sample"]
                await socket.send(PCM[at * 2 :])
                await socket.send(b"")
                return at, await rest(socket, state)

    at, state = asyncio.run(talk())
    assert at > HALF // 2, "audio is asked for from where the newest stored words end"
    assert state.committed_text == TEXT
    assert state.finished


def test_a_word_that_was_shown_as_committed_stays_though_the_store_is_slow(
    serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server does not get to write, and then another one takes the session over."""
    monkeypatch.setattr(keeping, "PATIENCE", 0.05)
    monkeypatch.setattr(keeping, "LONGEST", 60.0)
    slow, gate = Store(place), Event()
    old, new = server_with(serve, slow), server_with(serve, Store(place))

    async def talk() -> CaptionState:
        async with connect(old.url(**QUERY), compression=None) as socket, asyncio.timeout(60):
            config, state = await first(socket)
            wait_until(lambda: not slow._writer.owes(config["session"]))  # it is known
            monkeypatch.setattr(slow._writer, "_check", lambda: gate.wait(60))
            await socket.send(PCM[:HALF])
            while "w20" not in state.text:
                state.apply(json.loads(await socket.recv()))
            assert state.committed_text == ""
            socket.transport.abort()
        try:
            return await finish(new, config["session"])
        finally:
            gate.set()

    assert asyncio.run(talk()).committed_text == TEXT
    wait_until(lambda: len(old.sessions) == 0)


class Hesitant(Store):
    """A store that takes its time for the first question whether a session was taken over."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.asked, self.answered = Event(), Event()

    def is_taken(self, session: str, epoch: int) -> bool:
        if not self.asked.is_set():
            self.asked.set()
            self.answered.wait(60)
        return super().is_taken(session, epoch)


def test_who_came_last_feeds_the_session_though_it_was_let_in_first(
    serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that has given a handshake up makes another one; a balancer may keep the first."""
    monkeypatch.setattr(ownership, "PATIENCE", 60.0)
    store = Hesitant(place)
    server = server_with(serve, store)

    async def talk() -> tuple[int | None, CaptionState]:
        async with connect(server.url(**QUERY), compression=None) as socket:
            session, _ = await begin(socket)
            socket.transport.abort()
        url = server.url(**QUERY, session=session)
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(60):
            given_up = tasks.create_task(_outcome(url))
            await asyncio.to_thread(store.asked.wait, 60)
            async with connect(url, compression=None) as socket:
                config, state = await first(socket)
                store.answered.set()
                code = await given_up
                await socket.send(PCM[config["resume_from_sample"] * 2 :])
                await socket.send(b"")
                return code, await rest(socket, state)

    code, state = asyncio.run(talk())
    assert code == 4409
    assert state.committed_text == TEXT


def test_who_comes_back_while_the_server_begins_to_stop_is_sent_to_another(
    serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is being handed over: here it would seem to have ended."""
    monkeypatch.setattr(ownership, "PATIENCE", 60.0)
    store = Hesitant(place)
    server = server_with(serve, store)

    async def talk() -> int:
        async with (
            connect(server.url(**QUERY), compression=None) as socket,
            asyncio.TaskGroup() as tasks,
        ):
            session, _ = await begin(socket)
            again = tasks.create_task(_refused(server.url(**QUERY, session=session)))
            await asyncio.to_thread(store.asked.wait, 60)
            server.server.should_exit = True
            await asyncio.to_thread(wait_until, lambda: server.sessions.draining)
            store.answered.set()
            assert await closed(socket) == 1012
            return await again

    assert asyncio.run(talk()) == 503


def test_a_server_that_stops_does_not_wait_for_a_disk_that_fails(
    serve: Serve, tmp_path: Path
) -> None:
    """What waits for the disk will not be said here any more: the next server hears it again."""
    store = Store(str(tmp_path / "transcripts.db"), retry=0.02)
    server = serve(SpelledEngine(), Timing(drain=600.0), kept=store, resume_seconds=60)
    server.expects_errors = True

    async def talk() -> int | None:
        async with asyncio.timeout(60), connect(server.url(**QUERY), compression=None) as socket:
            await begin(socket)
            (tmp_path / "transcripts.db").rename(tmp_path / "moved.db")
            server.server.should_exit = True
            await asyncio.to_thread(wait_until, lambda: server.sessions.draining)
            return await closed(socket)

    assert asyncio.run(talk()) == 1012
    wait_until(lambda: not server.alive)


async def _refused(url: str) -> int:
    with pytest.raises(InvalidStatus) as refusal:
        await connect(url, compression=None)
    return refusal.value.response.status_code


def test_a_session_that_has_come_back_is_not_lost_again(two: tuple[Running, Running]) -> None:
    """By news of how it was lost the first time, which come late."""
    server, _ = two

    async def talk() -> CaptionState:
        async with connect(server.url(**QUERY), compression=None) as socket:
            session, state = await begin(socket)
            running = server.sessions.find(session)
            assert running is not None
            running.epoch = 3  # it was elsewhere, and is here again
            server.sessions._disown({session: 1})
            assert running.failure is None
            running.epoch = 1
            await socket.send(PCM[HALF:])
            await socket.send(b"")
            return await rest(socket, state)

    assert asyncio.run(talk()).committed_text == TEXT


def test_a_session_that_was_taken_over_has_a_place(
    serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last server is told that it has lost it, and what that one left is deleted."""
    store = Store(place)
    old, new = server_with(serve, Store(place)), server_with(serve, store, max_sessions=1)
    reopen = store.reopen

    async def talk() -> CaptionState:
        async with connect(old.url(**QUERY), compression=None) as publisher:
            session, _ = await begin(publisher)
            publisher.transport.abort()
        return await finish(new, session)

    with ExitStack() as newcomers:

        def reopen_slowly(*asked: Any) -> Any:
            resumed = reopen(*asked)
            newcomer = newcomers.enter_context(connect_blocking(new.url()))
            newcomer.recv()
            return resumed

        monkeypatch.setattr(store, "reopen", reopen_slowly)
        assert asyncio.run(talk()).committed_text == TEXT


async def _outcome(url: str) -> int | None:
    async with connect(url, compression=None) as socket:
        return await closed(socket)
