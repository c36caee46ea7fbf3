"""Hugging Face Whisper folders, converted to CTranslate2 once and kept."""

from __future__ import annotations

from pathlib import Path

from livestt.models.conversions import (
    check_converter,
    conversions_dir,
    fingerprint,
    make_once,
    to_ctranslate2,
)
from livestt.models.folder import COPIED, inspect


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
    if not _is_whole(target):
        check_converter(source)
        make_once(target, lambda folder: _convert(source, folder), _is_whole)
    return target


def _convert(source: Path, target: Path) -> None:
    # float16 on disk serves every device: CTranslate2 changes it to the compute type on load.
    to_ctranslate2(source, target, COPIED, "float16")


def _is_whole(folder: Path) -> bool:
    return folder.is_dir() and not inspect(folder).missing
