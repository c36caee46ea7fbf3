"""What a folder lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from livestt.errors import BadModel
from livestt.models.folder import check, inspect


def test_whole_folders(ctranslate2_folder: Path, transformers_folder: Path) -> None:
    assert check(ctranslate2_folder) == "ctranslate2"
    assert check(transformers_folder) == "transformers"


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_ctranslate2_lacks(ctranslate2_folder: Path, name: str) -> None:
    (ctranslate2_folder / name).unlink()
    assert inspect(ctranslate2_folder).missing == (name,)


def test_error_lists_all_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadModel) as error:
        check(tmp_path)
    assert str(error.value).endswith(
        "it lacks: model.bin, config.json, tokenizer.json, vocabulary.json or vocabulary.txt."
    )


def test_hugging_face_lacks(transformers_folder: Path) -> None:
    (transformers_folder / "model.safetensors").unlink()
    (transformers_folder / "tokenizer.json").unlink()
    missing = ("tokenizer.json", "model.safetensors or pytorch_model.bin")
    assert inspect(transformers_folder).missing == missing
    (transformers_folder / "pytorch_model-00001.bin").touch()
    assert inspect(transformers_folder).missing == ("tokenizer.json",)


def test_another_kind_of_model_is_not_whisper(transformers_folder: Path) -> None:
    (transformers_folder / "config.json").write_text('{"model_type": "bert"}')
    assert inspect(transformers_folder).format == "ctranslate2"
    (transformers_folder / "config.json").write_text("not json")
    assert inspect(transformers_folder).missing


def test_a_checkpoint_file(tmp_path: Path) -> None:
    (tmp_path / "base.pt").touch()
    with pytest.raises(BadModel, match=r"for an OpenAI checkpoint \(\.pt\), use the size"):
        check(tmp_path / "base.pt")
