"""What other packages may bring: entry points, imported only when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from livestt.errors import SetupError

# What importing a stranger's module can be expected to raise when it is broken.
_BROKEN = (ImportError, AttributeError, SyntaxError, NameError, TypeError, OSError, RuntimeError)


def installed(group: str, builtin: Mapping[str, str]) -> dict[str, EntryPoint]:
    """Every entry point of a group by name, livestt's own and others'. None is imported.

    Args:
        group: e.g. ``livestt.engines``.
        builtin: livestt's own, ``module:attribute`` by name; another package's of the same name
            takes its place.
    """
    points = {name: EntryPoint(name, value, group) for name, value in builtin.items()}
    return points | {point.name: point for point in entry_points(group=group)}


def load(point: EntryPoint, kind: str) -> Any:
    """Import what an entry point names.

    Args:
        point: one of `installed`.
        kind: what it is, for people, e.g. ``engine``.

    Raises:
        SetupError: its module is broken.
    """
    try:
        return point.load()
    except _BROKEN as error:
        raise SetupError(
            f"The {kind} {point.name} ({point.value}) cannot be imported: {error}"
        ) from error
