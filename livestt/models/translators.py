"""Where a translator's model comes from: a folder, the cache, or the Hugging Face hub.

`resolve` turns what people write into a folder that CTranslate2 can load, with a tokenizer beside
it. Hugging Face folders are converted once and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from livestt.errors import BadModel
from livestt.models import hub
from livestt.models.conversions import (
    can_convert,
    check_converter,
    conversions_dir,
    fingerprint,
    make_once,
    to_ctranslate2,
)
from livestt.settings.translation import USUAL_TRANSLATOR

TOKENIZER = "tokenizer.json"
WEIGHTS = "model.bin"
"""Files of a model in CTranslate2's format."""
HUB_FILES = ("config.json", "*.safetensors", "*.bin", "*vocabulary*", "*token*.json", "*.json")

Say = Callable[[str], None]
"""Told in one sentence what is about to take long."""


def resolve(spec: str, cache_dir: str | None, say: Say = lambda _: None) -> Path:
    """Find a translator's model; download and convert it if need be.

    Args:
        spec: a folder or a Hugging Face repository (``org/name``).
        cache_dir: where downloads and conversions are kept; None for the usual caches.
        say: told what is about to take long.

    Raises:
        BadModel: there is none, or it is nothing that can be used.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        MissingExtra: it would have to be converted, which needs torch.
    """
    folder = _found(spec, cache_dir, say)
    if not (folder / TOKENIZER).is_file():
        raise BadModel(
            f"{folder} has no {TOKENIZER}: copy it there from the model's own repository."
        )
    if _is_whole(folder):
        return folder
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("pytorch_model*.bin")):
        raise BadModel(f"{folder} holds no translator: neither {WEIGHTS} nor safetensors.")
    return _converted(folder, cache_dir, spec, say)


def local(spec: str, cache_dir: str | None) -> Path | None:
    """What is here of a model; None if it would have to be downloaded. Never asks the network.

    Raises:
        BadModel: it names neither a folder nor a repository.
    """
    path = Path(spec).expanduser()
    if path.is_dir():
        return path
    if not hub.is_repository(spec):
        raise BadModel(f"There is no translator {spec}. Give a folder or org/name.")
    here = hub.snapshot(spec, HUB_FILES, cache_dir)
    return here if here is not None and (here / TOKENIZER).is_file() else None


def lacking(folder: Path | None, spec: str, cache_dir: str | None) -> str | None:
    """The extra without which a model cannot be converted; None if none is lacking.

    Args:
        folder: where `local` found it; of None, nothing is known of models but the usual one.
        spec: how it is named.
        cache_dir: where conversions are kept.
    """
    if folder is None:
        ready = spec != USUAL_TRANSLATOR
    else:
        found = (folder, _target(folder, spec, cache_dir))
        ready = any(map(_is_whole, found))
    return None if ready or can_convert() else "torch"


def _found(spec: str, cache_dir: str | None, say: Say) -> Path:
    return local(spec, cache_dir) or hub.download(
        spec,
        cache_dir,
        spec,
        lambda: say(f"Downloading {spec}"),
        HUB_FILES,
        "give a folder with --translation-model.",
    )


def folder(cache_dir: str | None) -> Path:
    """Where converted translators are kept."""
    return conversions_dir(cache_dir) / "translators"


def _target(source: Path, spec: str, cache_dir: str | None) -> Path:
    name = Path(spec).expanduser().resolve().name
    return folder(cache_dir) / f"{name}-{fingerprint(source)}"


def _converted(source: Path, cache_dir: str | None, spec: str, say: Say) -> Path:
    target = _target(source, spec, cache_dir)
    if not _is_whole(target):
        check_converter(spec)
        say(f"Converting {spec} to CTranslate2 format, once")
        make_once(target, lambda folder: _convert(source, folder), _is_whole)
    return target


def _convert(source: Path, target: Path) -> None:
    # int8 on disk serves every device, and is a quarter of the size.
    to_ctranslate2(source, target, [TOKENIZER], "int8")


def _is_whole(folder: Path) -> bool:
    return (folder / WEIGHTS).is_file()
