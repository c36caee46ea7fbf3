"""Speakers named and merged over HTTP: while somebody speaks, in every dialect, and afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect

from livestt.client.state import CaptionState
from livestt.engines.scripted import script_of
from livestt.errors import Overloaded
from livestt.server.sockets.connection import SESSION
from livestt.server.storing import transcripts
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn
from livestt.store import Store, Stored, writer
from livestt.timebase import from_ms

from ..conftest import Serve
from ..engines import Watched
from ..live.test_resume import first, rest
from ..live.test_speakers import AUDIO, RAW, TEXT
from ..running import PATIENCE, Running, wait_until
from .test_transcripts import asking

TURNS = [ScriptedTurn(0, 0, from_ms(2000)), ScriptedTurn(1, from_ms(2000), from_ms(7200))]
HALF = 2 * from_ms(5200)
"""Bytes up to the middle of what the second speaker says."""


@pytest.fixture
def store(place: str) -> Store:
    return Store(place)


def server_with(serve: Serve, store: Store | None, **more: Any) -> Running:
    diarizer = ScriptedDiarizer(turns=TURNS)
    return serve(Watched(script_of(TEXT)), kept=store, diarizer=diarizer, diarization=True, **more)


async def change(server: Running, session: str, **body: Any) -> dict[str, Any]:
    """What the server answers to this change, which it is to accept."""
    path = f"/transcripts/{session}"
    status, about = await asyncio.to_thread(asking(server), path, "PATCH", body)
    assert status == 200, about
    return dict(about)


async def half(socket: ClientConnection) -> tuple[str, CaptionState]:
    """Say half of it, and wait until both speakers are known."""
    config, state = await first(socket)
    await socket.send(AUDIO[:HALF])
    await socket.send(json.dumps({"type": "flush"}))
    async with asyncio.timeout(PATIENCE):
        async for text in socket:
            state.apply(json.loads(text))
            if state.speaker == 2:
                break
    return config["session"], state


def test_an_ended_transcript(serve: Serve, store: Store) -> None:
    server = server_with(serve, store)
    server.talk(AUDIO, **RAW)
    ask, path = asking(server), f"/transcripts/{store.newest(1)[0].id}"

    def speakers() -> list[int]:
        return [line["speaker"] for line in ask(path)[1]["lines"]]

    assert speakers() == [1, 2]
    _, about = ask(path, "PATCH", {"speakers": {"2": "Ada"}, "merged": {"2": 1}})
    assert (about["merged"], about["speakers"]) == ({"2": 1}, {"1": "Ada"})
    assert speakers() == [1, 1]
    assert ask(f"{path}?format=txt")[1].count("Ada:") == 1, "one person says it all"
    _, about = ask(path, "PATCH", {"merged": {"2": None}})
    assert about["merged"] == {}
    assert speakers() == [1, 2]
    for bad in ({"2": 2}, {"2": 0}, {"2": 65}, {"2": "1"}, {"2": True}, {"0": 1}, {"x": 1}, [1]):
        assert ask(path, "PATCH", {"merged": bad}) == (400, "bad_request")


def test_whoever_is_told_that_nothing_was_changed_is_told_the_truth(
    serve: Serve, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may come, and the database go, right after the change."""
    server = server_with(serve, store)
    server.talk(AUDIO, **RAW)
    ask, path = asking(server), f"/transcripts/{store.newest(1)[0].id}"
    in_turn, edit = transcripts.in_turn, store.edit
    full = False

    def change(*args: Any) -> Stored:
        nonlocal full
        full = True
        return edit(*args)

    async def crowded(work: Callable[..., Any], *args: Any) -> Any:
        if full:
            raise Overloaded("too many")
        return await in_turn(work, *args)

    monkeypatch.setattr(store, "edit", change)
    monkeypatch.setattr(transcripts, "in_turn", crowded)
    status, about = ask(path, "PATCH", {"title": "Monday"})
    assert (status, about["title"], about["running"]) == (200, "Monday", False)
    assert store.newest(1)[0].title == "Monday"
    assert ask(path, "PATCH", {"title": "Tuesday"}) == (503, "overloaded")
    assert store.newest(1)[0].title == "Monday"


def test_a_session_that_runs(serve: Serve, store: Store) -> None:
    """Its publisher, whoever reads along, and the store learn it."""
    server = server_with(serve, store)

    async def talk() -> tuple[CaptionState, CaptionState]:
        async with connect(server.url(**RAW), compression=None) as socket:
            session, state = await half(socket)
            watching = server.url(session=session, role="viewer", mode="diff")
            async with connect(watching, compression=None) as viewer:
                _, seen = await first(viewer)
                about = await change(server, session, merged={"2": 1}, speakers={"1": "Ada"})
                assert (about["running"], about["merged"]) == (True, {"2": 1})
                await socket.send(AUDIO[HALF:])
                await socket.send(b"")
                return await rest(socket, state), await rest(viewer, seen)

    state, seen = asyncio.run(talk())
    for told in (state, seen):
        assert {line.speaker for line in told.lines} == {1}
        assert (told.merged, told.names) == ({2: 1}, {1: "Ada"})
    row = store.newest(1)[0]
    assert (row.merged, row.speakers) == ({2: 1}, {1: "Ada"})
    assert {segment.speaker for segment in store.read(row.id).segments} == {1}


