"""Where pictures are taken: the real page, before a server that says what is written here."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.extension_browser import PANEL, ExtensionBrowser, browser_with_extension
from e2e.fake_server import FakeServer, Message, diff, line, snapshot, wait_for
from e2e.sound import write_sound as write_sound
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from livestt.extension import assemble, write_folder

ROOT = Path(__file__).parents[2]
LARGEST = 200_000

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}

TALK = [
    (1, "Good evening, and thank you all for coming out in the rain."),
    (1, "Tonight we want to talk about the library, and about what it could become."),
    (2, "May I ask something first?"),
    (1, "Please do."),
    (2, "How many evenings a week would it be open?"),
    (3, "We have reckoned with four. Five, if the reading room can be run by volunteers."),
    (1, "Which brings us to the plan for the courtyard."),
]


def talk() -> list[Message]:
    lines, at = [], 0.0
    for number, (speaker, text) in enumerate(TALK):
        seconds = len(text) / 15
        lines.append(line(number, text, round(at, 2), round(at + seconds, 2), speaker))
        at += seconds + 0.6
    return lines


def chromium() -> str:
    """Where Chromium is."""
    found = os.environ.get("LIVESTT_CHROMIUM") or shutil.which("chromium")
    if found is None:
        raise SystemExit("no Chromium: install it, or name it in LIVESTT_CHROMIUM")
    return found


class Studio:
    """Opens pages and keeps pictures of them.

    Args:
        playwright: starts the browser that has the extension.
        browser: has the page.
        sound: what microphones hear.
        folder: for the pictures.
    """

    def __init__(self, playwright: Playwright, browser: Browser, sound: Path, folder: Path) -> None:
        self._playwright = playwright
        self._browser = browser
        self.sound = sound
        self._folder = folder
        self.server = FakeServer()

    def open(self, path: str = "", **options: object) -> Page:
        context: BrowserContext = self._browser.new_context(
            permissions=["microphone"],
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        page = context.new_page()
        page.goto(self.server.url + path)
        return page

    def live(self, path: str = "", **options: object) -> Page:
        """A page in the middle of a conversation."""
        page = self.open(path, **options)
        before = len(self.server.heard)
        page.click("#start")
        wait_for(lambda: len(self.server.heard) > before and self.server.newest.seconds > 1.2)
        received = self.server.newest.seconds
        self.server.say(**snapshot(1, talk()))
        growing = "If you look at the drawing, you will see that the old"
        message = diff(2, len(TALK), text=growing, final=31, received=round(received, 2), lag=0.3)
        self.server.say(**message)
        expect(page.locator("#growing")).to_contain_text("the old")
        for number, name in ((1, "Ann"), (2, "Jamal"), (3, "Dr. Okafor")):
            page.locator(f"#log [data-person='{number}']").first.click()
            page.fill("#speaker-name", name)
            page.keyboard.press("Enter")
        page.keyboard.press("e")
        page.evaluate("document.activeElement.blur()")
        page.mouse.move(0, 0)
        return page

    @contextmanager
    def panel(self, **media: object) -> Iterator[Page]:
        """The extension's side panel, as a page of its own."""
        with self.extension(**media) as (_, page):
            yield page

    @contextmanager
    def extension(self, **media: object) -> Iterator[tuple[ExtensionBrowser, Page]]:
        """A browser that has it, and its side panel as a page of its own."""
        with tempfile.TemporaryDirectory() as folder:
            loaded, profile = Path(folder, "loaded"), Path(folder, "profile")
            write_folder(assemble(self.server.url), loaded)
            with browser_with_extension(
                self._playwright, chromium(), loaded, profile, self.sound
            ) as extension:
                page = extension.context.new_page()
                page.set_viewport_size({"width": 380, "height": 760})
                page.emulate_media(reduced_motion="reduce", **media)  # type: ignore[arg-type]
                page.goto(PANEL)
                yield extension, page

    def keep(self, page: Page, name: str, **options: object) -> None:
        """Take the last picture of a page."""
        self.write(page, name, **options)
        page.context.close()

    def write(self, page: Page, name: str, **options: object) -> None:
        """Take a picture.

        Raises:
            SystemExit: it is too large for the documentation.
        """
        path = self._folder / f"{name}.png"
        page.screenshot(path=path, animations="disabled", **options)  # type: ignore[arg-type]
        size = path.stat().st_size
        print(f"{path}: {size / 1000:.0f} kB")  # noqa: T201
        if size > LARGEST:
            raise SystemExit(f"{path} is larger than {LARGEST} bytes")
