"""Models that are converted once and kept: where, by which names, and made whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from livestt.errors import BadModel, MissingExtra
from livestt.models.unreadable import unreadable


def conversions_dir(cache_dir: str | None) -> Path:
    """Where converted models are kept: apart from the hub's cache, whose layout is not ours."""
    if cache_dir is not None:
        return Path(cache_dir).expanduser() / "livestt-converted"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "livestt" / "converted"


def fingerprint(source: Path) -> str:
    """Changes when any file of the folder does, without reading gigabytes of weights.

    Args:
        source: a folder, or a single file.
    """
    digest = hashlib.sha256()
    for path in [source] if source.is_file() else sorted(source.iterdir()):
        if path.is_file():
            stat = path.stat()
            digest.update(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns};".encode())
    return digest.hexdigest()[:12]


def can_convert() -> bool:
    """Whether what CTranslate2 converts with is installed."""
    return all(find_spec(module) is not None for module in ("torch", "transformers"))


def check_converter(source: object) -> None:
    """Refuse to convert to CTranslate2 where nothing is installed that does it.

    Args:
        source: what would be converted, for people.

    Raises:
        MissingExtra: torch and transformers are not installed.
    """
    if not can_convert():
        raise MissingExtra(f"Converting {source} to CTranslate2 format", "torch")


def to_ctranslate2(source: Path, target: Path, copied: Sequence[str], quantization: str) -> None:
    """Convert a Hugging Face folder to CTranslate2's format.

    Args:
        source: the folder.
        target: folder to make.
        copied: names of files that are copied beside the weights.
        quantization: number format of the weights on disk.

    Raises:
        BadModel: the conversion failed.
    """
    converter = _converter(str(source), copy_files=list(copied), load_as_float16=True)
    try:
        converter.convert(str(target), quantization=quantization)
    except unreadable() as error:
        raise BadModel(f"{source} could not be converted to CTranslate2: {error}") from error


def make_once(target: Path, make: Callable[[Path], None], is_whole: Callable[[Path], bool]) -> None:
    """Make a folder beside its place and rename it there, so that nobody ever sees half of it.

    Args:
        target: where it belongs.
        make: makes the folder whose path it gets.
        is_whole: whether a folder has all it needs; one at ``target`` that has not is replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    try:
        make(scratch / "model")
        _publish(scratch / "model", target, is_whole)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(made: Path, target: Path, is_whole: Callable[[Path], bool]) -> None:
    """Rename into place; whoever comes second finds the work done."""
    if target.exists() and not is_whole(target):
        shutil.rmtree(target)
    try:
        made.rename(target)
    except OSError:
        if not is_whole(target):
            raise


def _converter(source: str, **options: Any) -> Any:
    from ctranslate2.converters import TransformersConverter

    return TransformersConverter(source, **options)
