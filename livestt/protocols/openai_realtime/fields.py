"""Checks of the fields of a client's objects, each of which says what the field may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livestt.errors import BadRequest

MAX_NAME = 200
"""Characters of a model's or a language's name."""

Check = Callable[[str, Any, str], Any]
"""Checks a field: its name, its value and the path of its object; returns the value."""


def checked(value: Mapping[str, Any], fields: Mapping[str, Check], param: str) -> dict[str, Any]:
    """The known fields that are present; null is as good as absent."""
    return {
        name: check(name, value[name], f"{param}.{name}")
        for name, check in fields.items()
        if value.get(name) is not None
    }


def number(name: str, value: Any, least: float, most: float, param: str) -> float:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    if not plain or not least <= value <= most:
        raise BadRequest(f"'{name}' must be a number from {least:g} to {most:g}", param=param)
    found: float = value
    return found


def within(least: float, most: float, *, whole: bool) -> Check:
    def check(name: str, value: Any, param: str) -> float:
        found = number(name, value, least, most, param)
        return int(found) if whole else found

    return check


def text(name: str, value: Any, param: str) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"'{name}' must be a string", param=param)
    return value


def short(name: str, value: Any, param: str) -> str:
    if len(text(name, value, param)) > MAX_NAME:
        raise BadRequest(f"'{name}' is too long", param=param)
    return str(value)


def texts(name: str, value: Any, param: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadRequest(f"'{name}' must be a list of strings", param=param)
    return value


def one_of(*choices: str) -> Check:
    def check(name: str, value: Any, param: str) -> str:
        if value not in choices:
            raise BadRequest(f"'{name}' must be one of: {', '.join(choices)}", param=param)
        return str(value)

    return check
