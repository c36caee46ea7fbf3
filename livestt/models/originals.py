"""Weights that are loaded as they are published: Hugging Face's own format, or MLX's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from huggingface_hub import try_to_load_from_cache

from livestt.errors import BadModel
from livestt.models import catalog, hub
from livestt.models.folder import WEIGHTS, inspect
from livestt.models.locate import Say, local

Format = Literal["transformers", "mlx"]

MLX_WEIGHTS = ("weights.safetensors", "weights.npz")
MLX_FILES = ("config.json", "tokenizer.json", "generation_config.json", *MLX_WEIGHTS)
MLX_REPOS: Mapping[str, str] = {
    "large-v3-turbo": "mlx-community/whisper-large-v3-turbo",
    "distil-small.en": "distil-whisper/distil-small.en",
    "distil-medium.en": "mlx-community/distil-whisper-medium.en",
    "distil-large-v2": "distil-whisper/distil-large-v2",
    "distil-large-v3": "mlx-community/distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5",
}
"""Sizes whose MLX repository is not ``mlx-community/whisper-SIZE-mlx``."""


def resolve(
    spec: str, format: Format, cache_dir: str | None = None, say: Say | None = None
) -> Path:
    """Find a model in the format that an engine loads; download it if need be.

    Args:
        spec: a size, a Hugging Face repository or a folder, as for `livestt.models.resolve`.
        format: ``transformers`` for PyTorch; ``mlx`` takes both formats.
        cache_dir: where downloads are kept; None for the usual Hugging Face cache.
        say: told what is about to take long.

    Raises:
        BadModel: there is no such model, or it is in another format.
        ModelUnavailable: it would have to be downloaded, and cannot be.
    """
    folder = here(spec, format, cache_dir)
    if folder is None:
        repo = repository(spec, format)
        announce = say or (lambda _: None)
        files = MLX_FILES if repo and repo.startswith("mlx-community/") else None
        folder = hub.download(
            repo or spec,
            cache_dir,
            spec,
            lambda: announce(f"Downloading {repo or spec}"),
            files,
            hub.pull_elsewhere(f"{'mlx-whisper' if format == 'mlx' else format}:{spec}"),
        )
    _check(folder, format)
    return folder


def here(spec: str, format: Format, cache_dir: str | None = None) -> Path | None:
    """The folder of a model that needs no download, or None. Raises as `repository`."""
    repo = repository(spec, format)
    return _cached(repo, format, cache_dir) if repo else local(spec, cache_dir)


def repository(spec: str, format: Format) -> str | None:
    """Where the model is published in this format; None for a folder.

    Raises:
        BadModel: there is no such size.
    """
    known = catalog.find(spec)
    if known is None:
        path = Path(spec).expanduser()
        if path.exists() or spec.count("/") != 1 or spec.startswith((".", "/", "~")):
            local(spec)
            return None
        return spec
    if format == "mlx":
        return MLX_REPOS.get(known.name, f"mlx-community/whisper-{known.name}-mlx")
    if known.name.startswith("distil"):
        return f"distil-whisper/{known.name}"
    return f"openai/whisper-{known.name}"


def is_mlx(folder: Path) -> bool:
    return any((folder / name).is_file() for name in MLX_WEIGHTS)


def _cached(repo: str, format: Format, cache_dir: str | None) -> Path | None:
    """The complete local snapshot of a repository, or None. Never asks the network."""
    found = hub.cached(repo, cache_dir)
    if found is not None or format != "mlx":
        return found
    for name in MLX_WEIGHTS:
        path = try_to_load_from_cache(repo, name, cache_dir=cache_dir)
        if isinstance(path, str):
            return Path(path).parent
    return None


def _check(folder: Path, format: Format) -> None:
    if format == "mlx" and is_mlx(folder) and (folder / "config.json").is_file():
        return
    contents = inspect(folder)
    if contents.format != "transformers":
        raise BadModel(
            f"{folder} is not in Hugging Face format"
            + (", nor in MLX's" if format == "mlx" else "")
            + ": there is no config.json that says whisper. A CTranslate2 folder runs on "
            "--backend faster-whisper."
        )
    if contents.missing:
        raise BadModel(
            f"{folder} is not a usable Whisper model; it lacks: {', '.join(contents.missing)}."
        )
    if format == "mlx" and not any(folder.glob(WEIGHTS[0])):
        raise BadModel(f"{folder} has no safetensors, which --backend mlx-whisper needs.")
