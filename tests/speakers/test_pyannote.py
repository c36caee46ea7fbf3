"""pyannote.audio's pipelines for files, by a stand-in that keeps to its public interface."""

from __future__ import annotations

import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from livestt.engines.scripted import ScriptedEngine, script_of
from livestt.errors import BadModel, MissingExtra
from livestt.files import transcribe_file
from livestt.pipeline import Manner
from livestt.settings import Settings
from livestt.speakers import DiarizerSettings
from livestt.speakers.conformance import check_diarizer
from livestt.speakers.pyannote import FRAME, MAX_SPEAKERS, PyannoteDiarizer, activity
from livestt.speakers.registry import load_file_diarizer
from tests.speakers.fixture_models import speech

TEXT = "My name is Ada Lovelace. And mine is Charles, how do you do?"
AUDIO = speech("stream-two-voices")[: 16_000 * 12 + 77]


class Span(NamedTuple):
    start: float
    end: float


class Annotation:
    """Two speakers: the first two seconds, and all the rest."""

    def __init__(self, seconds: float) -> None:
        self._turns = [("B", 0.0, min(2.0, seconds)), ("A", 2.0, seconds)]

    def itertracks(self, yield_label: bool) -> Iterator[tuple[Span, str, str]]:
        assert yield_label
        for name, start, end in self._turns:
            yield Span(start, end), "_", name


class StandIn:
    """`pyannote.audio.Pipeline`, as far as it is used."""

    known = True
    asked: list[dict[str, Any]]

    @classmethod
    def from_pretrained(cls, checkpoint: str, *, cache_dir: str | None) -> StandIn | None:
        if not cls.known:
            raise OSError("401: gated")
        return cls()

    def to(self, device: str) -> None:
        assert device == "cpu"

    def __call__(self, file: dict[str, Any], **count: int | None) -> Any:
        StandIn.asked.append(count)
        channels, samples = file["waveform"].shape
        assert (channels, file["sample_rate"]) == (1, 16_000)
        return SimpleNamespace(speaker_diarization=Annotation(samples / 16_000))


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    torch: Any = ModuleType("torch")
    torch.from_numpy, torch.device = np.asarray, str
    torch.cuda = SimpleNamespace(is_available=lambda: False)
    audio: Any = ModuleType("pyannote.audio")
    audio.Pipeline = StandIn
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "pyannote", ModuleType("pyannote"))
    monkeypatch.setitem(sys.modules, "pyannote.audio", audio)
    monkeypatch.setattr(StandIn, "known", True)
    monkeypatch.setattr(StandIn, "asked", [], raising=False)


def test_it_keeps_the_laws() -> None:
    check_diarizer(PyannoteDiarizer(DiarizerSettings(model="any")), AUDIO)


def test_a_file_with_as_many_speakers_as_somebody_knows(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 6))
    settings = Settings(vad=False, diarization_file_backend="pyannote")
    transcript = transcribe_file(
        path,
        ScriptedEngine(script=script_of(TEXT)),
        settings,
        None,
        load_file_diarizer(settings),
        Manner(min_speakers=2, max_speakers=3),
    )
    assert [(s.speaker, s.text) for s in transcript.segments] == [
        (1, "My name is Ada Lovelace."),
        (2, "And mine is Charles, how do you do?"),
    ]
    assert StandIn.asked == [{"min_speakers": 2, "max_speakers": 3}]


def test_voices_are_numbered_as_they_come_and_may_overlap() -> None:
    rows = activity([(1.0, 3.0, "A"), (0.5, 2.0, "B")], 200)
    assert rows.shape == (200, MAX_SPEAKERS)
    second = 16_000 // FRAME
    assert np.flatnonzero(rows[:, 0]).tolist() == list(range(second // 2, 2 * second))
    assert np.flatnonzero(rows[:, 1]).tolist() == list(range(second, 3 * second))


def test_more_voices_than_columns_are_survived() -> None:
    rows = activity([(i * 0.1, i * 0.1 + 0.1, str(i)) for i in range(MAX_SPEAKERS + 5)], 200)
    assert rows.sum() == MAX_SPEAKERS * 5


def test_what_to_do_without_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StandIn, "known", False)
    with pytest.raises(BadModel, match=r"gated.*hf auth"):
        PyannoteDiarizer(DiarizerSettings(model="pyannote/x"))


def test_what_to_do_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyannote.audio", None)
    with pytest.raises(MissingExtra, match="the extra 'pyannote'"):
        PyannoteDiarizer(DiarizerSettings(model="pyannote/x"))
