"""Which diarizer is for live sessions, and which for files."""

from __future__ import annotations

import pytest

from livestt.errors import UnsupportedOption
from livestt.settings import Settings
from livestt.speakers.registry import load_diarizer, load_file_diarizer
from livestt.speakers.scripted import ScriptedDiarizer

from .fixture_models import MODELS, joined, loaded, run, speech

SETTINGS = Settings(diarization_model=str(MODELS / "sortformer"), threads=1)


def test_files_share_the_model_of_the_live_sessions_at_another_latency() -> None:
    live = load_diarizer(SETTINGS)
    files = load_file_diarizer(SETTINGS, live)
    assert (live.capabilities.preset, files.capabilities.preset) == ("1.04", "30.4")
    assert files.capabilities.step > live.capabilities.step
    live.close()
    audio = speech("stream-two-voices")
    alone = loaded("sortformer", "30.4")
    assert (joined(run(files, audio)) == joined(run(alone, audio))).all()


def test_a_diarizer_without_presets_is_for_both() -> None:
    live = ScriptedDiarizer()
    assert load_file_diarizer(Settings(), live) is live


def test_files_alone_load_the_model_at_their_latency() -> None:
    assert load_file_diarizer(SETTINGS).capabilities.preset == "30.4"


def test_files_may_have_a_diarizer_of_their_own() -> None:
    settings = Settings(diarization_file_backend="scripted")
    assert load_file_diarizer(settings, loaded("sortformer")).capabilities.name == "scripted"


def test_a_latency_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(UnsupportedOption, match="--diarization-file-latency"):
        loaded("sortformer").at("7")
