"""What was said outlives the page; what was chosen travels in a link."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .fake_server import FakeServer, Message, diff, line, snapshot, wait_for

OpenPage = Callable[..., Page]

KEPT = """
  (async () => {
    const open = indexedDB.open("livestt");
    await new Promise((resolve) => { open.onsuccess = resolve; });
    const all = open.result.transaction("rows").objectStore("rows").getAll();
    await new Promise((resolve) => { all.onsuccess = resolve; });
    return all.result.sort((a, b) => a.order - b.order).map(({ row }) => row.text);
  })()
"""


def start(page: Page, server: FakeServer) -> None:
    before = len(server.heard)
    page.click("#start")
    wait_for(lambda: len(server.heard) > before)
    expect(page.locator("#link")).to_have_text("Live")


def talk() -> list[Message]:
    return [
        line(0, "Good morning.", 0, 2),
        line(1, None, 2, 9),
        line(2, "Good evening.", 9, 11, speaker=2),
    ]


def leave(page: Page) -> None:
    """Away from the page while it records, as a crash would take it."""
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()


def test_a_reload_brings_everything_back(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, talk(), text="half a sen", final=4, received=12.0))
    expect(page.locator("#growing")).to_contain_text("half a sen")
    page.locator("#log .who").first.click()
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    said = ["Good morning.", "", "Good evening.", "half a sen"]
    wait_for(lambda: page.evaluate(KEPT) == said)
    page_server.say(**diff(2, 4, new_lines=[line(3, "Half a sentence.", 11, 12)]))
    said[-1] = "Half a sentence."
    wait_for(lambda: page.evaluate(KEPT) == said)
    page_server.say(**diff(3, 4, text="and then", received=13.0))
    said.append("and then")
    wait_for(lambda: page.evaluate(KEPT) == said)

    leave(page)
    rows = page.locator("#log .row")
    expect(rows).to_contain_text(
        ["Good morning.", "Pause of 7 s", "Good evening.", "Half a sentence.", "and then"]
    )
    expect(page.locator("#log .who")).to_have_text(["Ann", "Speaker 2", "Ann"])
    expect(page.locator("#notices")).to_be_empty()

    start(page, page_server)
    page_server.say(**snapshot(1, [line(0, "And on.", 0.5, 1)]))
    expect(rows.nth(6)).to_contain_text("And on.")
    expect(rows.nth(6).locator("time")).to_have_attribute("datetime", "PT13.50S")
    wait_for(lambda: page.evaluate(KEPT)[-1] == "And on.")
    expect(rows.nth(5)).to_have_text("Recording 2")
    assert len(page.evaluate(KEPT)) == 7, "one transcript, not two"


def test_what_a_crash_left_behind_is_offered_to_the_next_tab(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, talk()))
    wait_for(lambda: len(page.evaluate(KEPT)) == 3)

    beside = page.context.new_page()
    beside.goto(page_server.url)
    beside.wait_for_timeout(300)
    expect(beside.locator("#notices")).to_be_empty()

    page.close()
    beside.reload()
    expect(beside.locator("#notices")).to_contain_text("A transcript from")
    beside.click("#notices button >> text=Restore")
    expect(beside.locator("#log .row")).to_contain_text(["Good morning.", "", "Good evening."])
    expect(beside.locator("#notices")).to_be_empty()


def test_kept_transcripts_are_listed_and_deleted(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, talk()))
    wait_for(lambda: len(page.evaluate(KEPT)) == 3)
    page.click("#clear")
    page_server.say(**diff(2, 4, new_lines=[line(3, "Another matter.", 11, 12)]))
    wait_for(lambda: len(page.evaluate(KEPT)) == 4)
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")

    page.click("[popovertarget=save]")
    page.click("#kept summary")
    items = page.locator("#kept-list li")
    expect(items).to_have_count(2)
    page.click("#kept-list button:has-text('Good morning.')")
    expect(page.locator("#log .row")).to_contain_text(["Good morning.", "", "Good evening."])

    page.click("[popovertarget=save]")
    page.click("#kept-list li:has-text('Another') button:has-text('Delete')")
    expect(items).to_have_count(1)
    page.uncheck("#keep")
    page.click("#kept-clear")
    expect(page.locator("#kept-none")).to_be_visible()
    page.keyboard.press("Escape")
    start(page, page_server)
    page_server.say(**snapshot(1, [line(0, "Off the record.", 0, 1)]))
    expect(page.locator("#log")).to_contain_text("Off the record.")
    page.wait_for_timeout(1500)
    assert page.evaluate(KEPT) == []


def test_a_link_carries_the_settings_and_no_secret(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(f"{page_server.url}?theme=dark&size=4&language=de&times=0&server=evil.example")
    assert page.url == f"{page_server.url}?server=evil.example", "said once, and not obeyed"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    start(page, page_server)
    assert page_server.newest.query["language"] == "de"
    page.click("#stop")

    page.click("[popovertarget=settings]")
    page.click("details:has(#key-enter) summary")
    page.click("#key-enter")
    page.fill("#key-field", "secret")
    page.keyboard.press("Enter")
    expect(page.locator("#key")).to_be_hidden()
    page.click("[popovertarget=settings]")
    page.click("details:has(#copy-setup) summary")
    page.click("#copy-setup")
    expect(page.locator("#share-answer")).to_have_text("Copied.")
    link = urlsplit(page.evaluate("navigator.clipboard.readText()"))
    assert parse_qs(link.query) == {
        "theme": ["dark"],
        "size": ["4"],
        "language": ["de"],
        "times": ["0"],
    }
    page.click("#copy-overlay")
    wait_for(lambda: "/overlay?" in page.evaluate("navigator.clipboard.readText()"))
    page.keyboard.press("Escape")
    start(page, page_server)
    assert page_server.newest.offered == ["token", "ek_fake"]
    assert "token" not in page_server.newest.query


def test_another_server(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url.replace("127.0.0.1", "localhost"))
    page.click("[popovertarget=settings]")
    page.click("details:has([name=server]) summary")
    page.fill("[name=server]", urlsplit(page_server.url).netloc)
    page.keyboard.press("Escape")
    start(page, page_server)
    assert page_server.newest.host == urlsplit(page_server.url).netloc
    expect(page.locator("[name=server]")).to_be_disabled()


@pytest.mark.parametrize(
    ("locale", "start_text", "direction"),
    [("fr-CA", "Démarrer", "ltr"), ("ar", "ابدأ", "rtl"), ("sv", "Start", "ltr")],
)
def test_the_page_speaks_the_readers_language(
    page_server: FakeServer,
    open_page: OpenPage,
    browser: Browser,
    locale: str,
    start_text: str,
    direction: str,
) -> None:
    page = open_page(page_server.url, locale=locale)
    expect(page.locator("#start")).to_have_text(start_text)
    assert page.evaluate("document.documentElement.dir") == direction
    page.click("[popovertarget=settings]")
    page.select_option("#ui", "de")
    expect(page.locator("#open")).to_have_text("Datei öffnen…")
    page.reload()
    expect(page.locator("#open")).to_have_text("Datei öffnen…")
