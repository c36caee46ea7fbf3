"""The generated pages are what the program would write today."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from livestt.cli import COMMANDS
from livestt.cli.docs import PAGES, write
from livestt.settings import table

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fresh(name: str) -> None:
    fresh = (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()
    assert fresh, f"docs/{name} is stale: run python -m livestt.cli.docs"


def test_every_setting_is_described() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for setting in table():
        assert f"### `{setting.flag}`" in page
        assert f"`{setting.variable}`" in page
        for alias in (*setting.option.aliases, *setting.option.switches):
            assert f"`{alias}`" in page


def test_every_command_is_described() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"## livestt {command}\n" in page


def test_pages_are_written_where_asked(tmp_path: Path) -> None:
    result = CliRunner().invoke(write, ["--to", str(tmp_path / "pages")])
    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "pages").iterdir()} == set(PAGES)
