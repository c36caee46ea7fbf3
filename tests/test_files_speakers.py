"""Files with speakers: the same stage as live, worked off as fast as it goes."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from speakers.fixture_models import conversation, loaded

from livestt.engines import Engine
from livestt.engines.scripted import ScriptedEngine, script_of
from livestt.errors import EngineError
from livestt.files import transcribe_file
from livestt.pipeline import Manner
from livestt.residence import Models
from livestt.resident import Resident, resident
from livestt.settings import Settings
from livestt.speakers import Activity, DiarizerJob
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn
from livestt.subtitles import render
from livestt.timebase import from_ms
from livestt.transcript import Transcript

TEXT = "My name is Ada Lovelace. And mine is Charles, how do you do? Very well, I thank you."
TURNS = [
    ScriptedTurn(0, 0, from_ms(5 * 400)),
    ScriptedTurn(1, from_ms(5 * 400), from_ms(13 * 400)),
    ScriptedTurn(2, from_ms(13 * 400), from_ms(18 * 400)),
]


def write(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    return write(tmp_path / "nothing.wav", np.zeros(16_000 * 9, np.float32))


def heard(path: Path, diarizer: ScriptedDiarizer, manner: Manner | None = None) -> Transcript:
    engine = ScriptedEngine(script=script_of(TEXT))
    return transcribe_file(path, engine, Settings(vad=False), None, diarizer, manner)


def speakers(transcript: Transcript) -> list[int | None]:
    return [segment.speaker for segment in transcript.segments]


def test_segments_are_whose_they_are(nothing: Path) -> None:
    transcript = heard(nothing, ScriptedDiarizer(turns=TURNS))
    assert speakers(transcript) == [1, 2, 3]
    assert render(transcript, "text").splitlines()[1].startswith("Speaker 2: And mine")


@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        (Manner(max_speakers=2), {1, 2}),
        (Manner(min_speakers=1, max_speakers=1), {1}),
        (Manner(min_speakers=3, max_speakers=3), {1, 2, 3}),
        (Manner(diarization=False), {None}),
    ],
)
def test_as_many_speakers_as_there_are(
    nothing: Path, manner: Manner, expected: set[int | None]
) -> None:
    assert set(speakers(heard(nothing, ScriptedDiarizer(turns=TURNS), manner))) == expected


class Broken(ScriptedDiarizer):
    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        raise EngineError("it was told to fail")


def test_a_diarizer_that_fails_costs_only_the_speakers(nothing: Path) -> None:
    transcript = heard(nothing, Broken())
    assert transcript.text == TEXT
    assert set(speakers(transcript)) == {None}


def test_models_that_nobody_needs_leave_only_after_the_last_stream(
    nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models(ScriptedEngine(script=script_of(TEXT)), ScriptedDiarizer(turns=TURNS))
    kept = resident(models, Settings())
    assert isinstance(kept.engine, Resident)
    residence = kept.engine.residence
    let_go = residence.let_go

    def let_go_and_leave() -> None:
        let_go()
        residence.evict()

    monkeypatch.setattr(residence, "let_go", let_go_and_leave)
    settings = Settings(vad=False)
    transcript = transcribe_file(nothing, kept.engine, settings, None, kept.diarizer)
    assert transcript.text == TEXT
    assert residence.state == "unloaded"


@pytest.mark.parametrize("kind", ["sortformer", "nemotron"])
def test_people_in_a_recording(tmp_path: Path, whisper: Engine, kind: str) -> None:
    samples, said = conversation("slt-01", "rms-01", "slt-02", "rms-02")
    path = write(tmp_path / "talk.wav", samples)
    diarizer = loaded(kind)
    transcript = transcribe_file(path, whisper, Settings(language="en"), None, diarizer)
    words = [word for segment in transcript.segments for word in segment.words]
    right = 0
    for word in words:
        middle = (word.start + word.end) / 2 / 16_000
        voice = min(said, key=lambda turn: max(turn[1] - middle, middle - turn[2]))[0]
        right += word.speaker == 1 + (voice == "rms")
    assert right >= 0.9 * len(words) > 0
