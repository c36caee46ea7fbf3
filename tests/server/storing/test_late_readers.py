"""Who reads along and finds a session again only when it is over learns how it ended."""

from __future__ import annotations

import asyncio
import json
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from sqlalchemy import update
from websockets.asyncio.client import connect

from livestt.client.state import CaptionState
from livestt.errors import UnknownSession
from livestt.server.live import ended
from livestt.settings import Settings
from livestt.store import Store
from livestt.store.schema import sessions

from ..conftest import Serve
from ..live.test_resume import QUERY, first, rest
from ..live.test_speakers import AUDIO, RAW
from ..running import Dialogue, Running, listen, wait_until
from .test_durable_resume import PCM, TEXT, server_with
from .test_editing import change
from .test_editing import server_with as server_with_speakers


async def said(server: Running) -> tuple[str, CaptionState]:
    """A whole session."""
    async with connect(server.url(**QUERY), compression=None) as socket:
        config, state = await first(socket)
        await socket.send(PCM)
        await socket.send(b"")
        return config["session"], await rest(socket, state)


async def read(server: Running, session: str, mode: str = "diff") -> Dialogue:
    url = server.url(session=session, role="viewer", mode=mode)
    async with connect(url, compression=None) as viewer:
        return await listen(viewer)


def refused(server: Running, session: str) -> tuple[int, str]:
    url = server.url(session=session, role="viewer").replace("ws", "http", 1)
    with pytest.raises(HTTPError) as error, urlopen(url):
        pass
    with error.value as answer:
        return answer.code, json.loads(answer.read())["code"]


@pytest.mark.parametrize("mode", ["full", "diff"])
def test_a_reader_who_comes_after_the_end_is_told_it(serve: Serve, place: str, mode: str) -> None:
    """At whichever server: sessions move, and take their last words with them."""
    mine, other = (server_with(serve, Store(place)) for _ in range(2))
    session, state = asyncio.run(said(mine))
    assert state.committed_text == TEXT
    for server in (mine, other):
        wait_until(lambda server=server: server.sessions.find(session) is None)
        told = asyncio.run(read(server, session, mode))
        assert told.state.finished
        assert told.close_code == 1000
        assert [(line.id, line.text) for line in told.state.lines] == [
            (line.id, line.text) for line in state.lines
        ]
        assert told.state.buffer == ""
        assert told.state.config["session"] == session
        assert told.state.committed_until == told.state.audio_received == state.audio_received


def test_for_as_long_as_its_publisher_may_come_back(serve: Serve, place: str) -> None:
    store = Store(place)
    server = server_with(serve, store, resume_seconds=30)
    session, _ = asyncio.run(said(server))
    wait_until(lambda: store.get(session).ended is not None)
    with store._connections.engine.begin() as connection:
        connection.execute(update(sessions).values(ended=sessions.c.ended - 29_000))
    assert asyncio.run(read(server, session)).state.finished
    with store._connections.engine.begin() as connection:
        connection.execute(update(sessions).values(ended=sessions.c.ended - 2_000))
    assert refused(server, session) == (404, "unknown_session")


def test_a_session_that_may_go_on_has_not_ended(serve: Serve, place: str) -> None:
    """Its server has left it to the next one: readers have to ask again, not to leave."""
    store = Store(place)
    gone = server_with(serve, store)

    async def begin() -> str:
        async with connect(gone.url(**QUERY), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(PCM)
            async for text in socket:
                if state.apply(json.loads(text)) and "w20" in state.committed_text:
                    break
            gone.server.should_exit = True
            await listen(socket)
        return str(config["session"])

    session = asyncio.run(begin())
    wait_until(lambda: not gone.alive)
    other = server_with(serve, Store(place))
    assert refused(other, session) == (404, "unknown_session")


def test_with_its_speakers_and_their_names(serve: Serve, place: str) -> None:
    server = server_with_speakers(serve, Store(place), resume_seconds=60)

    async def talk() -> tuple[str, CaptionState]:
        async with connect(server.url(**{**RAW, "mode": "diff"}), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(AUDIO)
            await socket.send(b"")
            await rest(socket, state)
        await change(server, config["session"], speakers={"2": "Ben"})
        return config["session"], state

    session, state = asyncio.run(talk())
    told = asyncio.run(read(server, session)).state
    assert [line.speaker for line in told.lines] == [line.speaker for line in state.lines]
    assert told.names == {2: "Ben"}
    assert told.config["diarization"] is True


@pytest.mark.anyio
async def test_the_store_is_not_asked_with_every_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """All readers of a session that moves try again and again, when the store has most to do."""
    asked: list[str] = []

    class Asked:
        def read_ended(self, session: str, *_: object) -> None:
            asked.append(session)

    async def attempts(endings: ended.Endings) -> None:
        for _ in range(3):
            for session in ("a", "b", "c"):
                with pytest.raises(UnknownSession):
                    await endings.find(session)

    store: Any = Asked()
    monkeypatch.setattr(ended, "AGAIN", 60.0)
    await attempts(ended.Endings(store, Settings()))
    assert asked == ["a", "b", "c"]
    monkeypatch.setattr(ended, "AGAIN", 0.0)
    await attempts(ended.Endings(store, Settings()))
    assert asked == ["a", "b", "c"] * 4
    monkeypatch.setattr(ended, "AGAIN", 60.0)
    monkeypatch.setattr(ended, "MOST", 1)
    await attempts(endings := ended.Endings(store, Settings()))
    assert len(endings._asked) <= 2


def test_a_store_that_hangs_keeps_nobody_waiting(
    serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are asked to come again, and balancers to ask another server."""
    store, gate = Store(place), Event()
    server = server_with(serve, store)
    monkeypatch.setattr(ended, "PATIENCE", 0.05)
    monkeypatch.setattr(store, "read_ended", lambda *_: gate.wait(60))
    try:
        for _ in range(6):
            assert refused(server, "somebody") == (503, "store_unavailable")
        session, state = asyncio.run(said(server))
        assert state.committed_text == TEXT
    finally:
        gate.set()
    assert store.get(session).words