def test_a_session_that_runs_on_another_server(
    serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A balancer brings the change to any of them."""
    monkeypatch.setattr(writer, "TOUCH", 0.05)
    stores = Store(place), Store(place)
    here, there = (server_with(serve, store, resume_seconds=60) for store in stores)
    known = {"names": {1: "Ada"}, "merged": {2: 1}}

    async def learns(socket: ClientConnection, state: CaptionState, wanted: dict[str, Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            while {"names": state.names, "merged": state.merged} != wanted:
                state.apply(json.loads(await socket.recv()))

    async def talk() -> tuple[CaptionState, CaptionState]:
        async with connect(here.url(**RAW), compression=None) as socket:
            session, state = await half(socket)
            watching = here.url(session=session, role="viewer", mode="diff")
            async with connect(watching, compression=None) as viewer:
                _, seen = await first(viewer)
                about = await change(there, session, merged={"2": 1}, speakers={"1": "Ada"})
                assert about["running"]
                await learns(socket, state, known)
                await learns(viewer, seen, known)
                await change(there, session, merged={"2": None}, speakers={"1": ""})
                await learns(viewer, seen, {"names": {}, "merged": {}})
                await change(there, session, merged={"2": 1}, speakers={"1": "Ada"})
                await learns(viewer, seen, known)
                await socket.send(AUDIO[HALF:])
                await socket.send(b"")
                return await rest(socket, state), await rest(viewer, seen)

    for state in asyncio.run(talk()):
        assert {line.speaker for line in state.lines} == {1}
        assert {"names": state.names, "merged": state.merged} == known
    row = stores[1].newest(1)[0]
    assert (row.merged, row.speakers) == ({2: 1}, {1: "Ada"})


@pytest.mark.parametrize("kept", [True, False])
def test_a_deepgram_client_sees_it_in_its_words(serve: Serve, store: Store, kept: bool) -> None:
    """Its protocol has no message for it; the handshake says how the session is called."""
    server = server_with(serve, store if kept else None)
    if not kept:
        store.close()
    query = {"encoding": "linear16", "sample_rate": "16000", "diarize": "true"}
    query["interim_results"] = "true"

    async def talk() -> list[list[dict[str, Any]]]:
        """The words of each message, until and since the change."""
        told: list[list[dict[str, Any]]] = [[], []]
        url = f"{server.http.replace('http', 'ws', 1)}/v1/listen?{urlencode(query)}"
        async with connect(url, compression=None) as socket, asyncio.timeout(PATIENCE):
            assert socket.response is not None
            session, changed = socket.response.headers[SESSION.decode()], False
            await socket.send(AUDIO[:HALF])
            async for text in socket:
                message = json.loads(text)
                if message["type"] != "Results":
                    continue
                if message["is_final"] or not changed:
                    told[changed] += message["channel"]["alternatives"][0]["words"]
                if not changed and 1 in {word.get("speaker") for word in told[0]}:
                    changed = True
                    about = await change(server, session, merged={"2": 1}, speakers={"1": "Ada"})
                    assert (about["merged"], about["speakers"]) == ({"2": 1}, {"1": "Ada"})
                    await socket.send(AUDIO[HALF:])
                    await socket.send(json.dumps({"type": "CloseStream"}))
        return told

    before, after = asyncio.run(talk())
    assert not any("speaker_name" in word for word in before)
    assert {(word["speaker"], word["speaker_name"]) for word in after} == {(0, "Ada")}


def test_without_a_store_there_is_no_title(serve: Serve) -> None:
    server = server_with(serve, None)

    async def talk() -> None:
        async with connect(server.url(**RAW), compression=None) as socket:
            config, _ = await first(socket)
            path = f"/transcripts/{config['session']}"
            answer = await asyncio.to_thread(asking(server), path, "PATCH", {"title": "Monday"})
            assert answer == (400, "bad_request")
            await socket.send(b"")

    asyncio.run(talk())


def test_it_is_kept_across_a_restart(serve: Serve, store: Store, place: str) -> None:
    dead = server_with(serve, store, resume_seconds=3)

    async def begin() -> str:
        async with connect(dead.url(**RAW), compression=None) as socket:
            session, _ = await half(socket)
            await change(dead, session, merged={"2": 1})
            socket.transport.abort()
        return session

    async def go_on(server: Running, session: str) -> CaptionState:
        async with connect(server.url(**RAW, session=session), compression=None) as socket:
            config, state = await first(socket)
            await change(server, session, speakers={"1": "Ada"})
            await socket.send(AUDIO[config["resume_from_sample"] * 2 :])
            await socket.send(b"")
            return await rest(socket, state)

    session = asyncio.run(begin())
    again = Store(place)
    alive = server_with(serve, again, resume_seconds=60)
    state = asyncio.run(go_on(alive, session))
    assert (state.merged, state.names) == ({2: 1}, {1: "Ada"})
    assert state.lines[0].speaker == state.lines[1].speaker == 1
    wait_until(lambda: again.get(session).ended is not None)
    assert asking(alive)(f"/transcripts/{session}", "PATCH", {"merged": {"2": None}})[0] == 200
    assert [segment.speaker for segment in again.read(session).segments][:2] == [1, 2]
