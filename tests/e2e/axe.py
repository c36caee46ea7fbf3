"""What axe-core has to say about a page."""

from pathlib import Path

from playwright.sync_api import Page

from .conftest import missing

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"


def complaints(page: Page) -> list[tuple[str, str]]:
    """Rules that the page breaks now, each with the first element that does."""
    if not AXE.is_file():
        missing("axe-core is not installed: run npm ci")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
