"""Which embedders there are, and how one is loaded.

Embedders are entry points of the group ``livestt.embedders``; each is imported only when it is
used. An embedder class takes one `EmbedderSettings`.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from livestt import plugins
from livestt.errors import UnsupportedOption
from livestt.settings import Settings
from livestt.settings.speakers import BUILTIN_EMBEDDERS, EMBEDDER_GROUP
from livestt.speakers.embeddings import Embedder

NEEDS = {
    "onnx": ("kaldi_native_fbank", "voices"),
    "resemblyzer": ("resemblyzer", "resemblyzer"),
}
"""Module that an embedder of ours needs, and the extra that installs it."""


def available() -> dict[str, EntryPoint]:
    """Every embedder by name: livestt's own, and those of other packages. None is imported."""
    points = plugins.installed(EMBEDDER_GROUP, BUILTIN_EMBEDDERS)
    return {name: points[name] for name in sorted(points)}


def check_embedder(settings: Settings) -> None:
    """Refuse an embedder that is not installed, without loading or fetching a model.

    Raises:
        SetupError: `load_embedder` would fail too.
    """
    _factory(settings)


def load_embedder(settings: Settings) -> Embedder | None:
    """Load the embedder that the settings ask for; None if voices are not to be compared.

    Blocking, and may download.

    Raises:
        SetupError: it cannot be loaded, there is none of that name, or voice profiles are to be
            kept and nothing could compare them.
    """
    factory = _factory(settings)
    if factory is None:
        return None
    wanted = settings.embedder_settings(settings.threads, settings.device, settings.model_cache_dir)
    embedder: Embedder = factory(wanted)
    return embedder


def _factory(settings: Settings) -> Any:
    """What makes the embedder; None if there is to be none."""
    name = settings.embedder
    if name == "none":
        if settings.voices:
            raise UnsupportedOption(
                "--voices keeps voice profiles, and nothing here compares voices: give a speaker "
                "model with --embedding-model, or --embedding-backend resemblyzer."
            )
        return None
    points = available()
    point = points.get(name)
    if point is None:
        raise UnsupportedOption(f"--embedding-backend {name}: installed are {', '.join(points)}.")
    return plugins.load(point, "embedder")
