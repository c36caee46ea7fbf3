"""The fields of a form or a query, read as what they should be. Pure.

Clients write lists as repeated fields, with ``[]`` after the name, joined by commas or as JSON;
objects as ``name[key]`` or as JSON; and truth as ``true``, ``True`` or ``1``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from livestt.engines import Capabilities
from livestt.errors import BadRequest
from livestt.languages import code_of
from livestt.protocols.options import MAX_TEXT
from livestt.protocols.untrusted import loads

TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off", "")
MAX_LIST, MAX_ITEMS = 16 * MAX_TEXT, 2_000
"""Most characters of a list, and items of one written as JSON."""


class Fields:
    """Named texts, in order; of a name given twice the last one counts.

    All methods raise `BadRequest`, with the field's name as ``param``.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)
        self._last = dict(self._pairs)

    def __contains__(self, name: str) -> bool:
        return name in self._last

    def text(self, name: str, default: str = "", *, longest: int = MAX_TEXT) -> str:
        value = self._last.get(name, default).strip()
        if len(value) > longest:
            raise BadRequest(
                f"{name} has {len(value)} characters: send up to {longest}", param=name
            )
        return value

    def boolean(self, name: str, default: bool) -> bool:
        if name not in self._last:
            return default
        value = self._last[name].strip().lower()
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise BadRequest(f"{name} is {_short(value)}: write true or false", param=name)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        value = self.text(name).lower() or default
        if value not in choices:
            raise BadRequest(
                f"{name} is {_short(value)}: use one of {', '.join(choices)}", param=name
            )
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self.text(name)
        if not value:
            return None
        return _number(name, value, low, high)

    def integer(self, name: str, low: int, high: int) -> int | None:
        value = self.number(name, low, high)
        if value is not None and value != int(value):
            raise BadRequest(f"{name} is {value}: write a whole number", param=name)
        return None if value is None else int(value)

    def items(self, name: str, *, split: bool = True) -> list[str]:
        """A list, however it was written; empty if it was not.

        Args:
            split: whether a comma separates two items.
        """
        found: list[str] = []
        for given, value in self._pairs:
            if given.partition("[")[0] != name or not _is_list_name(given, name):
                continue
            if split and len(value) > MAX_LIST:
                raise BadRequest(
                    f"{name} has {len(value)} characters: send up to {MAX_LIST}", param=name
                )
            if value.lstrip().startswith("["):
                found += _json_list(name, value)
            else:
                found += value.split(",") if split else [value]
        return [item.strip() for item in found if item.strip()]

    def terms(self, *names: str) -> tuple[str, ...]:
        """The items of these lists, which an engine is told with every job."""
        found = [item for name in names for item in self.items(name)]
        held = sum(map(len, found))
        if held > MAX_TEXT:
            raise BadRequest(
                f"{names[0]} holds {held} characters: send up to {MAX_TEXT}", param=names[0]
            )
        return tuple(found)

    def object(self, name: str) -> dict[str, Any] | str | None:
        """An object, or the bare word in its place; None if it was not given."""
        members = {
            given[len(name) + 1 : -1]: value
            for given, value in self._pairs
            if given.startswith(f"{name}[") and given.endswith("]") and not given.endswith("[]")
        }
        if members:
            return dict(members)
        value = self.text(name)
        if not value.startswith("{"):
            return value or None
        try:
            written = loads(value)
        except (ValueError, RecursionError):
            raise BadRequest(f"{name} is not valid JSON", param=name) from None
        return written if isinstance(written, dict) else None

    def member(
        self, name: str, given: dict[str, Any], key: str, low: float, high: float
    ) -> float | None:
        """A number of an object that `object` gave."""
        if given.get(key) is None:
            return None
        return _number(f"{name}[{key}]", given[key], low, high)


def language_of(value: str, engine: Capabilities, param: str) -> str | None:
    """A language given by code, with or without a region, or by English name; None for auto.

    Raises:
        BadRequest: the engine does not know it.
    """
    written = value.strip().lower()
    if written in ("", "auto", "multi"):
        return None
    code = code_of(written) or written.replace("_", "-").partition("-")[0]
    if code not in engine.languages:
        known = ", ".join(sorted(engine.languages))
        raise BadRequest(
            f"language {_short(value)} is not one of this server's: auto, {known}", param=param
        )
    return code


def _is_list_name(given: str, name: str) -> bool:
    index = given[len(name) :]
    return index in ("", "[]") or (index[1:-1].isdecimal() and index.endswith("]"))


def _json_list(name: str, value: str) -> list[str]:
    try:
        written = loads(value)
    except (ValueError, RecursionError):
        raise BadRequest(f"{name} is not valid JSON", param=name) from None
    if len(written) > MAX_ITEMS:
        raise BadRequest(f"{name} has {len(written)} items: send up to {MAX_ITEMS}", param=name)
    return [str(item) for item in written]


def _number(name: str, value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:
        raise BadRequest(f"{name} is {_short(value)}: use {low:g} to {high:g}", param=name)
    return number


def _short(value: Any) -> str:
    return repr(str(value)[:40])
