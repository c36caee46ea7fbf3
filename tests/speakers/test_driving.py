"""A session's speakers in motion: real models live, and what happens when somebody leaves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import anyio
import anyio.to_thread
import numpy as np
import pytest

from livestt.audio.format import AudioFormat
from livestt.driver import Driver, drive
from livestt.engines import Engine, Samples
from livestt.engines.scheduler import Scheduler
from livestt.engines.scripted import ScriptedEngine
from livestt.events import Attributed, Committed, Ended, Event, Voice, Warned
from livestt.pipeline import Pipeline
from livestt.settings import Settings
from livestt.speakers import Activity, DiarizerJob, driving, file_driving
from livestt.speakers.diarization import DiarizationOptions
from livestt.speakers.driving import SpeakerDriver, drive_speakers
from livestt.speakers.file_driving import FileSpeakers
from livestt.speakers.identification import Identification, IdentificationOptions
from livestt.speakers.scheduler import DiarizerScheduler, EmbedderScheduler
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedStream
from livestt.speakers.voice_driving import VoiceDriver
from livestt.testing import Harness

from .choir import Choir
from .fixture_models import conversation, loaded


@pytest.mark.parametrize("latency", ["0.32", "1.04"])
def test_two_people_live(whisper: Engine, latency: str) -> None:
    samples, said = conversation("slt-01", "rms-01", "slt-02", "rms-02", "rms-03", "slt-04")

    async def heard() -> Harness:
        settings = Settings(language="en")
        async with Harness(whisper, settings, diarizer=loaded("sortformer", latency)) as harness:
            await harness.feed(samples)
            await harness.finish()
            return harness

    events = asyncio.run(heard()).events
    words = [word for event in events if isinstance(event, Committed) for word in event.words]
    speakers: list[int | None] = []
    for event in events:
        if isinstance(event, Attributed):
            speakers[event.first : event.first + len(event.voices)] = [
                voice.speaker for voice in event.voices
            ]
    right = 0
    for word, speaker in zip(words, speakers, strict=True):
        middle = (word.start + word.end) / 2 / 16_000
        voice = min(said, key=lambda turn: max(turn[1] - middle, middle - turn[2]))[0]
        right += speaker == 1 + (voice == "rms")
    assert right >= 0.95 * len(words) > 20
    assert isinstance(events[-1], Ended)


class Blocked(ScriptedDiarizer):
    """Works until it may stop, and notices a stream that is freed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()
        self.may_go_on = threading.Event()
        self.working = False
        self.released: list[ScriptedStream] = []

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        self.working = True
        self.began.set()
        self.may_go_on.wait(30)
        self.working = False
        return super().run(jobs)

    def release(self, stream: ScriptedStream) -> None:
        assert not self.working, "released during a job"
        self.released.append(stream)


def live(
    diarizer: ScriptedDiarizer,
    settings: Settings,
    feed: Callable[[Driver], Awaitable[None]],
    take: Callable[[Event], None] = lambda event: None,
) -> None:
    """A session that is fed so, ended, and over within half a minute."""
    ended = anyio.Event()

    def heard(events: list[Event]) -> None:
        for event in events:
            take(event)
            if isinstance(event, Ended):
                ended.set()

    async def hear() -> None:
        with anyio.fail_after(30):
            async with drive(pipeline, engine, AudioFormat("s16le"), heard) as driver:
                await feed(driver)
                await driver.end()
                await ended.wait()

    scheduler, engine = DiarizerScheduler(diarizer), Scheduler(ScriptedEngine())
    pipeline = Pipeline(settings, engine.engine.capabilities, scheduler)
    try:
        asyncio.run(hear())
    finally:
        if isinstance(diarizer, Blocked):
            diarizer.may_go_on.set()
        engine.close()
        scheduler.close()


def test_who_leaves_early_frees_the_stream_once_it_is_not_in_use() -> None:
    diarizer = Blocked()
    scheduler = DiarizerScheduler(diarizer)

    async def leave() -> None:
        async with (
            drive_speakers(scheduler, DiarizationOptions()) as driver,
            anyio.create_task_group() as tasks,
        ):
            assert driver is not None
            driver.speakers.receive_audio(np.zeros(16_000, np.float32), [0.9] * 32)
            tasks.start_soon(driver.run, lambda: None)
            await anyio.to_thread.run_sync(diarizer.began.wait)
            tasks.cancel_scope.cancel()
            threading.Timer(0.05, diarizer.may_go_on.set).start()

    try:
        anyio.run(leave)
    finally:
        scheduler.close()
    assert len(diarizer.released) == 1


