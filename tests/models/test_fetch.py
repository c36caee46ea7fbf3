"""What is fetched beforehand is what the engine loads later."""

from __future__ import annotations

import json

import pytest
from fake_hub import FakeHub
from huggingface_hub import constants
from model_folders import TRANSFORMERS

from livestt.errors import BadModel, ModelUnavailable
from livestt.models.fetch import fetch
from livestt.models.transducers import DEFAULT_MODEL

MLX = {"config.json": json.dumps({"n_mels": 80}).encode(), "weights.npz": b"weights"}
NEMOTRON = {
    **TRANSFORMERS,
    "config.json": json.dumps({"model_type": "nemotron_asr_streaming"}).encode(),
}


@pytest.mark.parametrize(
    ("engine", "name", "repo"),
    [
        ("faster-whisper", "tiny", "Systran/faster-whisper-tiny"),
        ("transformers", "tiny", "openai/whisper-tiny"),
        ("mlx-whisper", "tiny", "mlx-community/whisper-tiny-mlx"),
        ("transducer", None, DEFAULT_MODEL),
        ("transducer", "org/nemotron", "org/nemotron"),
    ],
)
def test_each_engine_has_its_format(
    engine: str,
    name: str | None,
    repo: str,
    hub: FakeHub,
    cache: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub.repos |= {
        "mlx-community/whisper-tiny-mlx": MLX,
        DEFAULT_MODEL: NEMOTRON,
        "org/nemotron": NEMOTRON,
    }
    said: list[str] = []
    folder = fetch(engine, name, cache, said.append)
    assert {file.name for file in folder.iterdir()} == set(hub.repos[repo]) - {
        "README.md",
        "pytorch_model.bin",
    }
    assert [repo in sentence for sentence in said] == [True]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch(engine, name, cache, said.append) == folder
    assert len(said) == 1


@pytest.mark.parametrize("engine", ["transformers", "mlx-whisper", "transducer"])
def test_without_a_network_the_command_that_helps_names_the_engine(
    engine: str, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match=f"run `livestt pull {engine}:org/name` on another"):
        fetch(engine, "org/name", cache, print)


def test_a_transducer_is_no_whisper(hub: FakeHub, cache: str) -> None:
    with pytest.raises(BadModel, match="is a whisper model"):
        fetch("transducer", "openai/whisper-tiny", cache, print)
