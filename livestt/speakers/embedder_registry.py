"""Which embedders there are, and how one is loaded.

Embedders are entry points of the group ``livestt.embedders``; each is imported only when it is
used. An embedder class takes one `EmbedderSettings`.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from livestt.errors import SetupError, UnsupportedOption
from livestt.settings import Settings
from livestt.settings.speakers import BUILTIN_EMBEDDERS, EMBEDDER_GROUP
from livestt.speakers.embeddings import Embedder

# What importing a stranger's module can be expected to raise when it is broken.
_BROKEN = (ImportError, AttributeError, SyntaxError, NameError, TypeError, OSError, RuntimeError)


def load_embedder(settings: Settings) -> Embedder | None:
    """Load the embedder that the settings ask for; None if voices are not to be compared.

    Blocking, and may download.

    Raises:
        SetupError: it cannot be loaded, there is none of that name, or voice profiles are to be
            kept and nothing could compare them.
    """
    name = settings.embedder
    if name == "none":
        if settings.voices:
            raise UnsupportedOption(
                "--voices keeps voice profiles, and nothing here compares voices: give a speaker "
                "model with --embedding-model, or --embedding-backend resemblyzer."
            )
        return None
    wanted = settings.embedder_settings(settings.threads, settings.device, settings.model_cache_dir)
    points = {n: EntryPoint(n, value, EMBEDDER_GROUP) for n, value in BUILTIN_EMBEDDERS.items()}
    points |= {point.name: point for point in entry_points(group=EMBEDDER_GROUP)}
    point = points.get(name)
    if point is None:
        raise UnsupportedOption(f"--embedding-backend {name}: installed are {', '.join(points)}.")
    try:
        factory = point.load()
    except _BROKEN as error:
        raise SetupError(
            f"The embedder {name} ({point.value}) cannot be imported: {error}"
        ) from error
    embedder: Embedder = factory(wanted)
    return embedder
