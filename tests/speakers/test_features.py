from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestt.speakers.features import HOP, LogMel, mel_filters
from tests.speakers.fixture_models import speech

VECTORS = Path(__file__).parents[1] / "vectors/diarization.npz"
AUDIO = slice(20_000, 36_077)


def whole(mel: LogMel, audio: np.ndarray) -> np.ndarray:
    pending = mel.push(mel.start(), audio)
    return mel.take(pending, pending.left)[0]


@pytest.mark.parametrize("source", ["nemo-80", "nemo-128", "transformers-80", "transformers-128"])
def test_equal_what_the_models_were_trained_on(source: str) -> None:
    """References compute in float32, which near silence is good for some 1e-4 of a logarithm."""
    expected = np.load(VECTORS)[source]
    got = whole(LogMel(expected.shape[1]), speech("stream-two-voices")[AUDIO])
    assert got.shape == expected.shape
    assert np.quantile(np.abs(got - expected), 0.99) < 1e-4
    np.testing.assert_allclose(np.exp(got), np.exp(expected), rtol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=6), st.integers(1, 40))
def test_any_cut_gives_the_same_frames(cuts: list[int], block: int) -> None:
    mel, audio = LogMel(80), speech("slt-01")[:16_000]
    edges = [0, *sorted(min(cut, len(audio)) for cut in cuts), len(audio)]
    pending, got = mel.start(), []
    for begin, end in pairwise(edges):
        pending = mel.push(pending, audio[begin:end])
        while pending.ready >= block:
            frames, pending = mel.take(pending, block)
            got.append(frames)
    frames, pending = mel.take(pending, pending.left)
    np.testing.assert_allclose(np.concatenate([*got, frames]), whole(mel, audio), atol=1e-5)
    assert pending.left == 0


def test_a_frame_is_ready_when_its_window_is_here() -> None:
    mel = LogMel(80)
    short = mel.push(mel.start(), np.zeros(199, np.float32))
    assert (short.ready, short.left) == (0, 1)
    assert mel.push(short, np.zeros(1, np.float32)).ready == 1


def test_nothing_was_heard() -> None:
    pending = LogMel(80).start()
    assert (pending.ready, pending.left) == (0, 0)
    assert LogMel(80).push(pending, np.zeros(0, np.float32)) is pending


def test_filters_cover_every_frequency_once() -> None:
    filters = mel_filters(128)
    widths = filters.max(1) > 0
    assert filters.shape == (128, 257)
    assert widths.mean() > 0.9
    # Between the first and the last centre each frequency belongs to two filters or one.
    assert ((filters > 0).sum(0)[4:-8] >= 1).all()
    assert ((filters > 0).sum(0) <= 2).all()


def test_a_tone_shows_where_it_is() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(HOP * 50) / 16_000).astype(np.float32)
    frames = whole(LogMel(80), tone)
    assert {int(frame.argmax()) for frame in frames[2:-2]} == {26}
