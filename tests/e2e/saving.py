"""What the browser saves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def downloaded(page: Page, button: str) -> str:
    """Press this button; the text of the file that it saves."""
    with page.expect_download() as saving:
        page.click(button)
    return Path(saving.value.path()).read_text(encoding="utf-8")
