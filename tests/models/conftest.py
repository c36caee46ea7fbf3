"""Model folders made of nothing, and a hub to fetch them from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import FakeHub, running
from huggingface_hub import constants
from model_folders import CTRANSLATE2, TRANSFORMERS, fill


@pytest.fixture
def ctranslate2_folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "ct2", CTRANSLATE2)


@pytest.fixture
def transformers_folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "hf", TRANSFORMERS)


@pytest.fixture
def cache(tmp_path: Path) -> str:
    return str(tmp_path / "cache")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with one model in each format, and what else people publish beside them."""
    clutter = {"README.md": b"# read me", "pytorch_model.bin": b"the same again"}
    repos = {
        "Systran/faster-whisper-tiny": {**CTRANSLATE2, **clutter},
        "openai/whisper-tiny": {**TRANSFORMERS, **clutter},
        "org/poem": {"README.md": b"# a poem"},
    }
    with running(FakeHub(repos)) as served:
        use(monkeypatch, served.url)
        yield served


def use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Make this the hub. The client read its variables when it was imported."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
