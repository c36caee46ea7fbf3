"""Which transducers are loaded, in which languages they hear, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the transducer engine needs the extra 'torch'")
pytest.importorskip("transformers", reason="the transducer engine needs the extra 'torch'")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tiny_transducer
    import torch
    from tiny_transducer import OPTIONS, ask, speech_of, text

from huggingface_hub import constants

from livestt.engines import EngineSettings, Job, Samples, StreamOptions
from livestt.engines.transducer import TransducerEngine, loading
from livestt.errors import BadModel, EngineError, ModelUnavailable, UnsupportedOption


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_transducer.build(tmp_path_factory.mktemp("transducer"))


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_transducer.build(tmp_path_factory.mktemp("multilingual"), multilingual=True)


@pytest.fixture(scope="module")
def speech() -> Samples:
    return speech_of("slt-02")


class TestLanguages:
    def test_are_those_of_the_model(self, multilingual: Path) -> None:
        engine = TransducerEngine(EngineSettings(str(multilingual), device="cpu", threads=1))
        assert engine.capabilities.languages == {"en", "fr", "th"}
        assert engine.capabilities.detects_language
        assert engine._prompt(StreamOptions(language="fr")) == 1
        assert engine._prompt(StreamOptions(language="th")) == 2
        assert engine._prompt(StreamOptions()) == 3
        engine.close()

    def test_each_session_is_prompted_with_its_own(
        self, multilingual: Path, speech: Samples
    ) -> None:
        engine = TransducerEngine(EngineSettings(str(multilingual), device="cpu", threads=1))
        options = [StreamOptions(language=code) for code in ("en", "fr", "th", None)]
        solo = [ask(engine, engine.open(o), speech, options=o) for o in options]
        jobs = [Job(engine.open(o), speech, 0, True, o) for o in options]
        assert [text(a) for a in engine.run(jobs)] == [text(a) for a in solo]
        assert len({text(a) for a in solo}) == len(solo)
        assert {word.language for word in solo[1].words} == {"fr"}
        engine.close()


class TestLoading:
    @pytest.fixture(autouse=True)
    def offline(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))

    @pytest.mark.parametrize(
        ("settings", "error", "says"),
        [
            ({"model": "small"}, BadModel, "small is a Whisper model"),
            ({"model": "./nowhere"}, BadModel, r"no folder \./nowhere"),
            ({"model": "base"}, ModelUnavailable, "nemotron-speech-streaming-en-0.6b"),
            ({"model": "org/name"}, ModelUnavailable, "HF_HUB_OFFLINE"),
            ({"compute_type": "int8"}, UnsupportedOption, "float32, float16, bfloat16"),
            ({"chunk_ms": 100}, UnsupportedOption, "80, 160, 560, 1120 ms"),
        ],
    )
    def test_refuses(
        self, folder: Path, settings: dict[str, Any], error: type[Exception], says: str
    ) -> None:
        with pytest.raises(error, match=says):
            TransducerEngine(EngineSettings(**{"model": str(folder), **settings}))

    def test_refuses_another_kind_of_model(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text('{"model_type": "parakeet_ctc"}')
        with pytest.raises(BadModel, match="a parakeet_ctc model"):
            TransducerEngine(EngineSettings(str(tmp_path)))
        (tmp_path / "config.json").write_text("{")
        with pytest.raises(BadModel, match="no Hugging Face model"):
            TransducerEngine(EngineSettings(str(tmp_path)))

    def test_says_what_is_missing(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
        with pytest.raises(EngineError, match="cannot load the model"):
            TransducerEngine(EngineSettings(str(tmp_path)))

    def test_no_gpu(self, folder: Path) -> None:
        if not torch.cuda.is_available():
            with pytest.raises(UnsupportedOption, match="no CUDA GPU"):
                loading.load(EngineSettings(str(folder), device="cuda"), print)

    def test_half_precision(self, folder: Path, speech: Samples) -> None:
        engine = TransducerEngine(
            EngineSettings(str(folder), device="cpu", threads=1, compute_type="bfloat16")
        )
        assert ask(engine, engine.open(OPTIONS), speech).words
        engine.close()
