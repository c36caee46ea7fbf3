"""JSON from clients. Pure."""

from __future__ import annotations

import json
from typing import Any

MOST_VALUES = 10_000
"""Values in one text. A value of two bytes takes sixty in memory, and nobody else has a turn while
they are made: a MiB of empty lists takes a tenth of a second."""

MOST_LEVELS = 100
"""Lists and objects inside each other. What Python itself allows depends on its version, and what
walks through a value later may allow less."""


def loads(text: str | bytes) -> Any:
    """What a text says.

    Raises:
        ValueError: it is no JSON, or has too many values.
        RecursionError: it is nested too deeply.
    """
    if _values(text) > MOST_VALUES:
        raise ValueError(f"it has more than {MOST_VALUES} values; send fewer at once")
    value = json.loads(text)
    if _levels(value) > MOST_LEVELS:
        raise RecursionError("it is nested too deeply")
    return value


def _values(text: str | bytes) -> int:
    """How many there are at most."""
    if isinstance(text, bytes):
        return sum(text.count(mark) for mark in (b"[", b"{", b","))
    return sum(text.count(mark) for mark in ("[", "{", ","))


def _levels(value: Any) -> int:
    levels, values = 0, [value]
    while outer := [one for one in values if isinstance(one, list | dict)]:
        levels += 1
        values = [v for one in outer for v in (one.values() if isinstance(one, dict) else one)]
    return levels
