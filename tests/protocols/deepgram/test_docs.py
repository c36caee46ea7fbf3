"""The page about Deepgram names every parameter and message there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "deepgram.md").read_text("utf-8")
SOURCES = [path.read_text("utf-8") for path in (ROOT / "livestt/protocols/deepgram").glob("*.py")]


def test_every_parameter() -> None:
    read = r'query\.(?:text|flag|whole|number|all|mapping)\(\s*"(\w+)"'
    names = {name for source in SOURCES for name in re.findall(read, source)}
    assert len(names) > 25
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


def test_every_control_message() -> None:
    names = {name for source in SOURCES for name in re.findall(r'\{"type": "(\w+)"', source)}
    told = {"KeepAlive", "Finalize", "CloseStream", "Configure", "ForceEndTurn"}
    assert told <= names
    assert [name for name in sorted(told) if f"`{name}`" not in PAGE] == []
