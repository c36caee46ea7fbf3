"""The page and a server that comes and goes: nothing shown is lost, nothing said is lost."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from .fake_server import FakeServer, diff, line, snapshot, wait_for
from .sound import RATE

OpenPage = Callable[..., Page]


def start(page: Page, server: FakeServer, seconds: float = 0.5) -> None:
    before = len(server.heard)
    page.click("#start")
    wait_for(lambda: len(server.heard) > before and server.newest.seconds > seconds)


def test_a_lost_connection_costs_neither_captions_nor_sound(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    first = page_server.newest
    page_server.say(
        **snapshot(
            1, [line(0, "Said before.", 0, 0.2)], text="half a sen", final=4, received=0.4, lag=0.1
        )
    )
    expect(page.locator("#growing")).to_contain_text("half a sen")

    page_server.away = True
    page_server.drop()
    expect(page.locator("#link")).to_have_text("Reconnecting…")
    expect(page.locator("#advice")).to_contain_text("Trying again")
    expect(page.locator("#log")).to_contain_text("Said before.")
    expect(page.locator("#growing")).to_contain_text("half a sen")
    page.wait_for_timeout(1000)
    page_server.away = False
    wait_for(lambda: len(page_server.heard) == 2 and page_server.newest.seconds > 1.5)
    second = page_server.newest

    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#advice")).to_be_empty()
    # The server had heard 0.3 s of the first session; all the rest comes again, in one piece.
    heard = int(0.3 * RATE) * 2
    again = first.pcm[heard:]
    assert second.pcm[: len(again)] == again
    page_server.say(**snapshot(1, [line(0, "Said after.", 0, 1)]))
    rows = page.locator("#log .row")
    expect(rows).to_contain_text(["Said before.", "half a sen", "lost here", "Said after."])
    expect(rows.nth(3).locator("time")).to_have_attribute("datetime", "PT0.30S")


def test_a_session_that_is_found_again_goes_on_where_it_was(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    first = page_server.newest
    page_server.say(**snapshot(3, [line(0, "Said before.", 0, 0.2)]))
    expect(page.locator("#log")).to_contain_text("Said before.")
    page_server.resume_from = 3200
    page_server.resume_lines = [line(0, "Said before.", 0, 0.2), line(1, "Said between.", 1, 2)]
    page_server.drop()
    wait_for(lambda: len(page_server.heard) == 2 and page_server.newest.seconds > 0.5)
    second = page_server.newest
    assert second.query["session"] == "session-0"
    assert second.query["seq"] == "3"
    again = first.pcm[6400:]
    assert second.pcm[: len(again)] == again
    expect(page.locator("#log .row")).to_contain_text(["Said before.", "Said between."])


def test_stop_while_the_server_is_away_still_delivers_the_end(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.away = True
    page_server.drop()
    expect(page.locator("#link")).to_have_text("Reconnecting…")
    page.click("#stop")
    expect(page.locator("#stop")).to_have_text("Stop now")
    page_server.away = False
    wait_for(lambda: len(page_server.heard) == 2 and page_server.newest.ended)
    assert page_server.newest.seconds > 0.5
    expect(page.locator("#link")).to_have_text("Ready")


def test_a_server_that_is_away_from_the_start(page_server: FakeServer, open_page: OpenPage) -> None:
    page_server.away = True
    page = open_page(page_server.url)
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("The server is full.")
    expect(page.locator("#link")).to_have_text("Connecting…")
    expect(page.locator("#growing")).to_be_hidden()
    page_server.away = False
    # It may have come back by itself before the click, and the button is gone then.
    page.evaluate("document.querySelector('#advice button')?.click()")
    wait_for(lambda: page_server.heard and page_server.newest.seconds > 0.5)
    expect(page.locator("#advice")).to_be_empty()


def test_what_the_server_says_of_its_load_is_over_with_it(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url, viewport={"width": 390, "height": 760})
    notices = page.locator("#notices")

    def be_busy() -> None:
        page_server.say(type="warning", code="load_shorter_windows", message="busy")
        expect(notices).to_contain_text("The server is very busy")

    start(page, page_server)
    page_server.say(**snapshot(1, [line(0, "Said before.", 0, 0.2)]))
    be_busy()
    page_server.say(type="warning", code="load_normal", message="well again")
    expect(notices).to_be_empty()

    be_busy()
    page_server.say(type="warning", code="store_failing", message="no disk")
    expect(page.locator(".notice:visible")).to_have_count(1)
    page.click("#clear")
    expect(notices).not_to_contain_text("The server is very busy")
    expect(page.locator(".notice:visible")).to_contain_text("Transcript cleared.")

    be_busy()
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    expect(notices).not_to_contain_text("The server is very busy")
    expect(page.locator(".notice.alarm")).to_have_count(1)


def test_a_server_that_says_it_restarts_says_nothing_else_once_it_is_away(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(type="warning", code="load_longer_steps", message="busy")
    page_server.say(type="warning", code="server_restart", message="soon back")
    expect(page.locator("#notices")).to_contain_text("The server is restarting.")
    page_server.stop()
    expect(page.locator("#advice")).to_contain_text("The server is restarting.")
    expect(page.locator("#notices")).to_be_empty()


def test_a_server_that_is_gone(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    page_server.stop()
    page.click("#start")
    # What captures may have been loaded before: then the page records, and tries again.
    either = re.compile(r"Is the server running\?|The server cannot be reached\.")
    expect(page.locator("#advice")).to_contain_text(either)


def test_a_diff_that_does_not_fit_is_repaired(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, [line(0, "One.", 0, 1)]))
    page_server.say(**diff(2, 3, new_lines=[line(2, "Three.", 2, 3)]))
    wait_for(lambda: "resync" in page_server.newest.types())
    expect(page.locator("#log .row")).to_contain_text(["One."])
    lines = [line(i, text, i, i + 1) for i, text in enumerate(("One.", "Two.", "Three."))]
    page_server.say(**snapshot(3, lines))
    expect(page.locator("#log .row")).to_contain_text(["One.", "Two.", "Three."])
    assert page_server.newest.types().count("resync") == 1


def test_the_language_can_be_chosen_and_changed(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    page.select_option("#language", "de")
    start(page, page_server)
    heard = page_server.newest
    assert heard.query == {
        "mode": "diff",
        "words": "true",
        "encoding": "s16le",
        "sample_rate": "16000",
        "channels": "1",
        "language": "de",
    }
    expect(page.locator("#language option")).to_have_count(5)
    expect(page.locator("#language")).to_have_value("de")
    page.select_option("#language", "fr")
    wait_for(lambda: {"type": "configure", "language": "fr"} in heard.controls)
    page.reload()
    expect(page.locator("#language")).to_have_value("fr")


def test_what_is_said_can_be_translated(page_server: FakeServer, open_page: OpenPage) -> None:
    page_server.about |= {"target_language": "", "target_languages": ["de", "en", "zho_Hant"]}
    page = open_page(page_server.url)
    start(page, page_server)
    heard = page_server.newest
    assert "target_language" not in heard.query
    expect(page.locator("#target option")).to_have_count(4)
    page.select_option("#target", "de")
    wait_for(lambda: {"type": "configure", "target_language": "de"} in heard.controls)
    page_server.say(**snapshot(1, [line(0, "One.", 0, 1)]))
    page_server.say(**diff(2, 1, updates=[{**line(0, "One.", 0, 1), "translation": "Eins."}]))
    expect(page.locator("#log .row .translation")).to_have_text("Eins.")
    page.select_option("#target", "none")
    wait_for(lambda: {"type": "configure", "target_language": "none"} in heard.controls)


def test_a_server_that_translates_nothing_offers_nothing(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    expect(page.locator("#target-choice")).to_be_hidden()


def test_captions_are_acknowledged(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(5))
    page_server.say(**diff(6, 0))
    wait_for(lambda: {"type": "ack", "seq": 5} in page_server.newest.controls)
    page.wait_for_timeout(1000)
    page_server.say(type="heartbeat", t=5.0)
    wait_for(lambda: {"type": "ack", "seq": 6} in page_server.newest.controls)
