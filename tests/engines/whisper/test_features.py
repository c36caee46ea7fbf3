"""Our log-mel spectrograms are those that Whisper was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from faster_whisper.feature_extractor import FeatureExtractor

from livestt.engines.whisper.features import QUIET, log_mel, mel_filters

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech" / "slt-01.flac"


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("length", [8_000, 16_000, 69_904])
def test_the_same_as_elsewhere(bands: int, length: int) -> None:
    audio, _ = soundfile.read(SPEECH, dtype="float32", frames=length)
    theirs = FeatureExtractor(feature_size=bands)(audio, padding=160)[:, : len(audio) // 160]
    ours = log_mel(audio, bands)
    assert ours.shape == (bands, len(audio) // 160)
    assert ours.dtype == np.float32
    assert np.allclose(ours, theirs, atol=1e-5)


def test_very_quiet_speech_is_lifted() -> None:
    """However quiet it is, as long as the lift lasts; what is loud enough is left alone."""
    audio, _ = soundfile.read(SPEECH, dtype="float32")
    loud = log_mel(audio, 80)
    quiet = [log_mel(audio * np.float32(gain), 80) for gain in (0.01, 0.003)]
    assert np.allclose(*quiet, atol=1e-4)
    assert quiet[0].max() == pytest.approx((QUIET + 4) / 4, abs=1e-4)
    assert np.allclose(quiet[0] - quiet[0].max(), loud - loud.max(), atol=1e-4)
    hardly = log_mel(audio * np.float32(1e-5), 80)
    assert hardly.max() < quiet[0].max() - 0.1


def test_silence_is_the_floor() -> None:
    assert np.allclose(log_mel(np.zeros(16_000, np.float32), 80), -1.5)


def test_too_little_audio_has_no_frame() -> None:
    assert log_mel(np.zeros(159, np.float32), 80).shape == (80, 0)


def test_every_band_hears_something() -> None:
    assert mel_filters(80).shape == (80, 201)
    assert (mel_filters(128).max(axis=1) > 0).all()
