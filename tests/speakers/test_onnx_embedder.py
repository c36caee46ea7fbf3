"""The small speaker model of the fixtures, run as a published one would be: it knows its voices."""

from __future__ import annotations

import wave
from functools import cache
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from livestt.engines.scripted import ScriptedEngine
from livestt.errors import BadModel, MissingExtra, UnsupportedOption
from livestt.files import transcribe_file
from livestt.pipeline import Manner
from livestt.settings import Settings
from livestt.speakers.embedder_registry import load_embedder
from livestt.speakers.embeddings import EmbedderJob, EmbedderSettings, Embedding, cosine, unit
from livestt.speakers.onnx_embedder import OnnxEmbedder
from livestt.speakers.profiles import Profile

from .fixture_models import FIXTURES, conversation, loaded, speech

MODEL = FIXTURES / "speaker" / "voices.onnx"
VOICES = ("slt", "rms", "awb")


@cache
def embedder() -> OnnxEmbedder:
    return OnnxEmbedder(EmbedderSettings(str(MODEL), threads=1))


@cache
def sound(name: str) -> Embedding:
    return embedder().run([EmbedderJob(speech(name))])[0]


def test_it_tells_the_voices_of_the_fixtures_apart() -> None:
    names = [f"{voice}-{i:02}" for voice in VOICES for i in range(1, 9)]
    alike = {(a, b): cosine(sound(a), sound(b)) for a, b in combinations(names, 2)}
    threshold = embedder().capabilities.threshold
    same = [c >= threshold for (a, b), c in alike.items() if a[:3] == b[:3]]
    others = [c < threshold for (a, b), c in alike.items() if a[:3] != b[:3]]
    assert np.mean(same) >= 0.95
    assert np.mean(others) >= 0.95


def test_an_answer_is_a_unit_vector_and_no_matter_of_the_batch() -> None:
    jobs = [EmbedderJob(speech(f"{voice}-01")[:32_000]) for voice in VOICES]
    together = embedder().run(jobs)
    assert len({embedder().batch_key(job) for job in jobs}) == 1
    for job, vector in zip(jobs, together, strict=True):
        assert vector.shape == (embedder().capabilities.dimensions,) == (256,)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(vector, embedder().run([job])[0], atol=1e-5)


def test_loudness_makes_no_difference() -> None:
    quiet = embedder().run([EmbedderJob(speech("slt-01") * np.float32(0.1))])[0]
    assert cosine(quiet, sound("slt-01")) > 0.98


def test_people_in_a_file_are_named(tmp_path: Path) -> None:
    samples, _ = conversation("slt-01", "rms-01", "slt-02", "rms-02", "slt-03", "rms-03")
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    known = [
        Profile(voice, voice.upper(), unit(sound(f"{voice}-07") + sound(f"{voice}-08")))
        for voice in VOICES
    ]
    transcript = transcribe_file(
        path, ScriptedEngine(), Settings(), None, loaded("sortformer"),
        Manner(known=lambda: known), embedder(),
    )  # fmt: skip
    assert transcript.people.names == {1: "SLT", 2: "RMS"}


def test_what_is_no_speaker_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(BadModel, match="cannot be loaded"):
        OnnxEmbedder(EmbedderSettings(str(tmp_path)))
    (tmp_path / "y.onnx").write_bytes(b"nothing")
    with pytest.raises(BadModel, match=r"x\.onnx, y\.onnx"):
        OnnxEmbedder(EmbedderSettings(str(tmp_path)))
    with pytest.raises(BadModel, match="--embedding-model"):
        OnnxEmbedder(EmbedderSettings())
    with pytest.raises(BadModel, match="not a speaker model that livestt can run"):
        OnnxEmbedder(EmbedderSettings(str(FIXTURES / "diarizers/sortformer/head.onnx")))


class TestChoice:
    def test_a_model_chooses_its_embedder(self) -> None:
        assert load_embedder(Settings()) is None
        found = load_embedder(Settings(embedding_model=str(MODEL)))
        assert isinstance(found, OnnxEmbedder)
        assert found.capabilities.model.startswith("speaker/voices#")

    def test_profiles_need_one(self) -> None:
        with pytest.raises(UnsupportedOption, match="--embedding-model"):
            load_embedder(Settings(voices=True))

    @pytest.mark.skipif(find_spec("resemblyzer") is not None, reason="it is installed")
    def test_resemblyzer_names_its_extra(self) -> None:
        with pytest.raises(MissingExtra, match="the extra 'resemblyzer'"):
            load_embedder(Settings(embedding_backend="resemblyzer"))
