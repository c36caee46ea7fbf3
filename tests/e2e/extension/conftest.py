"""Chromium with the extension in it, the server that it speaks to, and pages that play sound."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from livestt.extension import assemble, write_folder

from ..extension_browser import PANEL, ExtensionBrowser, browser_with_extension
from ..extension_server import Connection, ServerProcess, free_port
from ..extension_site import serve_site
from ..sound import other_signal, write_sound

FIXTURES = Path(__file__).parents[2] / "fixtures"
SPEECH, MODEL = FIXTURES / "speech", FIXTURES / "whisper-synth"

OpenTab = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("site")
    write_sound(folder / "chord.wav")
    shutil.copy(SPEECH / "slt-02.flac", folder)
    with serve_site(folder) as port:
        yield port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The real server with the scripted engine, whose words come where there is sound."""
    server = scripted(tmp_path_factory.mktemp("kept"), free_port())
    server.start()
    yield server
    server.kill()


def scripted(kept: Path, port: int) -> ServerProcess:
    return ServerProcess(kept, port, "--backend", "scripted", "--no-vad")


@pytest.fixture(scope="module")
def extension(
    playwright: Playwright,
    chromium: str,
    server: ServerProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ExtensionBrowser]:
    folder = tmp_path_factory.mktemp("extension")
    write_folder(assemble(server.url), folder / "loaded")
    write_sound(folder / "microphone.wav", sound=other_signal)
    with browser_with_extension(
        playwright, chromium, folder / "loaded", folder / "profile", folder / "microphone.wav"
    ) as browser:
        yield browser


@pytest.fixture
def open_tab(extension: ExtensionBrowser, site: int) -> Iterator[OpenTab]:
    opened: list[Page] = []

    def open_tab(sound: str = "chord.wav", host: str = "127.0.0.1") -> Page:
        page = extension.context.new_page()
        opened.append(page)
        page.goto(f"http://{host}:{site}/page.html?sound={sound}")
        return page

    yield open_tab
    for page in opened:
        page.close()


@pytest.fixture
def panel(extension: ExtensionBrowser) -> Iterator[Page]:
    """The side panel's page in a tab of its own; as new, with nothing running."""
    page = extension.context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.set_viewport_size({"width": 380, "height": 760})
    page.goto(PANEL)
    yield page
    if page.locator("#stop").is_visible():
        page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    if page.locator("#clear").is_visible():
        page.click("#clear")
    page.evaluate("chrome.storage.local.clear()")
    page.close()
    assert thrown == []


def caption(extension: ExtensionBrowser, page: Page, panel: Page) -> None:
    """Press the button while the page is in front, and see the panel go live."""
    extension.press_button(page)
    expect(panel.locator("#link")).to_have_text("Live")


def newest(server: ServerProcess) -> Connection:
    return server.heard[-1]
