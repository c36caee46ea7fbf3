"""Whisper on MLX, here on its CPU back end. Skipped without the extra; scripts/test-engines
installs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attentive import FIXTURES, AttentiveTests, ask, job, need, sentences, text
from ct2_weights import export

from livestt.engines import EngineSettings
from livestt.errors import BadModel, UnsupportedOption

mx: Any = need("mlx.core", "mlx")
need("mlx_whisper", "mlx")

from livestt.engines import mlx_loading, vocabularies  # noqa: E402
from livestt.engines.mlx_whisper import MlxWhisperEngine  # noqa: E402


@pytest.fixture(scope="module")
def hugging_face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(FIXTURES / "whisper-synth", tmp_path_factory.mktemp("hf"))


@pytest.fixture(scope="module")
def folder(hugging_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test model as mlx-whisper's convert.py writes models: no tokenizer, no heads."""
    path = tmp_path_factory.mktemp("mlx")
    config = json.loads((hugging_face / "config.json").read_text())
    dims = vars(mlx_loading._dimensions(config))
    (path / "config.json").write_text(json.dumps({**dims, "model_type": "whisper"}))
    weights = dict(mlx_loading._renamed(hugging_face))
    mx.savez(str(path / "weights.npz"), **weights)
    return path


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[MlxWhisperEngine]:
    engine = load(folder)
    yield engine
    engine.close()


def load(folder: Path, **more: Any) -> MlxWhisperEngine:
    return MlxWhisperEngine(EngineSettings(str(folder), device="cpu", **more))


class TestMlx(AttentiveTests):
    pass


def test_agrees_with_mlx_whisper_itself(folder: Path) -> None:
    """Logits and attention of the whole model, in a 30 s window, by its own forward pass."""
    from livestt.engines.mlx_model import MlxWhisper

    whisper = mlx_loading.load(folder, mx.float32)
    features = np.random.default_rng(0).normal(size=(2, 80, 3000)).astype(np.float32)
    ids = np.array([[50258, 50259, 50359, 50363, 440, 1200]] * 2)
    theirs, looked = whisper.forward_with_cross_qk(
        mx.array(features.transpose(0, 2, 1)), mx.array(ids)
    )
    model = MlxWhisper(whisper, ((1, 0), (1, 1)), (), 50257, mx.float32)
    cache = model.new_cache()
    encoded = model.encode(features)
    none = np.zeros(2, np.int64)
    model.decode(encoded, ids[:, :4], none, cache, 4)
    logits, attention = model.decode(encoded, ids[:, 4:], none, cache, 2)
    assert np.allclose(np.array(logits), np.array(theirs)[:, 4:], atol=1e-3)
    assert np.allclose(
        np.array(attention), np.array(mx.softmax(looked[1], -1))[:, :, 4:], atol=1e-5
    )


def test_takes_hugging_face_folders_too(hugging_face: Path, engine: MlxWhisperEngine) -> None:
    other = load(hugging_face)
    question = job(sentences()[7]["audio"])
    assert ask(other, question).words == ask(engine, question).words
    other.close()


def test_any_thread_may_ask(folder: Path) -> None:
    engine = load(folder)
    row = sentences()[0]
    heard: list[str] = []
    threads = [
        threading.Thread(target=lambda: heard.append(text(ask(engine, job(row["audio"])))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.close()
    assert heard == [row["text"]] * 2


@pytest.mark.parametrize("more", ["", ", alignment_heads='9:9'"])
def test_the_process_ends_in_peace(folder: Path, more: str) -> None:
    """A thread with MLX streams that nobody clears aborts the interpreter at exit."""
    program = (
        "from livestt.engines import EngineSettings\n"
        "from livestt.engines.mlx_whisper import MlxWhisperEngine\n"
        "from livestt.errors import UnsupportedOption\n"
        "try:\n"
        f"    MlxWhisperEngine(EngineSettings({str(folder)!r}, device='cpu'{more})).close()\n"
        "except UnsupportedOption:\n"
        "    pass\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_quantised_weights(folder: Path, tmp_path: Path) -> None:
    import mlx.nn as nn
    from mlx.utils import tree_flatten

    whisper = mlx_loading.load(folder, mx.float32)
    nn.quantize(whisper, group_size=64, bits=8)
    mx.save_safetensors(
        str(tmp_path / "weights.safetensors"), dict(tree_flatten(whisper.parameters()))
    )
    config = json.loads((folder / "config.json").read_text())
    config["quantization"] = {"group_size": 64, "bits": 8}
    (tmp_path / "config.json").write_text(json.dumps(config))
    engine = load(tmp_path)
    row = sentences()[0]
    assert text(ask(engine, job(row["audio"]))) == row["text"]
    engine.close()


def test_both_vocabularies_are_the_same(hugging_face: Path) -> None:
    ours = vocabularies.from_folder(hugging_face, multilingual=True)
    theirs = vocabularies.from_tiktoken(51865)
    assert theirs.languages == ours.languages
    assert theirs.eot == ours.eot
    assert theirs.no_speech == ours.no_speech
    assert theirs.start("fr", "translate") == ours.start("fr", "translate")
    sentence = " Well, 3.14 naïve cafés — 日本語 don't."
    tokens = theirs.text_tokens(sentence)
    assert tokens == ours.text_tokens(sentence)
    for language in ("en", "ja"):
        words = theirs.words(tokens, language)
        assert words == ours.words(tokens, language)
        assert "".join(word.text for word in words) == sentence


def test_english_only_vocabulary() -> None:
    english = vocabularies.from_tiktoken(51864)
    assert english.languages == {}
    assert english.eot == 50256
    assert english.start("en", "transcribe") == (50257, 50362)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("models--mlx-community--whisper-large-v3-turbo", "large-v3-turbo"),
        ("models--mlx-community--whisper-large-v3-mlx", "large-v3"),
        ("models--mlx-community--whisper-tiny.en-mlx-q4", "tiny.en"),
        ("models--mlx-community--distil-whisper-large-v3", None),
        ("my-tiny-model", "tiny"),
        ("mine", None),
    ],
)
def test_heads_are_known_by_the_name_of_the_size(name: str, size: str | None) -> None:
    assert mlx_loading._size(Path("/cache") / name / "snapshots" / "abc") == size


def test_heads_that_openai_published_fit_its_models() -> None:
    from livestt.engines.whisper.attention import parse_heads

    layers = {"tiny": (4, 6), "base": (6, 8), "small": (12, 12), "medium": (24, 16)}
    for size, heads in mlx_loading.KNOWN_HEADS.items():
        shape = (4, 20) if "turbo" in size else layers.get(size.partition(".")[0], (32, 20))
        assert parse_heads(heads, *shape)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"compute_type": "int8"}, "mlx-community/whisper-large-v3-turbo-4bit"),
        ({"device": "cuda"}, "Use --backend faster-whisper"),
        ({"device": "cpu", "alignment_heads": "9:9"}, "no head 9:9"),
    ],
)
def test_what_cannot_be_had(folder: Path, more: dict[str, str], says: str) -> None:
    with pytest.raises(UnsupportedOption, match=says):
        MlxWhisperEngine(EngineSettings(str(folder), **more))


def test_weights_of_something_else(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "config.json", tmp_path / "config.json")
    mx.savez(str(tmp_path / "weights.npz"), nothing=mx.zeros((2, 2)))
    with pytest.raises(BadModel, match="cannot be loaded as a Whisper model"):
        load(tmp_path)
