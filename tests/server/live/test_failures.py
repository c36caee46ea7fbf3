"""Failures of the engine and of the server itself: each stays with its session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.engines.scheduler import Scheduler
from livestt.engines.scripted import script_of
from livestt.errors import EngineError, LivesttError
from livestt.events import Event
from livestt.pipeline import Pipeline
from livestt.server.live.session import LiveSession
from livestt.server.live.sessions import Sessions
from livestt.server.storing.keeping import Keeper
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.store import Store

from ..conftest import Serve
from ..engines import Watched
from ..running import PATIENCE

TEXT = " ".join(f"word{i}" for i in range(20))
AUDIO = bytes(32_000 * 9)
RAW = {"encoding": "s16le"}


def test_an_engine_that_takes_no_session_is_an_error(serve: Serve) -> None:
    class Full(Watched):
        def open(self, options: StreamOptions) -> Any:
            raise EngineError("no memory for another session")

    told = serve(Full()).talk(AUDIO, **RAW)
    [error] = told.of("error")
    assert (error["code"], told.close_code) == ("engine_error", 1011)
    assert not told.state.finished


def test_a_bug_in_one_session_ends_that_session_only(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(Watched(script_of(TEXT)))
    server.expects_errors = True
    with monkeypatch.context() as patch:
        patch.setattr("livestt.session.Session.receive_flush", lambda *_: 1 / 0)
        told = server.talk(AUDIO, '{"type": "flush"}', **RAW)
    assert told.close_code == 1011
    assert "ZeroDivisionError" in "".join(server.errors.records)
    assert server.talk(AUDIO, **RAW).text == TEXT


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Listens:
    """Somebody with a bug in what it makes of events."""

    def __init__(self) -> None:
        self.errors: list[LivesttError] = []

    def receive_events(self, events: Sequence[Event]) -> None:
        raise ZeroDivisionError

    def failed(self, error: LivesttError) -> None:
        self.errors.append(error)

    def superseded(self) -> None: ...


class Hears(Listens):
    def receive_events(self, events: Sequence[Event]) -> None: ...


@asynccontextmanager
async def running(store: Store | None = None) -> AsyncIterator[Sessions]:
    engine = Watched(script_of(TEXT))
    scheduler = Scheduler(engine)
    pipeline = Pipeline(Settings(vad=False), engine.capabilities)
    try:
        with anyio.fail_after(PATIENCE):
            async with Sessions(pipeline, scheduler, Timing(), store) as sessions:
                yield sessions
    finally:
        scheduler.close()


def opened(sessions: Sessions, listener: Listens) -> LiveSession:
    session = sessions.open(AudioFormat("s16le"), StreamOptions())
    session.publish_to(listener)
    return session


async def check_works(sessions: Sessions, session: LiveSession) -> None:
    session.push(AUDIO)
    session.end()
    await session.ended.wait()
    assert session.failure is None
    assert [word.text.strip() for s in session.transcript.segments for word in s.words] == (
        TEXT.split()
    )


@pytest.mark.anyio
async def test_a_listener_with_a_bug_ends_its_own_session(caplog: Any) -> None:
    async with running() as sessions:
        broken, other = opened(sessions, listener := Listens()), opened(sessions, Hears())
        viewer = Listens()
        other.watch(viewer)
        await anyio.wait_all_tasks_blocked()
        for session in sessions:
            session.ease(1)
        await broken.ended.wait()
        assert broken.failure is not None
        assert listener.errors
        assert viewer.errors, "a viewer fails alone"
        await check_works(sessions, other)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.anyio
async def test_what_fails_around_a_session_ends_that_session_only(caplog: Any) -> None:
    @contextmanager
    def around(session: LiveSession) -> Iterator[None]:
        if session is first:
            raise ZeroDivisionError
        yield
        if session is second:
            raise ZeroDivisionError

    async with running() as sessions:
        sessions.around.append(around)
        first, second, third = (opened(sessions, Hears()) for _ in range(3))
        await first.ended.wait()
        assert first.failure is not None
        await check_works(sessions, second)
        await check_works(sessions, third)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.anyio
async def test_last_words_that_fail_end_their_session_only(
    caplog: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def finish(keeper: Keeper, **_: bool) -> None:
        if keeper is broken.archive._keeper:
            raise ZeroDivisionError
        await whole(keeper, **_)

    whole = Keeper.finish
    monkeypatch.setattr(Keeper, "finish", finish)
    with closing(Store(str(tmp_path / "transcripts.db"))) as store:
        async with running(store) as sessions:
            broken, other = opened(sessions, Hears()), opened(sessions, Hears())
            broken.end()
            await broken.ended.wait()
            assert broken.failure is not None
            await check_works(sessions, other)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.anyio
async def test_one_session_that_does_not_give_way_keeps_no_other_from_it(
    caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as sessions:
        broken = opened(sessions, Hears())
        monkeypatch.setattr(broken, "ease", lambda _: 1 / 0)
        sessions._ease(broken)
        await check_works(sessions, opened(sessions, Hears()))
    assert "ZeroDivisionError" in caplog.text
