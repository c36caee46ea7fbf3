"""The harness that others test with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from server.engines import Gated, Watched

from livestt.engines import Engine, StreamOptions
from livestt.engines.scripted import script_of
from livestt.errors import BadAudio, EngineError
from livestt.events import Ended, Flushed
from livestt.settings import Settings
from livestt.testing import Harness, Snapshot, decode_file

SPEECH = Path(__file__).parent / "fixtures" / "speech"
TEXT = "The first ten words of it are here for you. " + " ".join(f"word{i}" for i in range(10))
SETTINGS = Settings(vad=False)
NOISE = np.zeros(9 * 16_000, np.float32)


def within(
    body: Callable[[Harness], Awaitable[None]],
    engine: Engine | None = None,
    settings: Settings = SETTINGS,
    options: StreamOptions | None = None,
) -> Harness:
    async def run() -> Harness:
        async with Harness(engine or Watched(script_of(TEXT)), settings, options) as harness:
            await body(harness)
        return harness

    return asyncio.run(run())


def test_feed_and_finish() -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(NOISE)
        end = await harness.finish()
        assert end.committed_text == end.text == TEXT
        assert end.audio_time == 9
        assert harness.ended
        assert harness.state == end

    harness = within(body)
    assert isinstance(harness.events[-1], Ended)
    assert harness.history[-1].committed_text == TEXT


def test_part_of_the_samples() -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(NOISE, start=1.0, end=3.0)
        assert (await harness.finish()).audio_time == 2

    within(body)


def test_history_and_the_snapshot_at_a_time() -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(NOISE, speed=30)
        await harness.finish()
        assert harness.snapshot_at(0.0) == Snapshot(0.0, (), (), ())
        early, late = harness.snapshot_at(4.0), harness.snapshot_at(9.0)
        assert early.audio_time <= 4.0 < late.audio_time
        assert 0 < len(early.words) < len(late.words)
        assert harness.snapshot_at(99.0) == harness.state
        times = [snapshot.audio_time for snapshot in harness.history]
        assert times == sorted(times)

    within(body)


def test_words_by_time() -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(NOISE)
        state = await harness.finish()
        assert state.text_between(0.4, 1.2) == "first ten"
        line = state.line_at(1.0)
        assert line is not None
        assert line.text is not None
        assert line.text.startswith("The first")
        assert state.line_at(99) is None
        assert state.speech == state.segments

    within(body)


def test_waiting_for_text_and_a_wait_in_vain() -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(NOISE)
        assert "ten words" in (await harness.wait_for_text("ten words")).committed_text
        with pytest.raises(TimeoutError, match="The first"):
            await harness.wait_for_text("never said", within=0.1)

    within(body)


def test_two_can_wait_at_once() -> None:
    async def body(harness: Harness) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(harness.wait_for_text("first", within=20))
            group.create_task(harness.wait_for_text("ten", within=20))
            await asyncio.sleep(0.05)
            await harness.feed(NOISE)
            await harness.flush()

    within(body)


def test_flush_is_answered() -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(NOISE)
        await harness.flush("id")
        await harness.wait_for(lambda _: Flushed("id") in harness.events)

    within(body)


def test_every_change_is_told() -> None:
    seen: list[Snapshot] = []

    async def body(harness: Harness) -> None:
        harness.on_update(seen.append)
        await harness.feed(NOISE)
        await harness.finish()

    assert within(body).history == seen


def test_options_reach_the_engine() -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(NOISE)
        await harness.finish()

    engine = Watched(script_of(TEXT))
    within(body, engine, options=StreamOptions(language="de"))
    assert {language for _, language in engine.languages} == {"de"}
    assert [stream.releases for stream in engine.streams] == [1]


def test_outside_the_block_there_is_no_driver() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        _ = Harness(Watched()).driver


def test_an_engine_that_cannot_open_leaves_no_thread() -> None:
    class Full(Watched):
        def open(self, options: StreamOptions) -> None:  # type: ignore[override]
            raise EngineError("full")

    async def body(harness: Harness) -> None: ...

    import threading

    with pytest.raises(EngineError):
        within(body, Full())
    assert "livestt-engine" not in [thread.name for thread in threading.enumerate()]


def test_leaving_early_takes_everything_down() -> None:
    engine = Gated(script_of(TEXT))

    async def body(harness: Harness) -> None:
        await harness.feed(NOISE)
        await asyncio.to_thread(engine.entered.wait)
        asyncio.get_running_loop().call_later(0.1, engine.gate.set)

    within(body, engine)
    assert engine.streams[0].releases == 1


def test_real_speech_and_silence(whisper: Engine) -> None:
    async def body(harness: Harness) -> None:
        await harness.feed(SPEECH / "slt-02.flac", speed=0)
        await harness.silence(6.0)
        await harness.feed(str(SPEECH / "slt-03.flac"))
        state = await harness.wait_for_silence()
        assert "picture" in state.text
        state = await harness.finish()
        [pause] = state.silences
        assert 5 * 16_000 < pause.end - pause.start < 8 * 16_000
        assert len(state.speech) >= 2

    within(body, whisper, Settings(language="en"))


def test_files_that_are_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"hello there, " * 500)
    with pytest.raises(BadAudio):
        decode_file(path)

    async def body(harness: Harness) -> None:
        await harness.feed(path)

    with pytest.raises(BadAudio):
        within(body)
    assert len(decode_file(SPEECH / "slt-01.flac")) == pytest.approx(4.369 * 16_000, abs=2)
