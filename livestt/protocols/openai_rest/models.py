"""Which models there are: those that may be named, and OpenAI's names for the first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livestt.errors import UnknownModel

KNOWN = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
)
"""OpenAI's names, which clients send; all of them mean the model that the server runs."""


def listing(own: Sequence[str]) -> dict[str, Any]:
    """The body of ``GET /v1/models``.

    Args:
        own: models of the server, the one that it runs first.
    """
    return {"object": "list", "data": [_model(name) for name in names(own)]}


def one(own: Sequence[str], name: str) -> dict[str, Any]:
    """The body of ``GET /v1/models/{name}``.

    Raises:
        UnknownModel: there is none of that name.
    """
    if name not in names(own):
        known = ", ".join(own)
        raise UnknownModel(f"there is no model {name[:80]!r}; this server has {known}")
    return _model(name)


def names(own: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*own, *KNOWN]))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "livestt"}
