"""A server that asks for keys: what the page says without one, and that it works with one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .axe import complaints
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


def key_dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="This server needs a key.")


def give_key(page: Page, key: str, remember: bool = False) -> None:
    page.fill("#key-field", key)
    page.set_checked("#key-remember", remember)
    page.keyboard.press("Enter")


def test_the_page_asks_for_a_key_and_works_with_it(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = open_page(locked.url)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.context.on("websocket", lambda socket: asked.append(socket.url))
    expect(key_dialog(page)).to_be_visible()
    expect(page.locator("#key-field")).to_be_focused()
    page.click("#key-later")
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("This server needs a key.")
    page.get_by_role("button", name="Enter a key…").click()
    give_key(page, "not-the-right-key")
    expect(page.locator("#key-problem")).to_contain_text("The server does not know this key.")
    expect(page.locator("#key-field")).to_have_attribute("aria-invalid", "true")

    give_key(page, TALKER)
    expect(key_dialog(page)).to_be_hidden()
    expect(page.locator("#advice")).to_be_empty()
    page.click("#start")
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#sheet")).to_contain_text("quick brown fox")

    overlay = open_page(f"{locked.url}overlay?session=latest&token={READER}")
    expect(overlay.locator("body")).to_contain_text("quick brown fox")
    page.click("#stop")
    assert not [url for url in asked if TALKER in url or "token=" in url]
    assert TALKER not in page.evaluate("JSON.stringify(localStorage)")
    page.reload()
    expect(page.locator("#key-state")).to_have_text("The key in use is “t”.")


def test_a_key_outlives_the_tab_only_if_that_is_wished(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = open_page(locked.url)
    give_key(page, TALKER, remember=True)
    expect(key_dialog(page)).to_be_hidden()
    other = page.context.new_page()
    other.goto(locked.url)
    expect(other.locator("#key-state")).to_have_text("The key in use is “t”.")
    other.click("[popovertarget=settings]")
    other.click("details:has(#key-enter) summary")
    other.click("#key-enter")
    other.click("#key-forget")
    other.reload()
    expect(key_dialog(other)).to_be_visible()


def test_a_key_that_may_only_read(locked: ServerProcess, open_page: OpenPage) -> None:
    page = open_page(f"{locked.url}?token={READER}")
    expect(page.locator("#key-state")).to_have_text("The key in use is “r”.")
    assert READER not in page.url
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("This key does not allow that.")


def test_who_follows_along_is_told_how_such_a_key_is_made(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = open_page(f"{locked.url}?watch=latest", viewport={"width": 320, "height": 640})
    expect(key_dialog(page)).to_contain_text(
        "livestt key new NAME --scope view --api-keys-file FILE"
    )
    rows = "(option) => option.getClientRects().length"
    options = key_dialog(page).locator("#key-hint span").all()
    assert [option.evaluate(rows) for option in options] == [1, 1]


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_key_can_be_given_by_the_keyboard_alone(
    locked: ServerProcess, open_page: OpenPage, scheme: str
) -> None:
    page = open_page(locked.url, color_scheme=scheme)
    expect(key_dialog(page)).to_be_visible()
    assert complaints(page) == []
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#key-problem")).not_to_be_empty()
    expect(page.locator("#key-field")).to_be_focused()
    assert complaints(page) == []

    page.keyboard.press("Escape")
    expect(key_dialog(page)).to_be_hidden()
    page.locator("#start").focus()
    page.keyboard.press("Enter")
    opener = page.get_by_role("button", name="Enter a key…")
    opener.focus()
    assert complaints(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#key-field")).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        outside = "document.activeElement.closest('body > :not(dialog)') !== null"
        assert not page.evaluate(outside), "the page below waits"
    page.locator("#key-field").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(TALKER)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#key-remember")).to_be_checked()
    page.keyboard.press("Enter")
    expect(key_dialog(page)).to_be_hidden()
    expect(page.locator("#key-state")).to_have_text("The key in use is “t”.")
