"""One session in motion: what happens when its parts fail, hang, or are taken away."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import av
import numpy as np
import pytest
from audio.helpers import encode
from server.engines import Faulty, Gated, Watched

from livestt import driver as driving
from livestt import engine_driving
from livestt.audio.format import AudioFormat
from livestt.driver import Driver, drive, transcribe_live
from livestt.engines import Engine, Hypothesis, Job
from livestt.engines.scheduler import Scheduler
from livestt.engines.scripted import script_of
from livestt.errors import BadAudio, EngineError, SetupError
from livestt.events import Committed, Ended, Event, Flushed, Warned
from livestt.pipeline import Pipeline
from livestt.settings import Settings

TEXT = " ".join(f"word{i}" for i in range(20))
SECOND = bytes(32_000)
AUDIO = SECOND * 9
RAW = AudioFormat("s16le")
SETTINGS = Settings(vad=False)


class Taker:
    """Keeps events and knows when the session has ended."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ended = asyncio.Event()
        self.flushed = asyncio.Event()

    def __call__(self, events: list[Event]) -> None:
        self.events += events
        if any(isinstance(event, Ended) for event in events):
            self.ended.set()
        if any(isinstance(event, Flushed) for event in events):
            self.flushed.set()

    @property
    def text(self) -> str:
        words = [w for e in self.events if isinstance(e, Committed) for w in e.words]
        return "".join(word.text for word in words).strip()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def session(
    engine: Engine,
    body: Callable[[Driver, Taker], Any],
    settings: Settings = SETTINGS,
    audio: AudioFormat = RAW,
) -> Taker:
    """Run a body with a driver, and take everything down again."""

    async def run() -> Taker:
        taker = Taker()
        scheduler = Scheduler(engine)
        try:
            async with asyncio.timeout(60):
                pipeline = Pipeline(settings, engine.capabilities)
                async with drive(pipeline, scheduler, audio, taker) as driver:
                    await body(driver, taker)
        finally:
            await asyncio.to_thread(scheduler.close)
        return taker

    return asyncio.run(run())


async def whole(driver: Driver, taker: Taker) -> None:
    for _ in range(9):
        await driver.feed(SECOND)
    await driver.end()
    await taker.ended.wait()


def test_audio_to_its_last_word() -> None:
    engine = Watched(script_of(TEXT))
    taker = session(engine, whole)
    assert taker.text == TEXT
    assert len(taker.of(Ended)) == 1
    assert [stream.releases for stream in engine.streams] == [1]


def test_feeding_after_the_end_does_nothing() -> None:
    async def body(driver: Driver, taker: Taker) -> None:
        await whole(driver, taker)
        count = len(taker.events)
        await driver.feed(SECOND)
        await driver.end()
        driver.abandon()
        assert len(taker.events) == count

    session(Watched(script_of(TEXT)), body)


