"""A real browser before a real page; by default the server behind it is a scripted one.

Tests of another server need only a fixture of their own whose value has a ``url``. Under the
page's security policy Playwright's ``wait_for_function`` with a string fails (it evaluates it in
the page); ``expect(locator)`` works.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from .fake_server import PATIENCE, FakeServer
from .sound import write_silence, write_sound

REQUIRED = os.environ.get("LIVESTT_REQUIRE_BROWSER") == "1"

OpenPage = Callable[..., Page]
expect.set_options(timeout=1000 * PATIENCE)


def missing(reason: str) -> NoReturn:
    """Skip, unless browser tests are required."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is."""
    named = os.environ.get("LIVESTT_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("no Chromium: install it, or name it in LIVESTT_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with ExitStack() as stack:
        try:
            running = stack.enter_context(sync_playwright())
        except Exception as error:  # noqa: BLE001 - what Playwright raises where it cannot start
            missing(f"Playwright does not start: {error}")
        yield running


def launch(playwright: Playwright, chromium: str, sound: Path) -> Browser:
    """A browser whose microphones all play one file, and where ``far.example`` is this machine."""
    return playwright.chromium.launch(
        executable_path=chromium,
        args=[
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={sound}",
            "--host-resolver-rules=MAP far.example 127.0.0.1",
        ],
    )


@pytest.fixture(scope="session")
def browser(
    playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    sound = tmp_path_factory.mktemp("sound") / "chord.wav"
    write_sound(sound)
    with launch(playwright, chromium, sound) as browser:
        yield browser


@pytest.fixture
def silent_browser(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[Browser]:
    write_silence(tmp_path / "silence.wav")
    with launch(playwright, chromium, tmp_path / "silence.wav") as browser:
        yield browser


@pytest.fixture
def page_server() -> Iterator[FakeServer]:
    server = FakeServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def console_errors() -> list[str]:
    """What the pages of this test complained about on their console."""
    return []


@pytest.fixture
def open_page(browser: Browser, console_errors: list[str]) -> Iterator[OpenPage]:
    """Opens pages in fresh profiles; fails the test if one of them throws."""
    opened: list[Page] = []
    thrown: list[str] = []

    def open_page(
        url: str,
        *,
        microphone: bool = True,
        script: str = "",
        using: Browser = browser,
        **options: Any,
    ) -> Page:
        context = using.new_context(
            permissions=["microphone", "clipboard-read", "clipboard-write"] if microphone else [],
            **options,
        )
        context.set_default_timeout(1000 * PATIENCE)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        opened.append(page)
        page.on("console", keep_error)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.goto(url)
        return page

    def keep_error(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            console_errors.append(message.text)

    yield open_page
    for page in opened:
        page.context.close()
    assert thrown == []
