"""What other packages may bring: entry points, imported only when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
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


def lacking(name: str, needs: Mapping[str, tuple[str, str]]) -> str | None:
    """The extra that installs what this one needs; None if it is here, or nobody knows.

    Args:
        name: of a plug-in.
        needs: a module that is needed, and the extra that installs it, by name.
    """
    module, extra = needs.get(name, ("", ""))
    return None if not module or _is_here(module) else extra


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in
        return False


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
