"""Sessions whose audio is kept, over real sockets: played back, and deleted with their words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from livestt.client.state import CaptionState
from livestt.engines.spelled import SpelledEngine, recording
from livestt.errors import Overloaded, UnsupportedOption
from livestt.server.app import create_app
from livestt.server.storing import recordings as module
from livestt.server.storing import tape as tapes
from livestt.server.storing import transcripts
from livestt.server.storing.recordings import MARK
from livestt.settings import Settings
from livestt.store import Store

from ..conftest import Serve
from ..running import Running, wait_until
from .wave_file import played

COUNT = 40
PCM = recording(COUNT)
QUERY = {"encoding": "s16le", "mode": "diff"}


@pytest.fixture
def start(serve: Serve, tmp_path: Path) -> Callable[..., Running]:
    def starting(**settings: Any) -> Running:
        store = Store(str(tmp_path / "transcripts.db"))
        settings = {"record_dir": str(tmp_path / "audio"), "resume_seconds": 60, **settings}
        return serve(SpelledEngine(), kept=store, **settings)

    return starting


def files(server: Running) -> list[str]:
    assert server.services.recordings is not None
    folder = server.services.recordings._folder
    return sorted(path.name for path in folder.iterdir() if path.name != MARK)


def rows(server: Running) -> list[dict[str, Any]]:
    return list(httpx2.get(f"{server.http}/transcripts").json()["transcripts"])


def test_a_session_is_recorded_and_says_so(start: Callable[..., Running]) -> None:
    server = start()
    told = server.talk(PCM, **QUERY)
    [config] = told.of("config")
    assert config["recording"] is True
    assert httpx2.get(f"{server.http}/health").json()["recording"] is True
    server.check_idle()
    [row] = rows(server)
    assert row["audio"] is True
    address = f"{server.http}/transcripts/{row['id']}/audio"
    whole = httpx2.get(address)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    sound = played(whole.content)
    assert np.abs(sound - np.frombuffer(PCM, "<i2")).max() <= 1
    part = httpx2.get(address, headers={"range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, whole.content[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole.content)}"
    beyond = httpx2.get(address, headers={"range": f"bytes={len(whole.content)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (
        416,
        f"bytes */{len(whole.content)}",
    )
    assert httpx2.delete(f"{server.http}/transcripts/{row['id']}").status_code == 204
    assert httpx2.get(address).status_code == 404
    assert files(server) == []


def test_a_recording_goes_with_its_transcript_however_many_people_come(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has begun to delete is not sent away half-way."""
    server = start()
    server.talk(PCM, **QUERY)
    server.check_idle()
    [row] = rows(server)
    store = server.services.store
    assert store is not None
    delete, in_turn = store.delete, transcripts.in_turn
    begun: list[str] = []

    def deleting(session: str) -> None:
        begun.append(session)
        delete(session)

    async def crowded(work: Callable[..., Any], *args: Any) -> Any:
        if begun:
            raise Overloaded("too many")
        return await in_turn(work, *args)

    monkeypatch.setattr(store, "delete", deleting)
    monkeypatch.setattr(transcripts, "in_turn", crowded)
    assert httpx2.delete(f"{server.http}/transcripts/{row['id']}").status_code == 204
    assert begun == [row["id"]]
    assert files(server) == []


def test_who_does_not_want_it_is_not_recorded(start: Callable[..., Running]) -> None:
    server = start()
    told = server.talk(PCM, record="false", **QUERY)
    assert told.of("config")[0]["recording"] is False
    server.check_idle()
    [row] = rows(server)
    assert (row["audio"], files(server)) == (False, [])
    answer = httpx2.get(f"{server.http}/transcripts/{row['id']}/audio")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_session")


