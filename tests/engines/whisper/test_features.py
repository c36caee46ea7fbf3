"""Our log-mel spectrograms are those that Whisper was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from faster_whisper.feature_extractor import FeatureExtractor

from livestt.engines.whisper.features import log_mel, mel_filters

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech" / "slt-01.flac"


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("length", [400, 1599, 16_000, 69_904])
def test_the_same_as_elsewhere(bands: int, length: int) -> None:
    audio, _ = soundfile.read(SPEECH, dtype="float32", frames=length)
    theirs = FeatureExtractor(feature_size=bands)(audio, padding=160)[:, : len(audio) // 160]
    ours = log_mel(audio, bands)
    assert ours.shape == (bands, len(audio) // 160)
    assert ours.dtype == np.float32
    assert np.allclose(ours, theirs, atol=1e-5)


def test_silence_is_the_floor() -> None:
    assert np.allclose(log_mel(np.zeros(16_000, np.float32), 80), -1.5)


def test_too_little_audio_has_no_frame() -> None:
    assert log_mel(np.zeros(159, np.float32), 80).shape == (80, 0)


def test_every_band_hears_something() -> None:
    assert mel_filters(80).shape == (80, 201)
    assert (mel_filters(128).max(axis=1) > 0).all()
