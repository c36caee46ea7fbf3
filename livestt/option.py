"""How one setting is spoken of outside the code: its flag, its variable, what it may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from livestt.errors import UnsupportedOption

Group = Literal[
    "Server", "Access", "Model", "Streaming", "Audio", "Files", "Speakers", "Translation", "Store"
]
GROUPS: tuple[Group, ...] = get_args(Group)

Value = str | int | float | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is spoken of outside the code."""

    help: str
    group: Group
    aliases: tuple[str, ...] = ()
    """Older flags that mean the same; accepted, and not shown in ``--help``."""
    switches: Mapping[str, Value] = field(default_factory=dict)
    """Flags without a value that set this one: flag to value."""
    choices: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Older values and the choice that each means."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Values that people will try and that cannot work, with what to do instead."""
    unit: str = ""
    """One word, shown in place of the value."""
    minimum: float | None = None
    maximum: float | None = None

    def allowed(self) -> tuple[str, ...]:
        return self.choices() if callable(self.choices) else self.choices


def setting(default: Value, group: Group, help: str, **more: Any) -> Any:
    """The field of a settings class; ``more`` are further fields of its `Option`."""
    return field(default=default, metadata={"option": Option(help=help, group=group, **more)})


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: a field of `livestt.settings.Settings` as the outside sees it."""

    name: str
    default: Value
    option: Option

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return f"LIVESTT_{self.name.upper()}"

    def check(self, value: Value) -> None:
        """Refuse a value outside the choices or the range.

        Raises:
            UnsupportedOption: with a sentence that says what is allowed.
        """
        option = self.option
        if isinstance(value, str) and option.choices and value not in option.allowed():
            allowed = ", ".join(option.allowed())
            hint = option.hints.get(value)
            raise UnsupportedOption(
                f"{self.flag} {value}: {hint or 'no such choice.'} Choose one of: {allowed}."
            )
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._check_range(value)

    def _check_range(self, value: float) -> None:
        low, high = self.option.minimum, self.option.maximum
        if not math.isfinite(value):
            raise UnsupportedOption(
                f"{self.flag} {value}: write a number; for no limit, a large one."
            )
        if low is not None and value < low:
            raise UnsupportedOption(f"{self.flag} {value:g}: the minimum is {low:g}.")
        if high is not None and value > high:
            raise UnsupportedOption(f"{self.flag} {value:g}: the maximum is {high:g}.")
