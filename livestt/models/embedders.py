"""Where a speaker model comes from: a file, a folder, the cache, or the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from livestt.errors import BadModel
from livestt.models import hub

HUB_FILES = ("*.onnx",)
_ADVICE = "download its .onnx file elsewhere and give that with --embedding-model."


def resolve(spec: str, cache_dir: str | None) -> Path:
    """The ``.onnx`` file of a speaker model; downloaded if need be.

    Args:
        spec: the file, a folder with one such file, or a repository (``org/name``).
        cache_dir: where downloads are kept; None for the hub's usual cache.

    Raises:
        BadModel: there is none, or there are several.
        ModelUnavailable: it would have to be downloaded, and cannot be.
    """
    found = local(spec, cache_dir)
    if found is None:
        here = hub.download(spec, cache_dir, spec, lambda: None, HUB_FILES, _ADVICE)
        found = _only(here, spec)
    return found


def local(spec: str, cache_dir: str | None) -> Path | None:
    """As `resolve`, but None for what would have to be downloaded. Never asks the network.

    Raises:
        BadModel: there is none, or there are several.
    """
    if not spec:
        raise BadModel("which speaker model? Name one with --embedding-model: a file or org/name.")
    path = Path(spec).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        return _only(path, spec)
    if not hub.is_repository(spec):
        raise BadModel(f"There is no speaker model {spec}. Give an .onnx file or org/name.")
    here = hub.snapshot(spec, HUB_FILES, cache_dir)
    return _only(here, spec) if here is not None and list(here.rglob("*.onnx")) else None


def _only(folder: Path, spec: str) -> Path:
    found = sorted(folder.rglob("*.onnx"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found) or "none"
    raise BadModel(f"{spec} should hold one .onnx file, and holds: {names}. Name the file.")