def test_who_does_not_want_it_is_not_recorded_after_a_restart_either(
    start: Callable[..., Running],
) -> None:
    wishes = {**QUERY, "record": "false"}

    async def begin(server: Running) -> str:
        state = CaptionState()
        async with connect(server.url(**wishes), compression=None) as socket:
            await socket.send(PCM[: len(PCM) // 2])
            async for text in socket:
                state.apply(json.loads(text))
                if "w10" in state.committed_text:
                    break
            server.server.should_exit = True
            with suppress(ConnectionClosed):
                async for _ in socket:
                    pass
        return str(state.config["session"])

    async def go_on(server: Running, session: str) -> bool:
        url = server.url(**wishes, session=session)
        async with connect(url, compression=None) as socket:
            config = json.loads(await socket.recv())
            assert config["session"] == session
            await socket.send(PCM[config["resume_from_sample"] * 2 :])
            await socket.send(b"")
            async for _ in socket:
                pass
        return bool(config["recording"])

    session = asyncio.run(begin(start()))
    server = start()
    assert asyncio.run(go_on(server, session)) is False
    server.check_idle()
    assert files(server) == []


def test_a_session_in_which_nothing_is_said_leaves_nothing(start: Callable[..., Running]) -> None:
    server = start()
    server.talk(bytes(32_000), **QUERY)
    server.check_idle()
    assert files(server) == []


def test_a_full_disk_stops_the_recording_and_nothing_else(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST_FREE", 1 << 60)
    told = start().talk(PCM, **QUERY)
    assert told.text.split()[-1] == f"w{COUNT}"


def test_a_running_session_can_be_heard_and_is_told_when_the_disk_is_full(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tapes, "EVERY", 0.01)
    server = start()

    async def talk() -> CaptionState:
        state = CaptionState()
        async with connect(server.url(**QUERY), compression=None, max_size=None) as socket:
            await socket.send(PCM)
            heard = warned = False
            async for text in socket:
                message = json.loads(text)
                state.apply(message)
                if message.get("code") == "recording_stopped":
                    warned = True
                    await socket.send(b"")
                elif not heard and "w20" in state.committed_text:
                    await asyncio.to_thread(wait_until, lambda: rows(server)[0]["audio"])
                    address = f"{server.http}/transcripts/{rows(server)[0]['id']}/audio"
                    sound = played((await asyncio.to_thread(httpx2.get, address)).content)
                    assert len(sound)
                    monkeypatch.setattr(module, "LEAST_FREE", 1 << 60)
                    heard = True
                    await socket.send(PCM)
            assert warned
        return state

    state = asyncio.run(talk())
    assert state.committed_text.split().count(f"w{COUNT}") == 2
    assert any("recorded no further" in warning for warning in state.warnings)


def test_a_session_that_goes_on_elsewhere_is_recorded_on(start: Callable[..., Running]) -> None:
    """The first server is left alone with the session, as if it had been killed."""
    dead = start(resume_seconds=3)

    async def begin() -> str:
        state = CaptionState()
        async with connect(dead.url(**QUERY), compression=None) as socket:
            await socket.send(PCM[: len(PCM) // 2])
            async for text in socket:
                state.apply(json.loads(text))
                if "w10" in state.committed_text:
                    break
            socket.transport.abort()
        return str(state.config["session"])

    async def go_on(server: Running, session: str) -> None:
        url = server.url(**QUERY, session=session)
        async with connect(url, compression=None) as socket:
            config = json.loads(await socket.recv())
            await socket.send(PCM[config["resume_from_sample"] * 2 :])
            await socket.send(b"")
            async for _ in socket:
                pass

    session = asyncio.run(begin())
    wait_until(lambda: len(dead.sessions) == 0 or files(dead))
    alive = start()
    asyncio.run(go_on(alive, session))
    alive.check_idle()
    sound = played(httpx2.get(f"{alive.http}/transcripts/{session}/audio").content)
    expected = np.frombuffer(PCM, "<i2")
    assert len(sound) == len(expected)
    assert np.abs(sound - expected).max() <= 1
    wait_until(lambda: len(dead.sessions) == 0)


def test_recordings_need_a_store(tmp_path: Path) -> None:
    settings = Settings(port=0, record_dir=str(tmp_path))
    with pytest.raises(UnsupportedOption, match="needs a store"):
        create_app(SpelledEngine(), settings)
