"""How a voice profile is written on the wire. Pure. Its embedding never leaves the server."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from livestt.speakers.heard_voice import HeardVoice
from livestt.timebase import to_seconds


class Kept(Protocol):
    """A profile, as the store has it."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def created(self) -> datetime: ...

    @property
    def updated(self) -> datetime: ...

    @property
    def samples(self) -> int: ...

    @property
    def heard(self) -> HeardVoice: ...

    @property
    def model(self) -> str: ...


def voice_body(voice: Kept, *, usable: bool) -> dict[str, Any]:
    """A profile for its owner.

    Args:
        voice: the profile.
        usable: whether the embedder that is loaded made it.
    """
    return {
        "id": voice.id,
        "name": voice.name,
        "created": voice.created.isoformat(timespec="seconds"),
        "updated": voice.updated.isoformat(timespec="seconds"),
        "seconds": to_seconds(voice.heard.samples),
        "samples": voice.samples,
        "model": voice.model,
        "usable": usable,
    }
