"""Files on the server: who is admitted, whose turn it is, and how a file ends."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest

from livestt.audio.decoder import NO_SAMPLES
from livestt.engines import Engine, Job, StreamOptions
from livestt.engines import scheduler as scheduling
from livestt.engines.scheduler import Scheduler
from livestt.engines.scripted import script_of
from livestt.errors import BadAudio, EngineError, Overloaded, ServerRestart, TooManyUploads
from livestt.files import FileOptions, file_layout
from livestt.pipeline import Pipeline
from livestt.server.files.file_models import FileModels
from livestt.server.files.uploads import Upload, Uploads
from livestt.server.live.ladder import NO_NEWCOMERS
from livestt.server.live.sessions import Sessions
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.transcript import Transcript

from ..engines import Faulty, Gated, Watched

TEXT = " ".join(f"word{i}" for i in range(20))
PATIENCE = 60.0


def wav(seconds: float = 9.0) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setparams((1, 2, 16_000, 0, "NONE", ""))
        made.writeframes(bytes(2 * int(16_000 * seconds)))
    return file


@asynccontextmanager
async def serving(engine: Engine, **settings: Any) -> AsyncIterator[Uploads]:
    chosen = Settings(**{"vad": False, **settings})
    pipeline = Pipeline(chosen, engine.capabilities)
    scheduler = Scheduler(engine)
    try:
        async with Sessions(pipeline, scheduler, Timing(drain=0.1)) as sessions:
            file_models = FileModels(pipeline, scheduler, 1.0)
            yield Uploads(pipeline, scheduler, sessions, file_models)
    finally:
        scheduler.close()


def run(case: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        with anyio.fail_after(PATIENCE):
            await case()

    anyio.run(limited)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what changes it is in other threads
        await anyio.sleep(0.01)


async def heard(upload: Upload, file: io.BytesIO | None = None) -> Transcript:
    transcript = Transcript(file_layout(Settings()))
    async with upload.transcribe(file or wav(), FileOptions(StreamOptions("en"))) as events:
        async for batch in events:
            transcript.apply(batch)
    return transcript


def test_a_file_gives_its_words() -> None:
    engine = Watched(script_of(TEXT))

    async def case() -> None:
        async with serving(engine) as uploads:
            with uploads.admit() as upload:
                transcript = await heard(upload)
            assert transcript.text == TEXT
            assert transcript.duration == 9 * 16_000
            assert (uploads.admitted, uploads.running) == (0, 0)

    run(case)
    assert all(stream.releases == 1 for stream in engine.streams)


def test_a_place_in_the_queue_counts_from_admission_on() -> None:
    async def case() -> None:
        async with serving(Watched(), max_uploads=1, upload_queue=1) as uploads:
            with uploads.admit(), uploads.admit():
                with pytest.raises(TooManyUploads), uploads.admit():
                    pass
                assert uploads.admitted == 2
            with uploads.admit():
                pass

    run(case)


def test_nobody_is_admitted_to_a_server_that_is_overloaded_or_stops() -> None:
    async def case() -> None:
        async with serving(Watched()) as uploads:
            uploads.sessions.ladder.level = NO_NEWCOMERS
            with pytest.raises(Overloaded), uploads.admit():
                pass
            await uploads.sessions.drain(lambda: False)
            with pytest.raises(ServerRestart), uploads.admit():
                pass

    run(case)


def test_as_many_run_at_once_as_may() -> None:
    engine = Gated(script_of(TEXT))

    async def case() -> None:
        texts = []

        async def one(uploads: Uploads) -> None:
            with uploads.admit() as upload:
                texts.append((await heard(upload)).text)

        async with serving(engine, max_uploads=2) as uploads, anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(one, uploads)
            await anyio.to_thread.run_sync(engine.entered.wait, PATIENCE)
            await until(lambda: (uploads.admitted, uploads.running) == (3, 2))
            engine.gate.set()
        assert texts == [TEXT] * 3

    run(case)


@pytest.mark.parametrize(
    ("engine", "file", "error"),
    [
        (Watched(), io.BytesIO(b"Dear Sir or Madam, " * 99), BadAudio),
        (Faulty(script_of(TEXT), kind="bug", times=99), wav(), EngineError),
    ],
)
def test_what_goes_wrong_reaches_who_asked(
    engine: Watched, file: io.BytesIO, error: type[Exception]
) -> None:
    async def case() -> None:
        async with serving(engine) as uploads:
            with uploads.admit() as upload, pytest.raises(error):
                await heard(upload, file)

    run(case)
    assert all(stream.releases == 1 for stream in engine.streams)


def test_a_client_that_goes_takes_its_work_with_it() -> None:
    engine = Gated(script_of(TEXT))

    async def case() -> None:
        async with serving(engine) as uploads:
            with uploads.admit() as upload, anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(heard, upload)
                    await anyio.to_thread.run_sync(engine.entered.wait, PATIENCE)
                    engine.gate.set()
                    scope.cancel()
            assert (uploads.admitted, uploads.running) == (0, 0)

    run(case)
    assert all(stream.releases == 1 for stream in engine.streams)


def test_a_server_that_stops_says_so_to_who_waits() -> None:
    engine = Gated(script_of(TEXT))

    async def case() -> None:
        async with serving(engine, max_uploads=1) as uploads, anyio.create_task_group() as tasks:
            told: list[Exception] = []

            async def one() -> None:
                with uploads.admit() as upload:
                    try:
                        await heard(upload)
                    except ServerRestart as error:
                        told.append(error)

            tasks.start_soon(one)
            tasks.start_soon(one)
            await anyio.to_thread.run_sync(engine.entered.wait, PATIENCE)
            await uploads.sessions.drain(lambda: False)
            engine.gate.set()
            await until(lambda: len(told) == 2)

    run(case)
    assert all(stream.releases == 1 for stream in engine.streams)


def test_a_thread_that_hangs_over_a_file_is_replaced_while_nobody_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Gated()
    pipeline = Pipeline(Settings(vad=False), engine.capabilities)
    scheduler = Scheduler(engine)

    async def case() -> None:
        job = Job(engine.open(StreamOptions()), NO_SAMPLES, 0, True, StreamOptions())
        async with Sessions(pipeline, scheduler, Timing(drain=0.1, load=0.01)):
            hanging = scheduler.submit(job, 0.0, lambda: None, background=True)
            await anyio.to_thread.run_sync(engine.entered.wait)
            other = replace(job, stream=engine.open(StreamOptions()))
            waiting = scheduler.submit(other, 0.0, lambda: None, background=True)
            monkeypatch.setattr(scheduling, "HUNG", 0.0)
            await until(lambda: hanging.given_up)
            await until(lambda: waiting.started is not None)
            engine.gate.set()
            await until(lambda: waiting.done)

    try:
        run(case)
    finally:
        engine.gate.set()
        scheduler.close()
