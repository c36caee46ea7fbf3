"""Settings into the parts of the pipeline."""

from __future__ import annotations

import numpy as np
import pytest
from server.engines import Watched

from livestt.errors import UnsupportedOption
from livestt.pipeline import Pipeline, endpointing, layout, tuning
from livestt.policies.local_agreement import LocalAgreement
from livestt.settings import Settings


def test_settings_reach_the_parts() -> None:
    settings = Settings(
        vad_threshold=0.3,
        vad_min_silence_ms=700,
        min_chunk_size=1.0,
        audio_max_len=20.0,
        pause_segmentation_seconds=2.0,
    )
    assert endpointing(settings).threshold == 0.3
    assert endpointing(settings).release_threshold == pytest.approx(0.15)
    assert endpointing(settings).min_silence_ms == 700
    assert (tuning(settings).step, tuning(settings).max_window) == (16_000, 320_000)
    assert layout(settings).silence == 32_000


def test_vad_and_policy_are_as_set() -> None:
    capabilities = Watched().capabilities
    assert Pipeline(Settings(vad=False), capabilities).open_vad() is None
    vad = Pipeline(Settings(), capabilities).open_vad()
    assert vad is not None
    assert vad.probabilities(np.zeros(512, np.float32)).shape == (1,)
    chosen = Pipeline(Settings(backend_policy="localagreement"), capabilities).open_policy()
    assert isinstance(chosen, LocalAgreement)


def test_a_policy_that_the_engine_cannot_serve_is_refused() -> None:
    from dataclasses import replace

    blind = replace(Watched().capabilities, attends=False)
    with pytest.raises(UnsupportedOption):
        Pipeline(Settings(backend_policy="alignatt"), blind)
