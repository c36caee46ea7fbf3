"""The audio of sessions: kept where that is asked for, played back, forgotten."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
import wave
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from livestt.client.state import CaptionState
from livestt.engines.spelled import SpelledEngine, recording
from livestt.errors import BadStore, Overloaded, StoreUnavailable, UnknownSession, UnsupportedOption
from livestt.server.app import create_app
from livestt.server.storing import recordings as module
from livestt.server.storing import tape as tapes
from livestt.server.storing import transcripts
from livestt.server.storing.audio import byte_range
from livestt.server.storing.recordings import HEADER, MARK, NoRoom, Recordings
from livestt.settings import Settings
from livestt.store import Store, StoreStats
from livestt.store.folders import Folders
from livestt.store.schema import SCHEMA

from ..conftest import Serve
from ..running import Running, wait_until

COUNT = 40
PCM = recording(COUNT)
QUERY = {"encoding": "s16le", "mode": "diff"}


class Shelf:
    """A store, as far as recordings see it."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.failing = False
        self.trouble: str | None = None
        engine = create_engine("sqlite://", poolclass=StaticPool)
        SCHEMA.create_all(engine)
        self.folders = Folders(engine.begin)
        self.stats = StoreStats()

    def get(self, session: str) -> None:
        if self.failing:
            raise StoreUnavailable("gone")
        if session not in self.ids:
            raise UnknownSession("none")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def kept(tmp_path: Path, shelf: Shelf) -> Recordings:
    return Recordings(tmp_path / "audio", 1_000_000, shelf)  # type: ignore[arg-type]


def tone(samples: int, value: float = 0.25) -> np.ndarray[Any, Any]:
    return np.full(samples, value, np.float32)


def played(data: bytes) -> np.ndarray[Any, Any]:
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16_000, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_it_can_be_played_after_each_write(kept: Recordings) -> None:
    kept.write("a", 0, [tone(100), tone(50, -2.0)])
    path = kept.find("a")
    assert path is not None
    assert path.stat().st_mode & 0o077 == 0
    assert played(path.read_bytes()).tolist() == [8192] * 100 + [-32767] * 50
    kept.write("a", 100, [tone(100, 0.0)])
    assert played(path.read_bytes()).tolist() == [8192] * 100 + [0] * 100
    kept.write("a", 0, [tone(10, 0.0)])
    assert len(played(path.read_bytes())) == 200, "what comes after stays"
    kept.write("a", 300, [tone(1)])
    assert played(path.read_bytes())[200:].tolist() == [0] * 100 + [8192]
    assert kept.used == path.stat().st_size == HEADER + 2 * 301
    kept.delete("a")
    kept.delete("a")
    assert kept.used == 0


def test_names_are_ids_and_nothing_else(kept: Recordings) -> None:
    kept.write("a", 0, [tone(1)])
    for name in ("../audio/a", "a/../a", "", "a" * 65, "nobody"):
        assert kept.find(name) is None


def test_limits(kept: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write("a", 0, [tone(490_000)])
    with pytest.raises(NoRoom, match="--record-max-mb"):
        kept.write("b", 0, [tone(10_000)])
    kept.write("a", 0, [tone(490_000)])
    with pytest.raises(NoRoom, match="37 hours"):
        kept.write("a", 2**31, [tone(1)])
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage(1_000))
    with pytest.raises(NoRoom, match="almost full"):
        kept.write("c", 0, [tone(1)])


def test_a_folder_that_cannot_be_used(tmp_path: Path, shelf: Shelf) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadStore, match="cannot be kept"):
        Recordings(tmp_path / "file", 1, shelf)  # type: ignore[arg-type]


def test_it_goes_with_its_transcript(kept: Recordings, shelf: Shelf) -> None:
    for name in "abc":
        kept.write(name, 0, [tone(1)])
    shelf.ids = {"a"}
    for name in "ab":
        path = kept.find(name)
        assert path is not None
        os.utime(path, (0, 0))
    shelf.failing = True
    kept.sweep()
    assert kept.find("b")
    shelf.failing = False
    kept.sweep()
    assert kept.find("a"), "its transcript is there"
    assert not kept.find("b")
    assert kept.find("c"), "its transcript may be yet to come"


def age(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (0, 0))


