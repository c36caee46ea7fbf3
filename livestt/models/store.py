"""The models on this machine: listed, and removed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CacheNotFound, scan_cache_dir

from livestt.models import catalog, diarizers, translators
from livestt.models.conversions import conversions_dir
from livestt.models.folder import inspect


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model in the cache."""

    name: str
    """Size, repository, or name of the converted folder: what ``livestt rm`` takes."""
    repo: str | None
    """None for a conversion."""
    path: Path
    bytes: int
    complete: bool


def stored(cache_dir: str | None = None) -> list[StoredModel]:
    """Every Whisper model in the cache, and every diarizer and translator that was converted, by
    name."""
    found = [*_downloads(cache_dir), *_conversions(cache_dir), *_others(cache_dir)]
    return sorted(found, key=lambda model: model.name)


def find(spec: str, cache_dir: str | None = None) -> StoredModel | None:
    """The stored model with this size, repository or name."""
    known = catalog.find(spec)
    names = {spec, known.name} if known else {spec}
    return next(
        (m for m in stored(cache_dir) if m.name in names or m.repo in names),
        None,
    )


def remove(model: StoredModel) -> None:
    """Delete a model from the cache, with every revision of it.

    By its folder: the hub's own deletion goes by commit, and copied repositories share those.
    """
    shutil.rmtree(model.path)


def _downloads(cache_dir: str | None) -> list[StoredModel]:
    try:
        cache = scan_cache_dir(cache_dir)
    except (CacheNotFound, ValueError):
        return []
    found = []
    for repo in cache.repos:
        snapshots = [revision.snapshot_path for revision in repo.revisions]
        if repo.repo_type != "model" or not any(map(_is_whisper, snapshots)):
            continue
        known = catalog.find(repo.repo_id)
        found.append(
            StoredModel(
                name=known.name if known else repo.repo_id,
                repo=repo.repo_id,
                path=repo.repo_path,
                bytes=repo.size_on_disk,
                complete=any(not inspect(path).missing for path in snapshots),
            )
        )
    return found


def _is_whisper(snapshot: Path) -> bool:
    """The cache is shared with every other program that uses the hub."""
    return inspect(snapshot).format == "transformers" or "whisper" in str(snapshot).lower()


def _conversions(cache_dir: str | None) -> list[StoredModel]:
    folder = conversions_dir(cache_dir)
    if not folder.is_dir():
        return []
    return [
        StoredModel(
            name=path.name,
            repo=None,
            path=path,
            bytes=sum(file.stat().st_size for file in path.iterdir()),
            complete=not inspect(path).missing,
        )
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path not in _folders(cache_dir)
    ]


def _folders(cache_dir: str | None) -> list[Path]:
    """Where conversions of other kinds are."""
    return [diarizers.folder(cache_dir), translators.folder(cache_dir)]


def _others(cache_dir: str | None) -> list[StoredModel]:
    """Those are renamed into place when they are complete."""
    return [
        StoredModel(
            name=path.name,
            repo=None,
            path=path,
            bytes=sum(file.stat().st_size for file in path.iterdir()),
            complete=True,
        )
        for folder in _folders(cache_dir)
        for path in folder.glob("[!.]*/")
    ]
