"""One line of what ``livestt check`` reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """How it is with one thing, and what to do if it is not well."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    says: str
    advice: str = ""