def test_files_of_others_are_left_alone(tmp_path: Path, shelf: Shelf) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    names = {"my-song.wav", "abc.wav", "a song.livestt.wav"}
    for name in names:
        (folder / name).write_bytes(bytes(500))
    kept = Recordings(folder, 1_000_000, shelf)  # type: ignore[arg-type]
    assert kept.used == 0
    age(folder)
    kept.sweep()
    assert {path.name for path in folder.iterdir()} == {*names, MARK}


def test_recordings_of_another_store_stay(
    kept: Recordings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.sweep()
    kept.write("a", 0, [tone(1)])
    other = Recordings(tmp_path / "audio", 1_000_000, Shelf())  # type: ignore[arg-type]
    age(tmp_path / "audio")
    other.sweep()
    other.sweep()
    assert other.find("a")
    assert caplog.text.count("belong to another store") == 1
    (tmp_path / "audio" / MARK).unlink()
    other.sweep()
    assert not other.find("a"), "whoever deletes the mark wants that"


def test_recordings_stay_when_an_older_store_is_restored(tmp_path: Path) -> None:
    place, copy = tmp_path / "new.db", tmp_path / "old.db"
    with closing(Store(str(place))) as store:
        kept = Recordings(tmp_path / "audio", 1_000_000, store)
        kept.sweep()
        with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        kept.write("a", 0, [tone(1)])
        kept.sweep()
    age(tmp_path / "audio")
    with closing(Store(str(copy))) as store:
        again = Recordings(tmp_path / "audio", 1_000_000, store)
        again.sweep()
        again.sweep()
        assert again.find("a")


def test_a_mark_that_is_broken_keeps_everything(
    kept: Recordings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.write("a", 0, [tone(1)])
    (tmp_path / "audio" / MARK).write_text("what?")
    age(tmp_path / "audio")
    kept.sweep()
    assert kept.find("a")
    assert "are not cleaned up" in caplog.text


def test_nothing_goes_while_the_store_is_behind(kept: Recordings, shelf: Shelf) -> None:
    kept.write("a", 0, [tone(1)])
    path = kept.find("a")
    assert path is not None
    os.utime(path, (0, 0))
    shelf.trouble = "the disk is full"
    kept.sweep()
    shelf.trouble, shelf.stats.backlog = None, 5
    kept.sweep()
    shelf.stats.backlog = 0
    kept.sweep()
    assert kept.find("a"), "what waited may just be on its way"
    kept.sweep()
    assert not kept.find("a")


def test_what_finds_no_room_leaves_no_file(tmp_path: Path, shelf: Shelf) -> None:
    kept = Recordings(tmp_path / "audio", 100, shelf)  # type: ignore[arg-type]
    with pytest.raises(NoRoom):
        kept.write("a", 0, [tone(100)])
    assert (kept.find("a"), kept.used) == (None, 0)


@pytest.mark.parametrize("before", [0, 10])
def test_a_write_that_fails_takes_no_room(
    kept: Recordings, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    if before:
        kept.write("a", 0, [tone(before)])
    used = kept.used

    def fail(size: int) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "header", fail)
    with pytest.raises(OSError, match="No space"):
        kept.write("a", before, [tone(50)])
    path = kept.find("a")
    assert kept.used == used == (path.stat().st_size if path else 0)


def test_room_is_counted_over_a_restart(kept: Recordings, tmp_path: Path, shelf: Shelf) -> None:
    kept.write("a", 0, [tone(500)])
    again = Recordings(tmp_path / "audio", 1_000_000, shelf)  # type: ignore[arg-type]
    assert again.used == kept.used


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=100-", (100, 100)),
        ("bytes=-0", (100, 100)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("seconds=0-1", None),
    ],
)
def test_ranges(asked: str, span: tuple[int, int] | None) -> None:
    assert byte_range(asked, 100) == span


@given(st.text(), st.integers(1, 10**6))
def test_any_range_lies_inside(asked: str, size: int) -> None:
    for header in (asked, f"bytes={asked}"):
        span = byte_range(header, size)
        assert span is None or 0 <= span[0] <= span[1] <= size or span[0] == span[1]


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


def test_a_disk_that_is_too_slow_ends_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[Any] = []
    monkeypatch.setattr(tapes, "MOST_WAITING", 100)
    tape = tapes.Tape(SimpleNamespace(), "a", 0, warned.append)  # type: ignore[arg-type]
    tape.receive(tone(100))
    assert tape.running
    tape.receive(tone(1))
    tape.receive(tone(1))
    assert not tape.running
    assert [warning.code for warning in warned] == ["recording_stopped"]
