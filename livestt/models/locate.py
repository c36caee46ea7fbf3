"""From what people write to a folder that CTranslate2 can load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from livestt.errors import BadModel
from livestt.models import catalog, hub
from livestt.models.convert import convert, converted
from livestt.models.folder import check, inspect

Say = Callable[[str], None]
"""Told in one sentence what is about to take long."""


def resolve(spec: str, cache_dir: str | None = None, say: Say | None = None) -> Path:
    """Find a model; download and convert it if need be.

    Args:
        spec: a size (``base``), a Hugging Face repository (``org/name``) or a folder. A size
            wins over a folder of the same name, which is then written ``./base``.
        cache_dir: where downloads are kept; None for the usual Hugging Face cache.
        say: told what is about to take long.

    Raises:
        BadModel: there is no such model, or its folder is not usable.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        MissingExtra: it would have to be converted, which needs torch.
    """
    say = say or _silent
    folder = local(spec, cache_dir)
    if folder is None:
        folder = _download(spec, cache_dir, say)
    if check(folder) == "ctranslate2":
        return folder
    if not converted(folder, cache_dir).is_dir():
        say(f"Converting {spec} to CTranslate2 format, once")
    return convert(folder, cache_dir)


def _download(spec: str, cache_dir: str | None, say: Say) -> Path:
    repo = repository(spec)
    known = catalog.find(spec)
    size = f" (about {known.megabytes} MB)" if known else ""
    return hub.download(repo, cache_dir, spec, lambda: say(f"Downloading {repo}{size}"))


def local(spec: str, cache_dir: str | None = None) -> Path | None:
    """The folder of a model that needs no download, or None.

    Raises:
        BadModel: a path was written and there is nothing there.
    """
    if catalog.find(spec) is None:
        path = Path(spec).expanduser()
        if path.exists():
            return path
        if _is_path(spec):
            raise BadModel(f"There is no folder {spec}.")
    return hub.cached(repository(spec), cache_dir)


def repository(spec: str) -> str:
    """The Hugging Face repository that a size or a repository name stands for.

    Raises:
        BadModel: it is neither.
    """
    known = catalog.find(spec)
    if known is not None:
        return known.repo
    if not hub.is_repository(spec):
        raise catalog.unknown(spec)
    return spec


def ready(spec: str, cache_dir: str | None = None) -> bool:
    """Whether a model can be loaded without download or conversion."""
    try:
        folder = local(spec, cache_dir)
    except BadModel:
        return False
    if folder is None:
        return False
    contents = inspect(folder)
    if contents.missing:
        return False
    return contents.format == "ctranslate2" or converted(folder, cache_dir).is_dir()


def _is_path(spec: str) -> bool:
    return spec.startswith((".", "/", "~")) or "\\" in spec or spec.count("/") > 1


def _silent(_: str) -> None: ...
