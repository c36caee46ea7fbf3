"""Models fetched beforehand, each in the format that its engine loads."""

from __future__ import annotations

from pathlib import Path

from livestt.models import originals, transducers
from livestt.models.locate import Say, local, resolve
from livestt.settings.model import USUAL_MODEL

FORMATS: dict[str, originals.Format] = {"transformers": "transformers", "mlx-whisper": "mlx"}
"""Engines that load weights as they are published."""
NO_DOWNLOAD = ("pocketsphinx", "remote", "scripted")
"""Engines without a model, or with one of their own."""
ENGINES = ("faster-whisper", *FORMATS, "transducer")
"""Engines of ours whose model may have to be fetched."""


def usual(engine: str) -> str:
    """The model that an engine loads by itself."""
    return transducers.DEFAULT_MODEL if engine == "transducer" else USUAL_MODEL


def fetch(engine: str, name: str | None, cache_dir: str | None, say: Say) -> Path:
    """The folder of a model, downloaded and converted if need be.

    Args:
        engine: that is to load it; one of another package loads CTranslate2's format, as ours.
        name: size, repository or folder; None is what the engine loads by itself.
        cache_dir: where downloads are kept; None for the usual Hugging Face cache.
        say: told what is about to take long.

    Raises:
        BadModel: there is no such model, or it is in another format.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        MissingExtra: it would have to be converted, which needs torch.
    """
    wanted = name or usual(engine)
    if engine == "transducer":
        folder = transducers.locate(wanted, cache_dir, say)
        transducers.model_type(folder)
        return folder
    if engine in FORMATS:
        return originals.resolve(wanted, FORMATS[engine], cache_dir, say)
    return resolve(wanted, cache_dir, say)


def here(engine: str, name: str | None, cache_dir: str | None) -> Path | None:
    """The folder of a model that needs no download, or None. It may have to be converted yet.

    Raises:
        BadModel: there is no such model.
    """
    wanted = name or usual(engine)
    if engine == "transducer":
        return transducers.here(wanted, cache_dir)
    if engine in FORMATS:
        return originals.here(wanted, FORMATS[engine], cache_dir)
    return local(wanted, cache_dir)
