"""Reading along with somebody else's session, from a link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .axe import complaints
from .fake_server import FakeServer, diff, line, snapshot, wait_for
from .fake_store import transcript
from .saving import downloaded

OpenPage = Callable[..., Page]


def watching(server: FakeServer, open_page: OpenPage, query: str = "", **options: object) -> Page:
    page = open_page(f"{server.url}?watch=abc{query}", **options)
    wait_for(lambda: server.heard)
    return page


def test_a_reader_follows_and_only_listens(
    page_server: FakeServer, open_page: OpenPage, console_errors: list[str]
) -> None:
    page = watching(page_server, open_page, "&token=k", microphone=False)
    assert page_server.newest.query == {
        "session": "abc",
        "role": "viewer",
        "mode": "diff",
    }
    assert page_server.newest.offered == ["token", "ek_fake"]
    assert "token" not in page.url
    expect(page.get_by_text("Waiting for words.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_hidden()
    page_server.say(**snapshot(1, [line(0, "Said before.", 0, 1)], text="growing", final=3))
    expect(page.locator("#transcript")).to_contain_text("Said before.")
    expect(page.locator("#growing")).to_contain_text("growing")
    expect(page.locator("#link")).to_have_text("Following")
    page_server.say(**diff(2, 2, new_lines=[line(1, "growing up.", 1, 2)]))
    expect(page.locator("#log")).to_contain_text("growing up.")

    page.keyboard.press("/")
    page.locator("#search-field").fill("before")
    expect(page.locator("#search-count")).to_contain_text("1")
    page.get_by_role("button", name="Save").click()
    assert "Said before." in downloaded(page, "[data-format=txt]")
    assert page_server.newest.frames == []

    page_server.say(type="ready_to_stop")
    expect(page.locator("#link")).to_have_text("Ended")
    expect(page.locator("#log")).to_contain_text("growing up.")
    assert console_errors == []


def test_a_reader_comes_back_after_a_loss(page_server: FakeServer, open_page: OpenPage) -> None:
    page = watching(page_server, open_page)
    page_server.say(**snapshot(1, [line(0, "Before.", 0, 1)]))
    expect(page.locator("#log")).to_contain_text("Before.")
    page_server.drop()
    wait_for(lambda: len(page_server.heard) == 2)
    lines = [line(0, "Before.", 0, 1), line(1, "Meanwhile.", 1, 2)]
    page_server.say(**snapshot(1, lines))
    expect(page.locator("#log .row")).to_have_count(2)
    expect(page.locator("#log")).to_contain_text("Meanwhile.")


def test_a_reader_may_have_the_page_in_another_language_at_any_time(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = watching(page_server, open_page)
    expect(page.locator("#link")).to_have_text("Following")
    page.click("[popovertarget=settings]")
    page.select_option("#ui", "de")
    expect(page.locator("#link")).to_have_text("Liest mit")


def test_a_session_that_is_not_there(page_server: FakeServer, open_page: OpenPage) -> None:
    page_server.away = True
    page_server.refusal = (404, {"code": "unknown_session"})
    page = open_page(f"{page_server.url}?watch=gone")
    expect(page.get_by_text("There is no such session.")).to_be_visible()
    expect(page.locator("#link")).to_have_text("Not found")
    expect(page.get_by_text("Waiting for words.")).to_be_hidden()
    expect(page.get_by_role("button", name="Share")).to_be_hidden()
    assert complaints(page) == []
    page.get_by_role("button", name="Try now").click()
    page_server.away = False
    # It may have come back by itself before the click, and the button is gone then.
    page.evaluate("document.querySelector('#advice button')?.click()")
    expect(page.locator("#link")).to_have_text("Following")
    expect(page.get_by_text("Waiting for words.")).to_be_visible()


def test_the_newest_session_may_be_still_to_come(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(f"{page_server.url}?watch=latest")
    expect(page.locator("#link")).to_have_text("Waiting")
    expect(page.get_by_text("Waiting for words.")).to_be_visible()


def test_a_session_that_is_over_is_read_with_its_pauses(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page_server.away = True
    page_server.refusal = (404, {"code": "unknown_session"})
    said = [(1, "Good evening."), (2, "Good night.")]
    page_server.store.kept = [transcript("gone", said, "2026-03-02T19:00:00+00:00")]
    page = open_page(f"{page_server.url}?watch=gone")
    expect(page.locator("#log .said")).to_have_text(["Good evening.", "Good night."])
    expect(page.locator("#log .silence")).to_have_count(1)
    expect(page.locator("#link")).to_have_text("Ended")
    page.locator("#log .who").first.click()
    page.fill("#speaker-name", "Ann")
    page.press("#speaker-name", "Enter")
    wait_for(lambda: page_server.store.kept[0]["speakers"] == {"1": "Ann"})


def test_what_cannot_be_shown_is_said_and_not_asked_for_again(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page_server.away = True
    page_server.refusal = (404, {"code": "unknown_session"})
    page_server.store.kept = [transcript("gone", [(1, "A.")], "2026-03-02T19:00:00+00:00")]
    page_server.store.kept[0]["lines"][0]["text"] = 1
    page_server.store.kept[0]["speakers"] = {}
    page = open_page(f"{page_server.url}?watch=gone")
    expect(page.get_by_text("The transcript cannot be shown.")).to_be_visible()
    expect(page.locator("#link")).to_have_text("Ended")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page_server: FakeServer, open_page: OpenPage, scheme: str) -> None:
    page = watching(page_server, open_page, color_scheme=scheme)
    page_server.say(**snapshot(1, [line(0, "Hello there.", 0, 1)], text="and more", final=3))
    expect(page.locator("#growing")).to_contain_text("and more")
    assert complaints(page) == []
