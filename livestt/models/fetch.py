"""Models fetched beforehand, each in the format that its engine loads."""

from __future__ import annotations

from pathlib import Path

from livestt.models import originals, transducers
from livestt.models.locate import Say, resolve
from livestt.settings.model import USUAL_MODEL

FORMATS: dict[str, originals.Format] = {"transformers": "transformers", "mlx-whisper": "mlx"}
"""Engines that load weights as they are published."""
NO_DOWNLOAD = ("pocketsphinx", "remote", "scripted")
"""Engines without a model, or with one of their own."""


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
    if engine == "transducer":
        folder = transducers.locate(name or transducers.DEFAULT_MODEL, cache_dir, say)
        transducers.model_type(folder)
        return folder
    wanted = name or USUAL_MODEL
    if engine in FORMATS:
        return originals.resolve(wanted, FORMATS[engine], cache_dir, say)
    return resolve(wanted, cache_dir, say)
