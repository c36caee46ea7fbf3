"""Every example is listed with a command, and those in Python say what they need."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
PAGE = (EXAMPLES / "README.md").read_text(encoding="utf-8")
FILES = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".py", ".mjs", ".sh"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_listed_with_a_command(path: Path) -> None:
    assert re.search(rf"`[^`]*(uv run|node|sh)[^`]* examples/{re.escape(path.name)}[^`]*` \|", PAGE)


def test_nothing_is_listed_that_is_not_there() -> None:
    listed = set(re.findall(r"examples/([\w.]+)", PAGE))
    assert listed == {path.name for path in FILES}


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix == ".py"], ids=lambda path: path.name
)
def test_it_says_what_it_needs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert "# dependencies = [" in text or f"--with openai examples/{path.name}" in PAGE
