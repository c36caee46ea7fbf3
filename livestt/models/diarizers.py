"""Where a diarizer's model comes from: a folder, the cache, or the Hugging Face hub.

`resolve` turns what people write into a folder that `livestt.speakers` can load: one that
``livestt convert`` wrote. Anything else is fetched and converted first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from livestt.errors import BadModel
from livestt.models import hub
from livestt.models.conversions import conversions_dir, fingerprint
from livestt.models.convert_diarizer import NEEDS, convert, kind_of_source
from livestt.settings.speakers import DEFAULT_MODELS

CARD = "diarizer.json"
"""The file by which a converted model is known; `livestt.speakers.model_card` reads it."""

HUB_FILES = ("*.nemo", "*.onnx", "*.json", "*.safetensors")

Say = Callable[[str], None]
"""Told in one sentence what is about to take long."""


def resolve(spec: str, cache_dir: str | None, say: Say) -> Path:
    """Find a diarizer's model; download and convert it if need be.

    Args:
        spec: a folder, a ``.nemo`` file or a Hugging Face repository (``org/name``).
        cache_dir: where downloads and conversions are kept; None for the usual caches.
        say: told what is about to take long.

    Raises:
        BadModel: there is none, or it is nothing that can be used.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        MissingExtra: it would have to be converted, which needs NeMo or transformers.
    """
    source = find(spec, cache_dir, say)
    if (source / CARD).is_file():
        return source
    target = _target(source, spec, cache_dir)
    if not (target / CARD).is_file():
        say(f"Converting {spec}, once")
        convert(source, target, name_of(spec))
    return target


def find(spec: str, cache_dir: str | None, say: Say) -> Path:
    """What ``spec`` names, as it was published: a ``.nemo`` file or a folder.

    Raises:
        BadModel, ModelUnavailable: as `resolve`.
    """
    found = local(spec, cache_dir)
    if found is None:
        here = hub.download(
            spec,
            cache_dir,
            spec,
            lambda: say(f"Downloading {spec}"),
            HUB_FILES,
            f"run `livestt convert {spec} FOLDER` on another machine and give the folder with "
            "--diarization-model.",
        )
        found = _published(here)
    return found or _nothing(spec)


def local(spec: str, cache_dir: str | None) -> Path | None:
    """As `find`, but None for what would have to be downloaded. Never asks the network.

    Raises:
        BadModel: there is none, or it is nothing that can be used.
    """
    path = Path(spec).expanduser()
    if path.exists():
        return _published(path) or _nothing(spec)
    if not hub.is_repository(spec):
        raise BadModel(f"There is no diarizer {spec}. Give a folder, a .nemo file or org/name.")
    here = hub.snapshot(spec, HUB_FILES, cache_dir)
    return _published(here) if here else None


def lacking(source: Path | None, spec: str, cache_dir: str | None) -> str | None:
    """The extra without which a model cannot be converted; None if none is lacking.

    Args:
        source: where `local` found it; of None, nothing is known of models but the usual ones.
        spec: how it is named.
        cache_dir: where conversions are kept.
    """
    if source is None:
        kind = next((kind for kind in NEEDS if DEFAULT_MODELS[kind] == spec), None)
    elif (source / CARD).is_file() or (_target(source, spec, cache_dir) / CARD).is_file():
        return None
    else:
        kind = kind_of_source(source)
    return kind if kind and not all(find_spec(module) for module in NEEDS[kind]) else None


def _target(source: Path, spec: str, cache_dir: str | None) -> Path:
    return folder(cache_dir) / f"{name_of(spec)}-{fingerprint(source)}"


def name_of(spec: str) -> str:
    """What people call the model that ``spec`` names."""
    return Path(spec).expanduser().resolve().name.removesuffix(".nemo")


def folder(cache_dir: str | None) -> Path:
    """Where converted diarizers are kept."""
    return conversions_dir(cache_dir) / "diarizers"


def kind_of(converted: Path) -> str:
    """The diarizer that a converted model is for: ``sortformer`` or ``nemotron``.

    Raises:
        BadModel: the card cannot be read.
    """
    try:
        return str(json.loads((converted / CARD).read_text(encoding="utf-8"))["kind"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadModel(f"{converted / CARD} cannot be read: {error}") from error


def _published(path: Path) -> Path | None:
    """The model at a path: the path itself, or the one .nemo file in it."""
    if (path / CARD).is_file() or kind_of_source(path) is not None:
        return path
    files = sorted(path.glob("*.nemo")) if path.is_dir() else []
    return files[0] if len(files) == 1 else None


def _nothing(spec: str) -> Path:
    raise BadModel(
        f"{spec} holds no diarizer: neither {CARD}, nor a single .nemo file, nor a config.json of "
        "Nemotron-3 diarization."
    )
