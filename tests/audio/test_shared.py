"""Real recordings, where the environment variable LIVESTT_SHARED names a corpus of them.

The folder, or its ``data``, holds ``manifest.jsonl``: a row with ``id``, ``kind`` and ``file``
for each item. Codec items named ``codec-*`` are one utterance in many forms; the one in raw
s16le at 16 kHz is the original of the others.
"""

from __future__ import annotations

import contextlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livestt.audio import AudioFormat, Frontend, open_decoder
from livestt.engines import Samples
from livestt.errors import BadAudio
from livestt.vad.endpointing import Endpointer
from livestt.vad.silero import SileroVad

from .helpers import chunks, correlation, decode

pytestmark = pytest.mark.shared

SHARED = os.environ.get("LIVESTT_SHARED")
if SHARED is None:
    pytest.skip("LIVESTT_SHARED is not set", allow_module_level=True)
ROOT = next(p for p in (Path(SHARED), Path(SHARED, "data")) if (p / "manifest.jsonl").is_file())


@cache
def items(kind: str) -> dict[str, Any]:
    rows = map(json.loads, (ROOT / "manifest.jsonl").read_text().splitlines())
    return {row["id"]: row for row in rows if row["kind"] == kind}


def content(row: dict[str, Any]) -> bytes:
    return (ROOT / row["file"]).read_bytes()


def form(row: dict[str, Any]) -> AudioFormat:
    arguments = row.get("ffmpeg_input_args")
    return AudioFormat(arguments[1], int(arguments[3])) if arguments else AudioFormat()


def original() -> Samples:
    row = items("codec")["codec-dev-raw-s16le-16k"]
    return decode(open_decoder(form(row)), [content(row)])


def telephone(samples: Samples) -> Samples:
    """What a codec of 8 kHz can carry of it."""
    spectrum = np.fft.rfft(samples)
    spectrum[len(spectrum) // 2 :] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


@pytest.mark.parametrize("backend", ["pyav", "ffmpeg"])
@pytest.mark.parametrize("name", items("codec"))
def test_every_form_decodes_to_its_original(name: str, backend: Any):
    row = items("codec")[name]
    samples = decode(open_decoder(form(row), backend), chunks(content(row), [3_000]))
    assert len(samples) == pytest.approx(row["seconds"] * 16_000, abs=1_600)
    if name.startswith("codec-"):
        reference = telephone(original()) if "-8k" in name else original()
        assert correlation(samples, reference) > 0.99


@pytest.mark.parametrize("name", items("codec"))
def test_any_chunking_gives_the_same_samples(name: str):
    row = items("codec")[name]
    data = content(row)
    cut = decode(open_decoder(form(row)), chunks(data, [777, 5, 4_096]))
    assert np.array_equal(cut, decode(open_decoder(form(row)), [data]))


@pytest.mark.parametrize("name", items("codec"))
def test_damage_never_hangs_and_raises_only_bad_audio(name: str):
    row = items("codec")[name]
    data = content(row)
    random = np.random.default_rng(len(data))
    for _ in range(4):
        damaged = bytearray(data[: random.integers(len(data))])
        for place in random.integers(0, max(1, len(damaged)), 30):
            damaged[place : place + 1] = random.bytes(1)
        with contextlib.suppress(BadAudio):
            decode(open_decoder(form(row)), chunks(bytes(damaged), [2_000]))


def test_speech_is_found_where_it_is():
    row = items("codec")["codec-dev-webm-opus"]
    frontend = Frontend(open_decoder(form(row)), SileroVad().open())
    endpointer = Endpointer()
    heard = [frontend.feed(piece) for piece in chunks(content(row), [1_500])]
    heard += frontend.finish()
    frontend.close()
    events = [event for part in heard for event in endpointer.receive(part.probabilities)]
    events += endpointer.finish(round(row["seconds"] * 16_000))
    speech = sum(b.at - a.at for a, b in zip(events[::2], events[1::2], strict=True))
    assert len(events) >= 2
    assert 0.9 * row["speech_seconds_vad"] < speech / 16_000 < row["seconds"]
