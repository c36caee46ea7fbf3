"""Which models there are: the one that is loaded, under its own name and OpenAI's. Pure."""

from __future__ import annotations

from typing import Any

from livestt.engines import Capabilities
from livestt.errors import UnknownModel

KNOWN = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
)
"""OpenAI's names, which clients send; all of them mean the model that is loaded."""


def listing(engine: Capabilities) -> dict[str, Any]:
    """The body of ``GET /v1/models``."""
    return {"object": "list", "data": [_model(name) for name in names(engine)]}


def one(engine: Capabilities, name: str) -> dict[str, Any]:
    """The body of ``GET /v1/models/{name}``.

    Raises:
        UnknownModel: there is none of that name.
    """
    if name not in names(engine):
        raise UnknownModel(f"there is no model {name[:80]!r}; loaded is {engine.model}")
    return _model(name)


def names(engine: Capabilities) -> list[str]:
    return [engine.model, *(name for name in KNOWN if name != engine.model)]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "livestt"}
