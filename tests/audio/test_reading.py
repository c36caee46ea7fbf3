"""Whole files, read piece by piece."""

from __future__ import annotations

import io

import numpy as np
import pytest

from livestt.audio import AudioFormat
from livestt.audio import reading as module
from livestt.audio.reading import read_audio
from livestt.engines import Samples
from livestt.errors import BadAudio

from .helpers import correlation, encode, s16, sweep


def whole(data: bytes, audio_format: AudioFormat | None = None) -> Samples:
    return np.concatenate(list(read_audio(io.BytesIO(data), audio_format)))


def test_headerless_samples_are_what_they_are_said_to_be() -> None:
    samples = sweep(5.0)
    heard = whole(s16(samples), AudioFormat("s16le"))
    assert np.abs(heard - samples).max() < 1e-3


@pytest.mark.parametrize("options", [{}, {"movflags": "frag_keyframe+empty_moov"}])
def test_an_mp4_is_read_wherever_its_index_is(options: dict[str, str]) -> None:
    samples = sweep(5.0)
    heard = whole(encode(samples, 16_000, "mp4", "aac", options=options))
    assert abs(len(heard) - len(samples)) < 4_000
    assert correlation(heard, samples) > 0.95


def test_blocks_are_neither_tiny_nor_the_whole_file() -> None:
    data = encode(sweep(20.0), 16_000, "mp4", "aac")
    sizes = [len(block) for block in read_audio(io.BytesIO(data))]
    assert min(sizes[:-1]) >= 16_000
    assert max(sizes) < 3 * 16_000


def test_an_index_far_into_the_file_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNIFFED", 1000)
    assert len(whole(encode(sweep(5.0), 16_000, "mp4", "aac"))) > 70_000


@pytest.mark.parametrize("data", [b"", b"no audio at all " * 100, b"\0" * 5000])
def test_what_is_no_audio(data: bytes) -> None:
    with pytest.raises(BadAudio):
        whole(data)
