"""What commands that measure share: the extra they need, and the file of figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from livestt.cli.base import WRITTEN
from livestt.errors import MissingExtra

NEEDED = ("jiwer", "rapidfuzz", "whisper_normalizer", "psutil")
F = TypeVar("F", bound=Callable[..., Any])


def json_option(what: str = "all figures") -> Callable[[F], F]:
    """Give a command ``--json FILE``, as ``json_file``."""
    return click.option("--json", "json_file", type=WRITTEN, help=f"Write {what} here.")


def write_json(figures: object, file: Path | None) -> None:
    """Write figures where ``--json`` says, if it says."""
    if file is not None:
        text = json.dumps(figures, indent=2, ensure_ascii=False)
        file.write_text(text + "\n", encoding="utf-8")


def share(rate: float | None) -> str:
    """A rate in per cent."""
    return "-" if rate is None else f"{rate:.1%}"


def require() -> None:
    """Refuse early when something that measuring needs is missing.

    Raises:
        MissingExtra: the extra is not installed.
    """
    if not all(find_spec(name) for name in NEEDED):
        raise MissingExtra("livestt bench", "bench")
