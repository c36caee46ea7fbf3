"""What the reader sees, keeps and can do."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from .axe import complaints
from .fake_server import FakeServer, Message, diff, line, snapshot, wait_for
from .sound import write_silence

OpenPage = Callable[..., Page]


PHONE: ViewportSize = {"width": 360, "height": 640}


def start(page: Page, server: FakeServer) -> None:
    before = len(server.heard)
    page.click("#start")
    wait_for(lambda: len(server.heard) > before)
    expect(page.locator("#link")).to_have_text("Live")


def talk(count: int, first: int = 0) -> list[Message]:
    return [
        line(i, f"Sentence {i} is long enough to fill most of a line on a phone.", 4 * i, 4 * i + 4)
        for i in range(first, first + count)
    ]


def test_the_page_loads_without_a_word_of_complaint(
    page_server: FakeServer, open_page: OpenPage, console_errors: list[str]
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, talk(2), text="and more", final=3))
    expect(page.locator("#growing")).to_contain_text("and more")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert len(console_errors) == 1, "only the style just tried, so the policy is in force"
    assert "Content Security Policy" in console_errors[0]


def test_committed_words_are_ink_and_the_rest_is_pencil(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, text="👋 hello wor", final=7, received=9, begin=4))
    expect(page.locator(".ink")).to_have_text("👋 hello")
    expect(page.locator("#growing .when")).to_have_text("0:04")
    expect(page.locator(".pencil")).to_have_text(" wor", use_inner_text=False)
    ink, pencil = (
        page.locator(name).evaluate("e => getComputedStyle(e).color")
        for name in (".ink", ".pencil")
    )
    assert ink != pencil
    page.locator("#growing .ink").evaluate("e => { e.kept = true }")

    page_server.say(**diff(2, 1, new_lines=[line(0, "👋 hello world.", 4, 6)]))
    expect(page.locator("#log .row")).to_contain_text(["👋 hello world."])
    expect(page.locator("#log .row .when")).to_have_text("0:04")
    expect(page.locator("#growing .when")).to_be_empty()
    expect(page.locator(".pencil")).to_have_text("Listening…")
    assert page.locator("#growing .ink").evaluate("e => e.kept")
    assert page.locator("#log #growing").count() == 0, "interim words must not be read out"
    assert page.locator("[aria-live], [role=log], [role=status], [role=alert]").evaluate_all(
        "all => all.every(e => !e.contains(document.querySelector('#growing')))"
    )


def test_rows_are_changed_in_place(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    lines = [line(0, "One.", 0, 1), line(1, "Two.", 1, 2), line(2, None, 2, 9)]
    page_server.say(**snapshot(1, lines))
    rows = page.locator("#log .row")
    expect(rows).to_contain_text(["One.", "Two.", "Pause of 7 s"])
    rows.nth(0).evaluate("e => { e.kept = true }")
    changed = line(1, "Two, corrected.", 1, 2, speaker=2)
    page_server.say(**diff(2, 3, lines_pruned=1, new_lines=[line(3, "Three.", 9, 10)], updates=[]))
    page_server.say(**diff(3, 3, updates=[changed]))
    expect(rows.nth(1)).to_contain_text("Two, corrected.")
    expect(rows.nth(1)).to_contain_text("Speaker 2")
    expect(rows.nth(0)).to_contain_text("One.")
    expect(rows).to_have_count(4)


def test_text_is_never_markup(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    evil = "<img src=x onerror=alert(1)><b>bold</b>"
    page_server.say(**snapshot(1, [line(0, evil, 0, 1), line(1, "שלום", 1, 2)], text=evil, final=3))
    page_server.say(type="warning", code="x", message=evil)
    expect(page.locator("#log .said").first).to_have_text(evil)
    expect(page.locator("#notices")).to_contain_text(evil)
    assert page.locator("main img, main b, #notices img").count() == 0
    direction = page.locator("#log .said").nth(1).evaluate("e => getComputedStyle(e).direction")
    assert direction == "rtl"


def test_the_page_follows_until_the_reader_scrolls(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url, viewport={"width": 800, "height": 500})
    start(page, page_server)
    page_server.say(**snapshot(1, talk(40)))
    growing, jump = page.locator("#growing"), page.locator("#jump")
    expect(growing).to_be_in_viewport()
    expect(jump).to_be_hidden()

    page.mouse.move(400, 250)
    page.mouse.wheel(0, -400)
    expect(jump).to_be_visible()
    expect(jump).to_contain_text("Jump to live")
    place = page.evaluate("document.querySelector('#transcript').scrollTop")
    page_server.say(**diff(2, 50, new_lines=talk(10, 40)))
    expect(page.locator("#log .row")).to_have_count(50)
    expect(jump).to_contain_text("New captions below")
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelector('#transcript').scrollTop") == place

    jump.click()
    expect(growing).to_be_in_viewport()
    expect(jump).to_be_hidden()
    page_server.say(**diff(3, 60, new_lines=talk(10, 50)))
    expect(page.locator("#log .row")).to_have_count(60)
    expect(growing).to_be_in_viewport()

    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    page.mouse.move(400, 250)
    page.mouse.wheel(0, -400)
    expect(jump).to_contain_text("Jump to the end")


def test_the_transcript_can_be_saved(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    page.click("[popovertarget=save]")
    page.click("#copy")
    expect(page.locator("#save-answer")).to_have_text("There is nothing to save yet.")
    page.keyboard.press("Escape")
    start(page, page_server)
    lines = [line(0, "Hello there.", 0, 1.5), line(1, "General.", 2, 3, speaker=2)]
    page_server.say(**snapshot(1, lines))
    expect(page.locator("#log .row")).to_have_count(2)

    page.click("[popovertarget=save]")
    saved = {}
    for extension in ("txt", "srt", "vtt", "json"):
        with page.expect_download() as download:
            page.click(f"[data-format={extension}]")
        assert download.value.suggested_filename.endswith(f".{extension}")
        saved[extension] = Path(download.value.path()).read_text(encoding="utf-8")
    assert saved["txt"] == "Speaker 1: Hello there.\n\nSpeaker 2: General.\n"
    assert "00:00:00,000 --> 00:00:01,500\nSpeaker 1: Hello there.\n" in saved["srt"]
    assert "00:00:02.000 --> 00:00:03.000\n<v Speaker 2>General.\n" in saved["vtt"]
    assert json.loads(saved["json"])["text"] == "Hello there. General."
    page.click("#copy")
    expect(page.locator("#save-answer")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == saved["txt"]


def test_clearing_can_be_undone(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    start(page, page_server)
    page_server.say(**snapshot(1, talk(2)))
    rows = page.locator("#log .row")
    expect(rows).to_have_count(2)
    page.click("#clear")
    expect(rows).to_have_count(0)
    page_server.say(**diff(2, 3, new_lines=talk(1, 2)))
    expect(rows).to_have_count(1)
    page.click("#notices button >> text=Undo")
    expect(rows).to_have_count(3)
    expect(page.locator("#notices")).to_be_empty()


def test_what_the_reader_chose_is_there_after_a_reload(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    page.click("[popovertarget=settings]")
    page.check("[name=theme][value=dark]", force=True)
    page.focus("[name=size]")
    page.keyboard.press("End")
    page.uncheck("[name=times]")
    page.check("[name=face][value=sans]", force=True)
    page.reload()
    assert page.evaluate("({...document.documentElement.dataset})") == {
        "theme": "dark",
        "face": "sans",
        "size": "6",
        "times": "hidden",
    }
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_the_keyboard_is_enough(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(6):
        page.keyboard.press("Tab")
    expect(page.locator("#start")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#pause")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#resume")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page_server: FakeServer, open_page: OpenPage, scheme: str) -> None:
    page_server.notice = "A small engine answers. A better one is one command away."
    page = open_page(page_server.url, color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator("#notices")).to_contain_text("A small engine")
    states = {"idle": complaints(page)}
    start(page, page_server)
    lines = [*talk(12), line(12, None, 48, 60), line(13, "And I answer.", 60, 62, speaker=2)]
    page_server.say(**snapshot(1, lines, text="more words", final=4, lag=6.0))
    expect(page.locator("#growing")).to_contain_text("more words")
    states["live"] = complaints(page)
    page.click("[popovertarget=settings]")
    for summary in page.locator("#settings summary:visible").all():
        summary.click()
    states["settings"] = complaints(page)
    page.keyboard.press("Escape")
    page.click("[popovertarget=save]")
    page.click("#kept summary")
    expect(page.locator("#kept-list li")).to_have_count(1)
    states["save"] = complaints(page)
    page.keyboard.press("Escape")
    page.locator("#log .who").first.click()
    states["name"] = complaints(page)
    page.keyboard.press("Escape")
    page.click("#lag")
    expect(page.locator("#health")).to_contain_text("Not processed yet")
    states["figures"] = complaints(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    states["help"] = complaints(page)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("sentence")
    states["search"] = complaints(page)
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    states["projector"] = complaints(page)
    page.focus("#projector-leave")
    page.keyboard.press("Enter")
    expect(page.locator(".dock")).to_be_visible()
    page_server.away = True
    page_server.drop()
    expect(page.locator("#advice")).to_contain_text("Trying again")
    page.mouse.move(600, 300)
    page.mouse.wheel(0, -300)
    expect(page.locator("#jump")).to_be_visible()
    states["away"] = complaints(page)
    page.set_viewport_size(PHONE)
    states["phone"] = complaints(page)
    assert not any(states.values()), states


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_a_file_or_in_the_overlay(
    page_server: FakeServer, open_page: OpenPage, scheme: str, tmp_path: Path
) -> None:
    write_silence(tmp_path / "silence.wav")
    page_server.stops_at_once = False
    page = open_page(f"{page_server.url}?ui=ar", color_scheme=scheme, reduced_motion="reduce")
    page.set_input_files("#file", tmp_path / "silence.wav")
    wait_for(lambda: page_server.heard and page_server.newest.ended)
    page_server.say(**snapshot(1, talk(3), received=1.0))
    expect(page.locator("#log .row")).to_have_count(3)
    states = {"transcribing": complaints(page)}
    page_server.say(type="ready_to_stop")
    expect(page.locator("#start")).to_be_visible()
    page.locator("#seek").fill("0.5")
    states["played"] = complaints(page)
    page.goto(f"{page_server.url}overlay?session=x&background=black")
    wait_for(lambda: len(page_server.heard) == 2)
    page_server.say(**snapshot(1, talk(3), text="and more"))
    expect(page.locator("#captions")).to_contain_text("and more")
    states["overlay"] = complaints(page)
    assert not any(states.values()), states


def test_nothing_is_wider_than_a_phone(page_server: FakeServer, open_page: OpenPage) -> None:
    page_server.notice = "A small engine answers: livestt models get large-v3-turbo-very-long-name"
    page = open_page(page_server.url, viewport=PHONE, has_touch=True, is_mobile=True)
    check_width(page)
    start(page, page_server)
    long = line(0, "Donaudampfschifffahrtsgesellschaftskapitänskajüte" * 3, 0, 2, speaker=3)
    page_server.say(**snapshot(1, [*talk(5, 1), long], text="x" * 90, final=45, lag=12.3))
    expect(page.locator("#growing")).to_contain_text("xxx")
    for width in (320, 360, 430, PHONE["width"]):
        page.set_viewport_size({**PHONE, "width": width})
        check_width(page)
    page.click("[popovertarget=settings]")
    for summary in page.locator("#settings summary:visible").all():
        summary.click()
    check_width(page)
    page.locator("[name=size]").fill("6")
    page.keyboard.press("Escape")
    check_width(page)
    page_server.away = True
    page_server.drop()
    expect(page.locator("#link")).to_have_text("Reconnecting…")
    check_width(page)


def test_nothing_is_cut_off_on_a_narrow_phone_once_it_is_over(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url, viewport={"width": 320, "height": 640})
    start(page, page_server)
    page_server.say(**snapshot(1, talk(5, 1)))
    page.click("#stop")
    for name in ("Start", "Open a file…", "Clear"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)
    check_width(page)


@pytest.mark.parametrize("language", ["de", "fr", "es", "zh", "ar"])
def test_every_language_fits_a_narrow_phone(
    page_server: FakeServer, open_page: OpenPage, language: str
) -> None:
    page = open_page(f"{page_server.url}?ui={language}", viewport={"width": 320, "height": 640})
    expect(page.locator("#start")).to_be_visible()
    check_width(page)
    page.click("#start")
    wait_for(lambda: page_server.heard)
    page_server.say(**snapshot(1, talk(5, 1)))
    expect(page.locator("#log .row")).not_to_have_count(0)
    check_width(page)
    page.click("#stop")
    expect(page.locator("#start")).to_be_visible()
    check_width(page)


def check_width(page: Page) -> None:
    too_wide = page.evaluate(
        """() => [document.documentElement, document.querySelector('#transcript'),
                  ...document.querySelectorAll('header *, section *, main *')]
            .filter((e) => e.checkVisibility()
              && (e.getBoundingClientRect().right > innerWidth + 0.5
                  || ['transcript', 'lag'].includes(e.id) && e.scrollWidth > e.clientWidth))
            .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert too_wide == []
