"""A server that asks for keys: what the page says without one, and that it works with one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .extension_server import ServerProcess, free_port

OpenPage = Callable[..., Page]

TALKER, READER = "a-key-of-a-talker", "a-key-of-a-reader"


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    monkeypatch.setenv("LIVESTT_API_KEYS", f"t:transcribe+view:{TALKER} r:view:{READER}")
    server = ServerProcess(tmp_path, free_port(), "--backend", "scripted", "--no-vad")
    server.start()
    try:
        yield server
    finally:
        server.kill()


def give_key(page: Page, key: str) -> None:
    page.click("[popovertarget=settings]")
    key_field = page.locator("[name=key]")
    if not key_field.is_visible():
        page.click("details:has([name=key]) summary")
    key_field.fill(key)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")


def test_the_page_asks_for_a_key_and_works_with_it(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = open_page(locked.url)
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("The server refused this page.")
    give_key(page, "not-the-right-key")
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("It may want a key")

    give_key(page, TALKER)
    page.click("#start")
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#sheet")).to_contain_text("quick brown fox", timeout=20_000)

    overlay = open_page(f"{locked.url}overlay?session=latest&token={READER}")
    expect(overlay.locator("body")).to_contain_text("quick brown fox", timeout=20_000)
    page.click("#stop")


def test_allowed_pages_may_ask_and_others_may_not(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = open_page(f"{locked.url.replace('127.0.0.1', 'localhost')}health")
    ask = """async ([url, key]) => {
        try { return (await fetch(url, {headers: {Authorization: `Bearer ${key}`}})).status; }
        catch (error) { return error.name; }
    }"""
    assert page.evaluate(ask, [f"{locked.url}access", TALKER]) == "TypeError"
    own = f"{locked.url.replace('127.0.0.1', 'localhost')}access"
    assert page.evaluate(ask, [own, TALKER]) == 200
    assert page.evaluate(ask, [own, "wrong"]) == 401
