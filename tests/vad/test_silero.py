from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import Samples
from livestt.errors import SetupError
from livestt.vad import FRAME
from livestt.vad.silero import SileroVad, find_model

SECONDS = 3


@cache
def vad() -> SileroVad:
    return SileroVad()


@cache
def vowel() -> Samples:
    """Half silence, half a voice-like buzz: pulses of 120 Hz through three resonances."""
    half = SECONDS * 16_000 // 2
    source = np.zeros(half)
    source[:: 16_000 // 120] = 1.0
    for frequency, width in ((700, 80), (1_200, 90), (2_600, 120)):
        radius = np.exp(-np.pi * width / 16_000)
        delay1 = delay2 = 0.0
        turn = 2 * radius * np.cos(2 * np.pi * frequency / 16_000)
        for i, x in enumerate(source):
            source[i] = x + turn * delay1 - radius**2 * delay2
            delay1, delay2 = source[i], delay1
    envelope = np.abs(np.sin(2 * np.pi * 2 * np.arange(half) / 16_000))  # four syllables a second
    voice = source * envelope / np.abs(source).max()
    samples = np.concatenate([np.zeros(half), voice]).astype(np.float32)
    return samples[: len(samples) // FRAME * FRAME]


def test_a_voice_is_told_from_silence():
    speech = vad().open().probabilities(vowel())
    half = len(speech) // 2
    assert speech.dtype == np.float32
    assert speech[:half].max() < 0.3
    assert speech[half + 5 :].max() > 0.6


def test_streams_share_nothing():
    samples = vowel()
    first, second = vad().open(), vad().open()
    expected = first.probabilities(samples)
    first.probabilities(samples)
    assert np.array_equal(second.probabilities(samples), expected)


@given(sizes=st.lists(st.integers(0, 20), min_size=1, max_size=5).filter(any))
def test_frames_one_by_one_or_together_are_the_same(sizes: list[int]):
    samples = vowel()[-40 * FRAME :]
    stream, parts, start, turn = vad().open(), [], 0, 0
    while start < len(samples):
        size = sizes[turn % len(sizes)] * FRAME
        parts.append(stream.probabilities(samples[start : start + size]))
        start, turn = start + size, turn + 1
    assert np.array_equal(np.concatenate(parts), vad().open().probabilities(samples))


def test_partial_frames_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="512"):
        vad().open().probabilities(np.zeros(100, np.float32))


def test_a_missing_model_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match="pip install"):
        SileroVad()


def test_the_model_is_found_without_importing_its_package():
    before = set(sys.modules)
    assert isinstance(find_model(), Path)
    assert not {name for name in set(sys.modules) - before if name.startswith("faster_whisper")}
