"""Which embedders there are, and how one is loaded.

Embedders are entry points of the group ``livestt.embedders``; each is imported only when it is
used. An embedder class takes one `EmbedderSettings`.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from livestt.errors import SetupError, UnsupportedOption
from livestt.settings import Settings
from livestt.settings.speakers import BUILTIN_EMBEDDERS, EMBEDDER_GROUP
from livestt.speakers.embeddings import Embedder

# What importing a stranger's module can be expected to raise when it is broken.
_BROKEN = (ImportError, AttributeError, SyntaxError, NameError, TypeError, OSError, RuntimeError)


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
    points = {n: EntryPoint(n, value, EMBEDDER_GROUP) for n, value in BUILTIN_EMBEDDERS.items()}
    points |= {point.name: point for point in entry_points(group=EMBEDDER_GROUP)}
    point = points.get(name)
    if point is None:
        raise UnsupportedOption(f"--embedding-backend {name}: installed are {', '.join(points)}.")
    try:
        return point.load()
    except _BROKEN as error:
        raise SetupError(
            f"The embedder {name} ({point.value}) cannot be imported: {error}"
        ) from error
