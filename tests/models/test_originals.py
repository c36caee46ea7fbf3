"""Weights as they are published: which repository, which folder, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_hub import FakeHub
from huggingface_hub import constants
from model_folders import TRANSFORMERS, fill

from livestt.errors import BadModel, ModelUnavailable
from livestt.models.originals import Format, repository, resolve

MLX = {"config.json": json.dumps({"n_mels": 80}).encode(), "weights.npz": b"weights"}


@pytest.mark.parametrize(
    ("spec", "format", "repo"),
    [
        ("base", "transformers", "openai/whisper-base"),
        ("turbo", "transformers", "openai/whisper-large-v3-turbo"),
        ("distil-large-v3", "transformers", "distil-whisper/distil-large-v3"),
        ("base.en", "mlx", "mlx-community/whisper-base.en-mlx"),
        ("turbo", "mlx", "mlx-community/whisper-large-v3-turbo"),
        ("distil-large-v3", "mlx", "mlx-community/distil-whisper-large-v3"),
        ("org/name", "mlx", "org/name"),
    ],
)
def test_sizes_have_a_repository_in_each_format(spec: str, format: Format, repo: str) -> None:
    assert repository(spec, format) == repo


@pytest.mark.parametrize("spec", ["bas", "./nowhere", "/no/where"])
def test_what_is_neither_is_refused(spec: str) -> None:
    with pytest.raises(BadModel):
        resolve(spec, "transformers")


def test_folders_are_used_where_they_are(transformers_folder: Path, tmp_path: Path) -> None:
    mlx = fill(tmp_path / "mlx", MLX)
    assert resolve(str(transformers_folder), "transformers") == transformers_folder
    assert resolve(str(mlx), "mlx") == mlx


def test_mlx_takes_hugging_face_folders_with_safetensors(
    transformers_folder: Path, tmp_path: Path
) -> None:
    assert resolve(str(transformers_folder), "mlx") == transformers_folder
    pickled = {"pytorch_model.bin": b"weights", **TRANSFORMERS}
    del pickled["model.safetensors"]
    with pytest.raises(BadModel, match="no safetensors"):
        resolve(str(fill(tmp_path / "pickled", pickled)), "mlx")


@pytest.mark.parametrize("format", ["transformers", "mlx"])
def test_a_ctranslate2_folder_belongs_to_another_engine(
    ctranslate2_folder: Path, format: Format
) -> None:
    with pytest.raises(BadModel, match="--backend faster-whisper"):
        resolve(str(ctranslate2_folder), format)


def test_half_a_folder_says_what_it_lacks(transformers_folder: Path) -> None:
    (transformers_folder / "tokenizer.json").unlink()
    with pytest.raises(BadModel, match=r"lacks: tokenizer\.json"):
        resolve(str(transformers_folder), "transformers")


def test_a_size_is_downloaded_once(
    hub: FakeHub, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    folder = resolve("tiny", "transformers", cache, said.append)
    assert said == ["Downloading openai/whisper-tiny"]
    assert "pytorch_model.bin" not in hub.fetched
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve("tiny", "transformers", cache) == folder


def test_an_mlx_repository_is_downloaded_once(
    hub: FakeHub, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos["mlx-community/whisper-tiny-mlx"] = {**MLX, "README.md": b"# read me"}
    folder = resolve("tiny", "mlx", cache)
    assert hub.fetched == set(MLX)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert resolve("tiny", "mlx", cache) == folder
    with pytest.raises(ModelUnavailable, match="Model base is not on this machine"):
        resolve("base", "mlx", cache)
