"""A session survives its server: the words are stored before they are seen, and another process
goes on where they end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import delete
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from livestt.audio.format import AudioFormat
from livestt.client.state import CaptionState
from livestt.engines.scripted import script_of
from livestt.engines.spelled import PACE, SpelledEngine, recording
from livestt.errors import UnknownSession
from livestt.server.storing.sweeping import sweeping
from livestt.settings import Settings
from livestt.store import Entry, Outcome, Store
from livestt.store.schema import sessions

from ..conftest import Serve
from ..engines import Watched
from ..live.test_resume import QUERY, first, rest
from ..running import Running, listen, wait_until

COUNT = 60
PCM = recording(COUNT)
TEXT = " ".join(f"w{i}" for i in range(1, COUNT + 1))
HALF = PACE * 2 * 30
Open = Callable[..., Store]


@pytest.fixture
def open_store(place: str) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_one(**more: float) -> Store:
            store = Store(place, **more)  # type: ignore[arg-type]
            stack.callback(store.close)
            return store

        yield open_one


def server_with(serve: Serve, store: Store, **settings: float) -> Running:
    return serve(SpelledEngine(), kept=store, **{"resume_seconds": 60, **settings})


def words_of(store: Store, session: str) -> str:
    return store.read(session).text


def test_what_was_said_is_in_the_store(open_store: Open, serve: Serve) -> None:
    store = open_store()
    server = server_with(serve, store)
    told = server.talk(PCM, **QUERY)
    assert told.text == TEXT
    [row] = store.newest(10)
    assert words_of(store, row.id) == TEXT
    assert row.ended is not None
    assert (row.words, row.engine, row.language) == (COUNT, "spelled", "en")
    lines = [line.raw["id"] for line in told.state.lines]
    assert [segment.id for segment in store.read(row.id).segments] == lines


def test_a_session_goes_on_in_another_process(open_store: Open, serve: Serve) -> None:
    """The first server is left alone with the session, as if it had been killed."""
    dead = server_with(serve, open_store(), resume_seconds=3)

    async def begin() -> tuple[str, CaptionState]:
        async with connect(dead.url(**QUERY), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(PCM[:HALF])
            async for text in socket:
                state.apply(json.loads(text))
                if "w20" in state.committed_text:
                    break
            socket.transport.abort()
        return config["session"], state

    async def go_on(server: Running, session: str) -> tuple[int, CaptionState]:
        async with connect(server.url(**QUERY, session=session), compression=None) as socket:
            config, state = await first(socket)
            assert config["session"] == session
            at = config["resume_from_sample"]
            await socket.send(PCM[at * 2 :])
            await socket.send(b"")
            return at, await rest(socket, state)

    session, seen = asyncio.run(begin())
    alive = server_with(serve, store := open_store())
    at, state = asyncio.run(go_on(alive, session))
    assert at <= HALF // 2
    assert state.committed_text == TEXT
    assert words_of(store, session) == TEXT
    assert [line.id for line in state.lines] == list(range(len(state.lines)))
    assert state.lines[: len(seen.lines)] == seen.lines
    wait_until(lambda: len(dead.sessions) == 0)
    assert words_of(store, session) == TEXT, "what the first one still has to say counts no more"


def test_a_server_that_stops_leaves_its_sessions_to_the_next(
    open_store: Open, serve: Serve
) -> None:
    async def talk() -> CaptionState:
        old = server_with(serve, open_store())
        async with connect(old.url(**QUERY), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(PCM[:HALF])
            with suppress(ConnectionClosed):
                async for text in socket:
                    if state.apply(json.loads(text)) and "w2" in state.committed_text:
                        old.server.should_exit = True
            assert socket.close_code == 1012
        assert "w29" in state.text, "last words come before the close"
        assert "w29" not in state.committed_text, "the next server hears them better"
        new = server_with(serve, open_store())
        url = new.url(**QUERY, session=config["session"])
        async with connect(url, compression=None) as socket:
            config, state = await first(socket)
            await socket.send(PCM[config["resume_from_sample"] * 2 :])
            await socket.send(b"")
            return await rest(socket, state)

    assert asyncio.run(talk()).committed_text == TEXT


def test_who_never_comes_back_has_every_word_there_was(open_store: Open, serve: Serve) -> None:
    """A client that knows nothing of sessions has them in its last state, and the store too."""
    store = open_store()
    heard = " ".join(f"w{i}" for i in range(1, 30))

    async def talk() -> CaptionState:
        server, state = server_with(serve, open_store()), CaptionState()
        async with connect(server.url(encoding="s16le"), compression=None) as socket:
            await socket.send(PCM[:HALF])
            with suppress(ConnectionClosed):
                async for text in socket:
                    if state.apply(json.loads(text)) and "w2" in state.committed_text:
                        server.server.should_exit = True
        return state

    state = asyncio.run(talk())
    assert state.text.startswith(heard)
    assert state.committed_text != state.text
    session = store.newest(1)[0].id
    assert words_of(store, session) == state.text
    store.sweep(timedelta(0), None)
    assert store.get(session).ended is not None
    assert words_of(store, session) == state.text


def test_who_missed_the_last_words_gets_them(open_store: Open, serve: Serve) -> None:
    """The connection was lost between the end of the audio and the last word."""
    server = server_with(serve, store := open_store())
    server.talk(PCM, **QUERY)
    [row] = store.newest(10)
    again = server.talk(**QUERY, session=row.id)
    [config] = again.of("config")
    assert (config["session"], config["resume_from_sample"]) == (row.id, len(PCM) // 2)
    assert again.text == TEXT
    assert again.state.finished
    assert store.get(row.id).ended is not None


def test_a_session_that_is_over_stays_over(open_store: Open, serve: Serve) -> None:
    server = server_with(serve, store := open_store(), resume_seconds=0.1)
    server.talk(PCM[:HALF], **QUERY)
    [row] = store.newest(10)
    time.sleep(0.2)
    [config] = server.talk(PCM, **QUERY, session=row.id).of("config")
    assert config["session"] != row.id
    assert len(store.newest(10)) == 2


class Slow(Store):
    """A store that writes when it is let."""

    gate: Event

    def append(self, entry: Entry, answer: Callable[[Outcome], None]) -> None:
        def late(outcome: Outcome) -> None:
            if entry.words:
                self.gate.wait(60)
            answer(outcome)

        super().append(entry, late)


def test_nothing_is_shown_before_it_is_stored(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livestt.server.storing.keeping.PATIENCE", 60.0)
    store = Slow(str(tmp_path / "slow.db"))
    store.gate = Event()
    server = server_with(serve, store)

    async def talk() -> CaptionState:
        async with connect(server.url(**QUERY), compression=None) as socket:
            _, state = await first(socket)
            await socket.send(PCM)
            await socket.send(b"")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await rest(socket, state)
            assert state.committed_text == ""
            store.gate.set()
            return await rest(socket, state)

    assert asyncio.run(talk()).committed_text == TEXT


def test_captions_go_on_without_a_disk_that_hangs(serve: Serve, tmp_path: Path) -> None:
    store = Slow(str(tmp_path / "slow.db"))
    store.gate = Event()
    server = server_with(serve, store)

    async def talk() -> tuple[CaptionState, list[str]]:
        codes: list[str] = []
        async with connect(server.url(**QUERY), compression=None) as socket:
            _, state = await first(socket)
            await socket.send(PCM)
            async for text in socket:
                message = json.loads(text)
                codes += [message["code"]] if message.get("type") == "warning" else []
                state.apply(message)
                if f"w{COUNT - 10}" in state.committed_text and not store.gate.is_set():
                    store.gate.set()
                    await socket.send(b"")
        return state, codes

    state, codes = asyncio.run(talk())
    assert state.committed_text == TEXT
    assert codes == ["store_failing", "store_recovered"]
    assert words_of(store, store.newest(1)[0].id) == TEXT


def test_captions_go_on_without_a_disk_that_fails(serve: Serve, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "transcripts.db"), retry=0.02)
    server = server_with(serve, store)
    server.expects_errors = True
    (tmp_path / "transcripts.db").rename(tmp_path / "moved.db")
    told = server.talk(PCM, **QUERY)
    assert told.text == TEXT
    assert [warning["code"] for warning in told.of("warning")] == ["store_failing"]
    (tmp_path / "moved.db").rename(tmp_path / "transcripts.db")
    wait_until(lambda: store.trouble is None)
    assert words_of(store, store.newest(1)[0].id) == TEXT


def test_who_comes_back_is_told_first_that_what_is_shown_is_not_stored(
    serve: Serve, tmp_path: Path
) -> None:
    """Or it would throw away audio that another server needs, should this one go."""
    store = Store(str(tmp_path / "transcripts.db"), retry=0.02)
    server = server_with(serve, store)
    server.expects_errors = True
    (tmp_path / "transcripts.db").rename(tmp_path / "moved.db")

    async def talk() -> list[str]:
        async with connect(server.url(**QUERY), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(PCM[:HALF])
            async for text in socket:
                if state.apply(json.loads(text)) and "w20" in state.committed_text:
                    break
            socket.transport.abort()
        url = server.url(**QUERY, session=config["session"])
        async with connect(url, compression=None) as socket:
            types = [json.loads(await socket.recv())["type"] for _ in range(3)]
            (tmp_path / "moved.db").rename(tmp_path / "transcripts.db")
            await socket.send(b"")
            await rest(socket, state)
        return types

    assert asyncio.run(talk()) == ["config", "warning", "snapshot"]


def test_a_session_deleted_elsewhere_ends(open_store: Open, serve: Serve) -> None:
    """Where this server seemed to be gone, having been cut off."""
    server = server_with(serve, store := open_store())

    def forget() -> None:
        with store._connections.changing() as connection:
            connection.execute(delete(sessions))

    async def talk() -> tuple[str, int | None]:
        async with connect(server.url(**QUERY), compression=None) as socket:
            _, state = await first(socket)
            await socket.send(PCM[:HALF])
            async for text in socket:
                if state.apply(json.loads(text)) and "w9" in state.committed_text:
                    break
            await asyncio.to_thread(forget)
            await socket.send(PCM[HALF:])
            told = await listen(socket)
        return str(told.of("error")[0]["code"]), told.close_code

    assert asyncio.run(talk()) == ("unknown_session", 1012)
    assert store.newest(10) == []


def test_other_rates_resume_too(open_store: Open, serve: Serve) -> None:
    """At 44.1 kHz, where a stored time is seldom a whole sample."""
    engine = Watched(script_of("one two three four five"))
    server = serve(engine, kept=(store := open_store()), resume_seconds=60)
    audio = AudioFormat("s16le", 44_100)
    server.talk(bytes(44_100 * 2 * 3), **QUERY, sample_rate=44_100)
    [row] = store.newest(1)
    assert row.audio == audio.described()
    for sample in range(0, 16_000, 77):
        own = audio.own_sample(sample)
        assert audio.session_sample(own) >= sample
        assert own == 0 or audio.session_sample(own - 1) <= sample


def test_without_a_store_sessions_end_with_their_server(serve: Serve) -> None:
    server = serve(SpelledEngine(), resume_seconds=60)
    assert server.talk(PCM, **QUERY).text == TEXT
    assert server.services.store is None


def test_empty_sessions_are_not_kept(open_store: Open, serve: Serve) -> None:
    server = server_with(serve, store := open_store())
    server.talk(bytes(32_000), **QUERY)
    assert store.newest(10) == []
    with pytest.raises(UnknownSession):
        store.get("anything")


def test_sweeps_do_no_harm_to_what_runs(open_store: Open, serve: Serve) -> None:
    server = server_with(serve, store := open_store(), store_days=0.0)

    async def talk() -> CaptionState:
        async with connect(server.url(**QUERY), compression=None) as socket:
            _, state = await first(socket)
            await socket.send(PCM[:HALF])
            await asyncio.to_thread(store.sweep, timedelta(minutes=1), timedelta(minutes=1))
            await socket.send(PCM[HALF:])
            await socket.send(b"")
            return await rest(socket, state)

    assert asyncio.run(talk()).committed_text == TEXT


def test_an_unknown_session_keeps_nobody_from_one_that_runs(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database hangs; what runs here needs no database to be found."""
    store = Store(str(tmp_path / "transcripts.db"))
    server = server_with(serve, store)
    asked, gate = Event(), Event()

    def hang(*_: object) -> None:
        asked.set()
        gate.wait(60)

    monkeypatch.setattr(store, "reopen", hang)

    async def strange() -> str:
        async with connect(server.url(**QUERY, session="strange"), compression=None) as socket:
            config, _ = await first(socket)
            await socket.send(b"")
            return str(config["session"])

    async def talk() -> None:
        async with (
            connect(server.url(**QUERY), compression=None) as socket,
            asyncio.TaskGroup() as group,
        ):
            config, _ = await first(socket)
            stranger = group.create_task(strange())
            await asyncio.to_thread(asked.wait, 60)
            url = server.url(**QUERY, session=config["session"])
            try:
                async with asyncio.timeout(60), connect(url, compression=None) as again:
                    config, state = await first(again)
                    assert "resume_from_sample" in config
                    await again.send(b"")
                    await rest(again, state)
                assert not gate.is_set()
            finally:
                gate.set()
            assert await stranger != config["session"]

    asyncio.run(talk())


def test_a_bug_at_tidying_up_does_not_end_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("livestt.server.storing.sweeping.EVERY", 0.001)

    async def run(store: Store) -> None:
        often, loop, swept = asyncio.Event(), asyncio.get_running_loop(), []

        def broken(*_: object) -> None:
            swept.append(None)
            if len(swept) == 2:
                loop.call_soon_threadsafe(often.set)
            raise ValueError("a bug")

        monkeypatch.setattr(store, "sweep", broken)
        async with asyncio.timeout(60), sweeping(store, Settings()):
            await often.wait()

    with closing(Store(str(tmp_path / "transcripts.db"))) as store:
        asyncio.run(run(store))
    assert "a bug" in caplog.text
