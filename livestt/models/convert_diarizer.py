"""Diarizers as they are published, converted to the ONNX graphs that livestt runs.

The work needs NeMo or transformers (extras ``sortformer`` and ``nemotron``); what it makes needs
neither.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from livestt.errors import BadModel, MissingExtra
from livestt.speakers import model_card

HF_TYPE = "nemotron3_diarization"

NEEDS = {"nemotron": ("torch", "onnx", "transformers"), "sortformer": ("torch", "onnx", "nemo")}
"""Modules that converting for a diarizer needs; the extra is called as the diarizer."""


def kind_of_source(source: Path) -> str | None:
    """The diarizer that a published model is for, or None if it is not one that is known."""
    if source.suffix == ".nemo" and source.is_file():
        return "sortformer"
    try:
        config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if isinstance(config, dict) and config.get("model_type") == HF_TYPE:
        return "nemotron"
    return None


def convert(source: Path, target: Path, name: str) -> None:
    """Convert a published diarizer.

    Args:
        source: a ``.nemo`` file with a Sortformer, or a folder in Hugging Face format with a
            Nemotron-3 diarization model.
        target: folder to make; it appears when it is complete.
        name: what people call the model.

    Raises:
        BadModel: ``source`` is neither, or is broken, or ``target`` is in the way.
        MissingExtra: NeMo or transformers is not installed.
    """
    kind = kind_of_source(source)
    if (source / model_card.CARD).is_file():
        raise BadModel(f"{source} is converted already: use it as it is.")
    if kind is None:
        raise BadModel(
            f"{source} is not a diarizer that can be converted: neither a .nemo file nor a "
            f"folder whose config.json says {HF_TYPE}."
        )
    if not all(find_spec(module) for module in NEEDS[kind]):
        raise MissingExtra(f"Converting {source}", kind)
    if target.exists():
        raise BadModel(f"{target} already exists. Name another folder, or remove it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    try:
        _export(kind, source, scratch, name)
        model_card.read(scratch)
        scratch.chmod(0o755)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _export(kind: str, source: Path, target: Path, name: str) -> None:
    try:
        if kind == "sortformer":
            from livestt.models import export_sortformer

            export_sortformer.convert(source, target, name)
        else:
            from livestt.models import export_nemotron

            export_nemotron.convert(source, target, name)
    except _BROKEN as error:
        raise BadModel(f"{source} could not be converted: {error}") from error


# What NeMo, transformers and torch raise on a file that they cannot use.
_BROKEN = (
    *(ImportError, ValueError, OSError, RuntimeError, KeyError, AttributeError, TypeError),
    AssertionError,
)
