"""Engines and files are measured through the public interface, without a guard in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livestt.bench.engine import (
    Cost,
    EngineReport,
    Meter,
    Row,
    continued,
    hearing,
    measure_engine,
    speech_like,
    unguarded,
    writing,
)
from livestt.bench.files import items_of, summed_up, transcribe
from livestt.engines import EngineSettings, Hypothesis, Job, StreamOptions
from livestt.engines.faster_whisper import FasterWhisperEngine
from livestt.engines.scripted import ScriptedEngine
from livestt.engines.whisper import guards, prompts
from livestt.events import Word
from livestt.settings import Settings
from livestt.timebase import SAMPLE_RATE, from_seconds

from .conftest import SCRIPT, SECONDS, TEXT

MODEL = Path(__file__).parents[1] / "fixtures" / "whisper-synth"


def test_window_engine() -> None:
    parts: list[str] = []
    report = measure_engine(ScriptedEngine(), speech_like(3), 0.5, repeats=1, on_part=parts.append)
    assert (report.name, report.streaming, report.step) == ("scripted", "window", 0.5)
    assert [row.size for row in report.windows] == [8, 10, 12, 15, 20, 30]
    assert [row.size for row in report.batches] == [1, 2, 4, 8]
    assert [row.size for row in report.prefixes] == [0, 2, 5, 10]
    assert report.windows[-1].cost.words > report.windows[0].cost.words > 0
    assert report.rtf > 0
    assert parts[0] == "warm up"


class Native(ScriptedEngine):
    """Keeps its streams itself, and checks that they are treated as streams."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, streaming="native", max_batch=2)
        self.open_streams: set[int] = set()
        self.next: dict[int, int] = {}

    def open(self, options: StreamOptions) -> int:
        stream = len(self.next)
        self.next[stream] = 0
        self.open_streams.add(stream)
        return stream

    def release(self, stream: int) -> None:  # type: ignore[override]
        self.open_streams.remove(stream)

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        for job in jobs:
            assert job.stream in self.open_streams
            assert job.start == self.next[job.stream]
            self.next[job.stream] = job.end
        return super().run(jobs)


def test_native_engine() -> None:
    engine = Native()
    report = measure_engine(engine, speech_like(3), 0.5, repeats=2)
    assert (report.windows, report.prefixes) == ((), ())
    assert [row.size for row in report.batches] == [1, 2]
    assert engine.open_streams == set()


def test_whisper_on_noise() -> None:
    engine = FasterWhisperEngine(EngineSettings(model=str(MODEL), threads=1))
    meter = Meter(engine, np.resize(speech_like(3), from_seconds(30)), repeats=1)
    with unguarded():
        short, full, step = meter.whole(5.0), meter.whole(27.0), meter.steps(2)
    engine.close()
    assert full.cpu > short.cpu > 0
    assert step.cpu > 0


def test_guards_come_back() -> None:
    before = guards.fault
    with unguarded():
        assert guards.fault is not before
    assert guards.fault is before


def test_so_many_tokens_a_second() -> None:
    before = prompts.max_new_tokens(4)
    with writing(3.5):
        assert prompts.max_new_tokens(4) == 15
    with writing(None):
        assert prompts.max_new_tokens(4) == before


def report(*batches: tuple[int, float, float], device: str = "cpu") -> EngineReport:
    rows = tuple(Row(n, Cost(wall, cpu, n)) for n, wall, cpu in batches)
    return EngineReport("x", "y", device, "window", 0.1, (), rows, (), 0.5, 0.0, 2)


def test_capacity() -> None:
    one = report((1, 0.05, 0.1))
    assert one.capacity(0.5) == 7  # 0.75 x 0.5 s / 50 ms of waiting for it
    assert one.capacity(1.0) == 15
    batched = report((1, 0.05, 0.1), (4, 0.1, 0.1))
    assert batched.job == Cost(0.025, 0.025, 1)
    assert batched.capacity(0.5) == 15
    busy = report((1, 0.05, 0.2))
    assert busy.capacity(0.5) == 3  # 0.75 x 2 cores / 0.4 s of CPU per second
    assert replace(busy, device="cuda").capacity(0.5) == 7
    assert replace(one, hearing=0.5).capacity(1.0) == 2


def test_a_live_step_follows_its_committed_words() -> None:
    words = tuple(Word(f" {i}", i * SAMPLE_RATE, (i + 1) * SAMPLE_RATE) for i in range(5))
    job = Job(None, np.zeros(from_seconds(5), np.float32), 0, False, StreamOptions())
    after = continued(job, Hypothesis(words), 2)
    assert after.prefix == words[:2]
    assert len(after.audio) == from_seconds(3.5)
    assert len(continued(job, Hypothesis(()), 2).audio) == from_seconds(1.5)


def test_speech_like() -> None:
    sound = speech_like(2.0)
    assert len(sound) == 2 * SAMPLE_RATE
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(0.3, abs=0.01)
    assert hearing(sound) > 0


def test_files(manifest: Path) -> None:
    engine = ScriptedEngine(script=SCRIPT)
    [item] = items_of([manifest])
    told: list[float] = []
    settings = Settings(vad=False, language="en")
    result = transcribe(item, engine, settings, told.append)
    assert (result.text, result.language, result.seconds) == (TEXT, "en", SECONDS)
    assert told[-1] == SECONDS
    other = replace(result, text="", item=replace(item, kind="other"))
    alike, silent = summed_up([result, other])
    assert (alike.kind, alike.items, alike.with_words) == ("all", 1, 1)
    assert alike.errors.wer == 0
    assert alike.speed == result.seconds / result.took
    assert (silent.with_words, silent.errors.wer, silent.errors.deleted) == (0, 1.0, 6)


def test_plain_files_have_their_text_beside_them(manifest: Path, tmp_path: Path) -> None:
    sound = manifest.parent / "noise.wav"
    with_text = tmp_path / "a.wav"
    with_text.write_bytes(sound.read_bytes())
    with_text.with_suffix(".txt").write_text(" Said.\n", encoding="utf-8")
    said, unsaid = items_of([with_text, sound])
    assert (said.text, unsaid.text) == ("Said.", "")
    french = replace(said, language="fr")
    assert transcribe(french, ScriptedEngine(), Settings(vad=False)).language == "fr"