class Listening(Identification):
    """Counts the samples that it is given."""

    given = 0

    def receive_audio(self, samples: Samples) -> None:
        self.given += len(samples)
        super().receive_audio(samples)


@pytest.mark.parametrize("live", [True, False])
def test_voices_hear_nothing_more_once_nobody_tells_speakers_apart(live: bool) -> None:
    diarizer, choir = DiarizerScheduler(ScriptedDiarizer()), EmbedderScheduler(Choir())
    voices, options = Listening(IdentificationOptions(0.7)), DiarizationOptions()

    def feed(speakers: SpeakerDriver | FileSpeakers) -> None:
        second = np.zeros(16_000, np.float32), [0.9] * 32
        speakers.receive_audio(*second)
        speakers.speakers.give_up("it was told to")
        speakers.receive_audio(*second)

    async def hear() -> None:
        async with drive_speakers(diarizer, options, voices=VoiceDriver(voices, choir)) as driver:
            assert driver is not None
            feed(driver)

    try:
        if live:
            anyio.run(hear)
        else:
            speakers = FileSpeakers(diarizer, options, lambda: None, (voices, choir))
            feed(speakers)
            speakers.close()
    finally:
        diarizer.close()
        choir.close()
    assert voices.given == 16_000


def test_a_diarizer_that_hangs_over_a_file_is_given_up_once() -> None:
    diarizer = Blocked()
    diarizer.capabilities = replace(diarizer.capabilities, answers_within=-1.0)
    scheduler = DiarizerScheduler(diarizer)
    speakers = FileSpeakers(scheduler, DiarizationOptions(), lambda: None)
    try:
        speakers.speakers.receive_audio(np.zeros(16_000, np.float32), [0.9] * 32)
        speakers.work()
        diarizer.began.wait()
        assert speakers.answered
        said = []
        for _ in range(3):
            speakers.work()
            said += speakers.follow([])
            assert not speakers.answered
        assert [event.code for event in said if isinstance(event, Warned)] == ["diarization_error"]
        speakers.close()
        assert not diarizer.released, "the diarizer is at work on it"
    finally:
        diarizer.may_go_on.set()
        scheduler.close()
    assert len(diarizer.released) == 1, "it answered after all"


def test_who_leaves_does_not_wait_for_a_diarizer_that_takes_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_driving, "PARTING", 0.0)
    diarizer = Blocked()
    diarizer.capabilities = replace(diarizer.capabilities, answers_within=3600.0)
    scheduler = DiarizerScheduler(diarizer)
    speakers = FileSpeakers(scheduler, DiarizationOptions(), lambda: None)
    try:
        speakers.receive_audio(np.zeros(16_000, np.float32), [0.9] * 32)
        speakers.work()
        diarizer.began.wait()
        speakers.close()
        assert diarizer.working
        assert not diarizer.released, "the diarizer is at work on it"
    finally:
        diarizer.may_go_on.set()
        scheduler.close()


def test_a_limit_shorter_than_a_step_of_the_diarizer_stops_nothing() -> None:
    diarizer = ScriptedDiarizer()
    diarizer.capabilities = replace(diarizer.capabilities, step=16_000 * 10)
    settings = Settings(vad=False, seconds_ahead=1)

    async def feed(driver: Driver) -> None:
        for _ in range(35):
            await driver.feed(bytes(32_000))

    live(diarizer, settings, feed)


def test_words_do_not_wait_for_a_diarizer_that_hangs_and_are_corrected_once_it_answers() -> None:
    diarizer = Blocked()
    voices: list[Voice] = []
    without = anyio.Event()

    def take(event: Event) -> None:
        if isinstance(event, Attributed):
            voices[event.first : event.first + len(event.voices)] = event.voices
            if len(voices) > 3 and all(voice.speaker is None for voice in voices):
                without.set()

    async def feed(driver: Driver) -> None:
        for _ in range(20):
            await driver.feed(bytes(16_000))
        await without.wait()
        diarizer.may_go_on.set()

    live(diarizer, Settings(vad=False, speaker_patience=0.1), feed, take)
    assert {voice.speaker for voice in voices} == {1, 2}


def test_a_session_that_is_over_does_not_wait_long_for_its_speakers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driving, "LAST_ANSWER", 0.0)
    diarizer = Blocked()
    codes: list[str] = []

    def take(event: Event) -> None:
        if isinstance(event, Warned):
            codes.append(event.code)
        elif isinstance(event, Ended):
            diarizer.may_go_on.set()

    async def feed(driver: Driver) -> None:
        await driver.feed(bytes(160_000))
        await anyio.to_thread.run_sync(diarizer.began.wait)

    live(diarizer, Settings(vad=False), feed, take)
    assert codes == ["diarization_error"]
