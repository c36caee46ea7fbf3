"""A session's speakers in motion: real models live, and what happens when somebody leaves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import anyio
import anyio.to_thread
import numpy as np
import pytest

from livestt.engines import Engine
from livestt.events import Attributed, Committed, Ended
from livestt.settings import Settings
from livestt.speakers import Activity, DiarizerJob
from livestt.speakers.diarization import DiarizationOptions
from livestt.speakers.driving import drive_speakers
from livestt.speakers.scheduler import DiarizerScheduler
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedStream
from livestt.testing import Harness

from .fixture_models import conversation, loaded


@pytest.mark.parametrize("latency", ["0.32", "1.04"])
def test_two_people_live(whisper: Engine, latency: str) -> None:
    samples, said = conversation("slt-01", "rms-01", "slt-02", "rms-02", "rms-03", "slt-04")

    async def live() -> Harness:
        settings = Settings(language="en")
        async with Harness(whisper, settings, diarizer=loaded("sortformer", latency)) as harness:
            await harness.feed(samples)
            await harness.finish()
            return harness

    events = asyncio.run(live()).events
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
