"""The tables of docs/scale.md are what the script prints."""

from __future__ import annotations

import runpy
from pathlib import Path

from click.testing import CliRunner

ROOT = Path(__file__).parent.parent.parent


def test_tables_are_fresh() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "arithmetic.py"))
    printed = CliRunner().invoke(script["main"], []).output
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    for table in printed.strip().split("\n\n"):
        assert table in page
