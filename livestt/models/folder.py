"""What is in a model folder, and what it lacks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from livestt.errors import BadModel

Format = Literal["ctranslate2", "transformers"]

COPIED = ("tokenizer.json", "preprocessor_config.json")
"""Files that CTranslate2 models and Hugging Face models have in common."""

WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
"""Weights of a Hugging Face model; the first that matches is enough."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A folder with a Whisper model, whole or not."""

    format: Format
    missing: tuple[str, ...]


def inspect(folder: Path) -> Contents:
    """See which format a folder is in, and what it lacks to be usable."""
    if _is_transformers(folder):
        return Contents("transformers", _missing_transformers(folder))
    return Contents("ctranslate2", _missing_ctranslate2(folder))


def check(folder: Path) -> Format:
    """The format of a complete model folder.

    Raises:
        BadModel: something is missing; the message lists it.
    """
    if folder.is_file():
        raise BadModel(
            f"{folder} is a file. livestt loads folders in CTranslate2 or Hugging Face format; "
            "for an OpenAI checkpoint (.pt), use the size it is of, such as --model base."
        )
    contents = inspect(folder)
    if contents.missing:
        raise BadModel(
            f"{folder} is not a usable Whisper model; it lacks: {', '.join(contents.missing)}."
        )
    return contents.format


def _is_transformers(folder: Path) -> bool:
    """Only Hugging Face's own config names the model type."""
    if (folder / "model.bin").exists():
        return False
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == "whisper"


def _missing_ctranslate2(folder: Path) -> tuple[str, ...]:
    # Without tokenizer.json the loader would quietly ask the hub for one.
    wanted = ("model.bin", "config.json", "tokenizer.json")
    missing = [name for name in wanted if not (folder / name).is_file()]
    if not any(folder.glob("vocabulary.*")):
        missing.append("vocabulary.json or vocabulary.txt")
    return tuple(missing)


def _missing_transformers(folder: Path) -> tuple[str, ...]:
    missing = [name for name in COPIED if not (folder / name).is_file()]
    if not any(any(folder.glob(pattern)) for pattern in WEIGHTS):
        missing.append("model.safetensors or pytorch_model.bin")
    return tuple(missing)
