"""Hugging Face Whisper folders, converted to CTranslate2 once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from livestt.errors import BadModel, MissingExtra
from livestt.models.folder import COPIED, inspect


def conversions_dir(cache_dir: str | None) -> Path:
    """Where converted models are kept: apart from the hub's cache, whose layout is not ours."""
    if cache_dir is not None:
        return Path(cache_dir).expanduser() / "livestt-converted"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "livestt" / "converted"


def converted(source: Path, cache_dir: str | None) -> Path:
    """Where the conversion of this very folder is, or would be."""
    return conversions_dir(cache_dir) / f"{source.resolve().name}-{fingerprint(source)}"


def convert(source: Path, cache_dir: str | None) -> Path:
    """Convert a Hugging Face Whisper folder, or return the conversion made before.

    Raises:
        MissingExtra: torch and transformers are not installed.
        BadModel: the conversion failed.
    """
    target = converted(source, cache_dir)
    if target.is_dir() and not inspect(target).missing:
        return target
    check_converter(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    try:
        _run_converter(source, scratch / "model")
        _publish(scratch / "model", target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def check_converter(source: Path) -> None:
    """Refuse to convert a folder where nothing is installed that does it.

    Raises:
        MissingExtra: torch and transformers are not installed.
    """
    if not (find_spec("torch") and find_spec("transformers")):
        raise MissingExtra(f"Converting {source} to CTranslate2 format", "torch")


def _run_converter(source: Path, target: Path) -> None:
    # float16 on disk serves every device: CTranslate2 changes it to the compute type on load.
    converter = _converter(str(source), copy_files=list(COPIED), load_as_float16=True)
    try:
        converter.convert(str(target), quantization="float16")
    except (ValueError, OSError, RuntimeError, KeyError, AttributeError) as error:
        raise BadModel(f"{source} could not be converted to CTranslate2: {error}") from error


def _converter(source: str, **options: Any) -> Any:
    from ctranslate2.converters import TransformersConverter

    return TransformersConverter(source, **options)


def _publish(made: Path, target: Path) -> None:
    """Rename into place; whoever comes second finds the work done."""
    if target.exists() and inspect(target).missing:
        shutil.rmtree(target)
    try:
        made.rename(target)
    except OSError:
        if not target.is_dir() or inspect(target).missing:
            raise


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
