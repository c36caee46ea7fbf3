"""Conversion happens once, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_folders import CTRANSLATE2, fill

from livestt.errors import BadModel, MissingExtra
from livestt.models import conversions
from livestt.models.conversions import conversions_dir
from livestt.models.convert import convert, converted


class Converter:
    """Stands in for CTranslate2's, which needs torch."""

    made = 0
    fails = False

    def __init__(self, source: str, copy_files: list[str], load_as_float16: bool) -> None:
        assert copy_files == ["tokenizer.json", "preprocessor_config.json"]

    def convert(self, target: str, quantization: str) -> None:
        type(self).made += 1
        if self.fails:
            fill(Path(target), {"model.bin": b"half"})
            raise RuntimeError("out of memory")
        fill(Path(target), CTRANSLATE2)


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Any:
    fresh = type("Fresh", (Converter,), {"made": 0})
    monkeypatch.setattr(conversions, "find_spec", lambda name: name)
    monkeypatch.setattr(conversions, "_converter", fresh)
    return fresh


def test_once(transformers_folder: Path, cache: str, converter: Any) -> None:
    first = convert(transformers_folder, cache)
    assert convert(transformers_folder, cache) == first == converted(transformers_folder, cache)
    assert converter.made == 1
    assert [path.name for path in first.parent.iterdir()] == [first.name], "no scratch left"


def test_again_after_a_change(transformers_folder: Path, cache: str, converter: Any) -> None:
    first = convert(transformers_folder, cache)
    (transformers_folder / "model.safetensors").write_bytes(b"other weights")
    assert convert(transformers_folder, cache) != first
    assert converter.made == 2


def test_a_failure_leaves_nothing(transformers_folder: Path, cache: str, converter: Any) -> None:
    converter.fails = True
    with pytest.raises(BadModel, match="could not be converted to CTranslate2: out of memory"):
        convert(transformers_folder, cache)
    assert list(conversions_dir(cache).iterdir()) == []


def test_half_a_conversion_is_replaced(
    transformers_folder: Path, cache: str, converter: Any
) -> None:
    fill(converted(transformers_folder, cache), {"model.bin": b"half"})
    assert (convert(transformers_folder, cache) / "tokenizer.json").is_file()


def test_whoever_comes_second_uses_what_is_there(
    transformers_folder: Path, cache: str, converter: Any
) -> None:
    """Another process converts the same folder meanwhile, and is done first."""
    target = converted(transformers_folder, cache)

    def convert_late(self: Converter, folder: str, quantization: str) -> None:
        fill(target, CTRANSLATE2)
        fill(Path(folder), CTRANSLATE2)

    converter.convert = convert_late
    assert convert(transformers_folder, cache) == target
    assert [path.name for path in target.parent.iterdir()] == [target.name], "no scratch left"


def test_without_torch(
    transformers_folder: Path, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversions, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"\./scripts/install torch"):
        convert(transformers_folder, cache)


def test_default_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert conversions_dir(None) == Path("/caches/livestt/converted")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert conversions_dir(None) == Path.home() / ".cache" / "livestt" / "converted"
