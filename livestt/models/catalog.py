"""The Whisper models known by name, and where each is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from livestt.errors import BadModel


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be called by a short name."""

    name: str
    repo: str
    """Hugging Face repository with the weights in CTranslate2 format."""
    megabytes: int
    """Size of the download, roughly."""
    english_only: bool = False
    translates: bool = True
    """Whether it was trained to write English whatever is spoken."""

    @property
    def languages(self) -> str:
        return "English" if self.english_only else "about 100"


def _english(name: str, repo: str, megabytes: int) -> KnownModel:
    return KnownModel(name, repo, megabytes, english_only=True, translates=False)


KNOWN: Mapping[str, KnownModel] = {
    model.name: model
    for model in (
        KnownModel("tiny", "Systran/faster-whisper-tiny", 78),
        _english("tiny.en", "Systran/faster-whisper-tiny.en", 78),
        KnownModel("base", "Systran/faster-whisper-base", 148),
        _english("base.en", "Systran/faster-whisper-base.en", 148),
        KnownModel("small", "Systran/faster-whisper-small", 486),
        _english("small.en", "Systran/faster-whisper-small.en", 486),
        KnownModel("medium", "Systran/faster-whisper-medium", 1530),
        _english("medium.en", "Systran/faster-whisper-medium.en", 1530),
        KnownModel("large-v1", "Systran/faster-whisper-large-v1", 3090),
        KnownModel("large-v2", "Systran/faster-whisper-large-v2", 3090),
        KnownModel("large-v3", "Systran/faster-whisper-large-v3", 3090),
        KnownModel(
            "large-v3-turbo",
            "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
            1620,
            translates=False,
        ),
        _english("distil-small.en", "Systran/faster-distil-whisper-small.en", 336),
        _english("distil-medium.en", "Systran/faster-distil-whisper-medium.en", 792),
        _english("distil-large-v2", "Systran/faster-distil-whisper-large-v2", 1520),
        _english("distil-large-v3", "Systran/faster-distil-whisper-large-v3", 1520),
        _english("distil-large-v3.5", "distil-whisper/distil-large-v3.5-ct2", 1520),
    )
}

ALIASES: Mapping[str, str] = {"large": "large-v3", "turbo": "large-v3-turbo"}


def find(spec: str) -> KnownModel | None:
    """The model with this short name, or whose repository this is; None for any other."""
    name = ALIASES.get(spec, spec)
    if name in KNOWN:
        return KNOWN[name]
    return next((model for model in KNOWN.values() if model.repo == spec), None)


def unknown(spec: str) -> BadModel:
    """The error for a name that is nobody's."""
    close = get_close_matches(spec, [*KNOWN, *ALIASES], n=1)
    guess = f" Did you mean {close[0]}?" if close else ""
    return BadModel(
        f"There is no model or folder called {spec!r}.{guess} `livestt models` lists the sizes; "
        "a Hugging Face repository is written org/name, a folder ./name."
    )