@pytest.mark.parametrize("kind", ["engine error", "bug", "too few", "too many"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_passing_failure_of_the_engine_loses_nothing(kind: str, times: int) -> None:
    engine = Faulty(script_of(TEXT), kind=kind, times=times)
    taker = session(engine, whole)
    assert taker.text == TEXT
    assert not taker.of(Warned)


@pytest.mark.parametrize("kind", ["engine error", "bug", "too few"])
def test_a_lasting_failure_is_said_and_life_goes_on(kind: str) -> None:
    engine = Faulty(script_of(TEXT), kind=kind, times=3)

    async def body(driver: Driver, taker: Taker) -> None:
        await driver.feed(SECOND * 3)
        driver.flush("x")
        await taker.flushed.wait()
        await driver.feed(SECOND * 6)
        await driver.end()
        await taker.ended.wait()

    taker = session(engine, body)
    assert [w.code for w in taker.of(Warned)] == ["engine_error"]
    assert taker.text.endswith("word18 word19")
    assert len(taker.of(Flushed)) == 1


def test_an_engine_that_hangs_is_given_up_and_its_stream_freed_if_it_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine_driving, "ANSWER_TIMEOUT", 0.1)
    engine = Gated(script_of(TEXT))

    async def run() -> Taker:
        taker = Taker()
        scheduler = Scheduler(engine)
        pipeline = Pipeline(SETTINGS, engine.capabilities)
        async with drive(pipeline, scheduler, RAW, taker) as driver:
            await whole(driver, taker)
        assert engine.streams[0].releases == 0, "the engine is at work on it"
        engine.gate.set()
        await asyncio.to_thread(scheduler.close)
        assert engine.streams[0].releases == 1
        return taker

    taker = asyncio.run(run())
    assert {w.code for w in taker.of(Warned)} == {"engine_error"}
    assert "no answer" in taker.of(Warned)[0].message
    assert "hangs" in caplog.text


class Noting(Gated):
    """Knows when it was at work, and when a stream was reset."""

    def __init__(self) -> None:
        super().__init__(script_of(TEXT))
        self.notes: list[str] = []

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        self.notes.append("began")
        answers = super().answers(jobs)
        self.notes.append("done")
        return answers

    def reset(self, stream: object) -> None:
        self.notes.append("reset")


def test_a_stream_is_reset_after_a_job_that_took_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has heard that audio, and hears it again: without a reset its words would double."""
    engine = Noting()

    async def body(driver: Driver, taker: Taker) -> None:
        fail = driver._session.receive_failure

        def failed(job: Job, reason: str) -> None:
            fail(job, reason)
            monkeypatch.setattr(engine_driving, "ANSWER_TIMEOUT", 60.0)
            asyncio.get_running_loop().call_later(0.1, engine.gate.set)

        monkeypatch.setattr(driver._session, "receive_failure", failed)
        monkeypatch.setattr(engine_driving, "ANSWER_TIMEOUT", 0.1)
        await whole(driver, taker)

    assert session(engine, body).text == TEXT
    at = engine.notes.index("reset")
    assert at % 2 == 0
    assert engine.notes.count("reset") == 1
    assert engine.notes[:at] == ["began", "done"] * (at // 2)


def test_a_late_answer_is_waited_for_before_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Gated(script_of(TEXT))

    async def body(driver: Driver, taker: Taker) -> None:
        monkeypatch.setattr(engine_driving, "ANSWER_TIMEOUT", 0.2)
        await driver.feed(AUDIO)
        await asyncio.to_thread(engine.entered.wait)
        await asyncio.sleep(0.3)
        monkeypatch.setattr(engine_driving, "ANSWER_TIMEOUT", 30.0)
        threading.Timer(0.2, engine.gate.set).start()

    session(engine, body)
    assert engine.streams[0].releases == 1


def test_leaving_waits_for_the_job_that_runs() -> None:
    engine = Gated(script_of(TEXT))

    async def body(driver: Driver, taker: Taker) -> None:
        await driver.feed(AUDIO)
        await asyncio.to_thread(engine.entered.wait)
        threading.Timer(0.1, engine.gate.set).start()

    session(engine, body)
    assert engine.streams[0].releases == 1


def test_cancellation_takes_everything_down() -> None:
    engine = Gated(script_of(TEXT))

    async def body(driver: Driver, taker: Taker) -> None:
        threading.Timer(0.5, engine.gate.set).start()
        async with asyncio.timeout(0.2):
            await driver.feed(AUDIO * 10)

    with pytest.raises(TimeoutError):
        session(engine, body, Settings(vad=False, seconds_ahead=1))
    assert engine.streams[0].releases == 1


def test_feed_waits_while_the_engine_is_behind() -> None:
    engine = Gated(script_of(TEXT))

    async def body(driver: Driver, taker: Taker) -> None:
        feeding = asyncio.get_running_loop().create_task(whole(driver, taker))
        await asyncio.to_thread(engine.entered.wait)
        await asyncio.sleep(0.2)
        received = driver._session.received
        assert 2 * 16_000 <= received <= 4 * 16_000
        engine.gate.set()
        await feeding

    assert session(engine, body, Settings(vad=False, seconds_ahead=2)).text == TEXT


def test_an_mp4_with_its_index_at_the_end_is_heard_no_faster_than_anything_else() -> None:
    """All of it comes at once; the client is told before, and limits hold."""
    engine = Gated(script_of(TEXT))
    data = encode(np.zeros(16_000 * 60, np.float32), 16_000, "ipod", "aac")

    async def body(driver: Driver, taker: Taker) -> None:
        await driver.feed(data[:100])
        await driver.feed(data[100:])
        assert [warned.code for warned in taker.of(Warned)] == ["index_at_end"]
        assert driver._session.received == 0
        ending = asyncio.get_running_loop().create_task(driver.end())
        await asyncio.to_thread(engine.entered.wait)
        await asyncio.sleep(0.2)
        assert 2 * 16_000 <= driver._session.received <= 6 * 16_000
        engine.gate.set()
        await ending
        await taker.ended.wait()
        assert driver._session.received >= 60 * 16_000

    settings = Settings(vad=False, seconds_ahead=2)
    assert session(engine, body, settings, AudioFormat()).text == TEXT


@pytest.mark.parametrize("piece", [0.02, 1.0, 9.0])
def test_a_limit_shorter_than_the_window_stops_nothing(piece: float) -> None:
    """A session may want a whole window before it asks: waiting for an answer would be for ever."""
    size = int(piece * 16_000) * 2

    async def body(driver: Driver, taker: Taker) -> None:
        for at in range(0, len(AUDIO) * 6, size):
            await driver.feed(bytes(min(size, len(AUDIO) * 6 - at)))
        await driver.end()
        await taker.ended.wait()

    settings = Settings(vad=False, seconds_ahead=1, audio_max_len=30)
    assert session(Watched(script_of(TEXT)), body, settings).text == TEXT


async def feed_letters(driver: Driver) -> None:
    for _ in range(50):
        await driver.feed(b"this is no audio. " * 500)
    await driver.end()


def test_bad_audio_comes_through_as_itself() -> None:
    async def body(driver: Driver, taker: Taker) -> None:
        await feed_letters(driver)

    engine = Watched()
    with pytest.raises(BadAudio):
        session(engine, body, audio=AudioFormat())
    assert engine.streams[0].releases == 1


def test_after_bad_audio_what_came_is_still_transcribed() -> None:
    async def body(driver: Driver, taker: Taker) -> None:
        with pytest.raises(BadAudio):
            await feed_letters(driver)
        driver.abandon()
        await taker.ended.wait()

    assert len(session(Watched(), body, audio=AudioFormat()).of(Ended)) == 1


def test_no_audio_at_all_is_no_error() -> None:
    async def body(driver: Driver, taker: Taker) -> None:
        await driver.end()
        await taker.ended.wait()

    assert session(Watched(), body, audio=AudioFormat()).text == ""


def test_a_stream_is_released_when_the_decoder_cannot_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_decoder(*_: object) -> None:
        raise SetupError("no ffmpeg")

    monkeypatch.setattr(driving, "open_decoder", no_decoder)
    engine = Watched()
    with pytest.raises(SetupError):
        session(engine, whole)
    assert engine.streams[0].releases == 1


def test_an_engine_that_opens_no_stream_says_so() -> None:
    class Full(Watched):
        def open(self, options: object) -> Any:
            raise EngineError("no further stream")

    with pytest.raises(EngineError, match="no further"):
        session(Full(), whole)


def test_transcribe_live() -> None:
    async def chunks(broken: bool) -> AsyncIterator[bytes]:
        for i in range(9):
            yield b"no audio" * 1000 if broken else SECOND
            await asyncio.sleep(0 if i % 2 else 0.001)

    async def run(broken: bool) -> Taker:
        taker = Taker()
        audio = AudioFormat() if broken else RAW
        await transcribe_live(chunks(broken), audio, Watched(script_of(TEXT)), SETTINGS, taker)
        return taker

    assert asyncio.run(run(False)).text == TEXT
    with pytest.raises(BadAudio):
        asyncio.run(run(True))
    assert "livestt-engine" not in [thread.name for thread in threading.enumerate()]


def silent_flac(seconds: int) -> bytes:
    """Silence at 16 kHz: about 190 bytes a second."""
    data = io.BytesIO()
    with av.open(data, "w", "flac") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        for at in range(0, seconds * 16_000, 160_000):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 160_000), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 16_000, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return data.getvalue()


def test_a_small_message_that_is_long_audio_is_decoded_piece_by_piece() -> None:
    """A message may be hours of silence, which must not lie in memory at once."""
    bomb = silent_flac(900)
    assert len(bomb) < 1 << 18
    heard: list[int] = []

    async def run() -> None:
        engine = Watched(script_of(TEXT))
        scheduler = Scheduler(engine)
        pipeline = Pipeline(SETTINGS, engine.capabilities)
        taker = Taker()
        try:
            async with (
                asyncio.timeout(60),
                drive(
                    pipeline,
                    scheduler,
                    AudioFormat(),
                    taker,
                    on_audio=lambda samples: heard.append(len(samples)),
                ) as driver,
            ):
                await driver.feed(bomb)
                await driver.end()
                await taker.ended.wait()
        finally:
            await asyncio.to_thread(scheduler.close)

    asyncio.run(run())
    assert sum(heard) == 900 * 16_000
    assert max(heard) < 100 * 16_000
