"""Earlier transcripts, as the server keeps them: found, read, named, saved and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from .axe import complaints
from .extension_server import ServerProcess, free_port
from .fake_server import FakeServer
from .fake_store import transcript
from .saving import downloaded
from .test_tools import marked

OpenPage = Callable[..., Page]

ADMIN, READER, TALKER = "a-key-of-an-admin", "a-key-of-a-reader", "a-key-of-a-talker"


def fill(server: FakeServer, many: int = 0) -> None:
    meeting = [(1, "Good evening."), (2, "Is the Café open?"), (1, "The cafe opens on Friday.")]
    server.store.kept = [
        transcript("b", meeting, "2026-03-02T19:00:00+00:00", speakers={"2": "Jamal"}),
        transcript("a", [(1, "A note.")], "2026-03-01T09:00:00+00:00", title="Monday"),
    ]
    for number in range(many):
        server.store.kept.append(transcript(f"m{number}", [(1, "More.")], "2026-02-01T09:00:00Z"))


def opened(server: FakeServer, open_page: OpenPage, query: str = "", **options: object) -> Page:
    page = open_page(f"{server.url}{query}", **options)
    page.click("#earlier-open")
    expect(page.locator(".library-item").first).to_be_visible()
    return page


def test_a_transcript_is_read_named_and_saved(page_server: FakeServer, open_page: OpenPage) -> None:
    fill(page_server)
    page = opened(page_server, open_page, timezone_id="Asia/Tokyo")
    names = page.locator(".library-name")
    expect(names).to_have_text(["Good evening.", "Monday"])
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#earlier-log .said")).to_have_count(3)
    expect(page.locator("#earlier-log .silence")).to_have_count(1)
    expect(page.locator("#earlier-log .who")).to_have_text(["Speaker 1", "Jamal", "Speaker 1"])
    expect(page.locator("#earlier-meta")).to_contain_text("11 words · English · small")

    page.fill("#earlier-name", "The <b>café</b>")
    page.keyboard.press("Enter")
    expect(names.first).to_have_text("The <b>café</b>")
    page.locator("#earlier-people .chip").first.click()
    expect(page.locator("#earlier-speaker-name")).to_be_focused()
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    expect(page.locator("#earlier-log .who")).to_have_text(["Ann", "Jamal", "Ann"])
    assert page_server.store.changes == [{"title": "The <b>café</b>"}, {"speakers": {"1": "Ann"}}]

    page.click("#earlier-save")
    with page.expect_download() as saving:
        page.click("[data-saved=srt]")
    assert saving.value.suggested_filename.endswith(" 2026-03-03 04.00.srt")
    assert Path(saving.value.path()).read_text() == "srt of b"
    page.click("#earlier-copy")
    expect(page.locator("#earlier-state")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "txt of b"


def test_two_voices_become_one_person_and_two_again(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    fill(page_server)
    page = opened(page_server, open_page)
    page.locator(".library-item").first.click()
    who = page.locator("#earlier-log .who")
    expect(who).to_have_text(["Speaker 1", "Jamal", "Speaker 1"])
    who.first.click()
    page.locator("#earlier-speaker-same").select_option("Jamal")
    page.locator("#earlier-speaker [type=submit]").click()
    expect(who).to_have_text(["Jamal"])
    expect(page.locator("#earlier-people .chip")).to_have_text(["Jamal"])
    who.first.click()
    page.locator("#earlier-speaker-apart").click()
    expect(who).to_have_text(["Speaker 1", "Jamal", "Speaker 1"])
    assert page_server.store.changes == [{"merged": {"1": 2}}, {"merged": {"1": None}}]


@pytest.mark.parametrize("leave", ["other", "close"])
def test_sound_that_comes_too_late_is_not_played(
    page_server: FakeServer, open_page: OpenPage, leave: str
) -> None:
    fill(page_server)
    for each in page_server.store.kept:
        each["audio"] = True
    page = opened(page_server, open_page, query="?token=a-key")
    page.evaluate(
        "() => { const gone = URL.revokeObjectURL;"
        "URL.revokeObjectURL = (u) => { document.body.dataset.revoked = u; gone.call(URL, u); } }"
    )
    held: list[Route] = []
    page.route("**/transcripts/b/audio", lambda route: held.append(route))
    page.locator(".library-item").first.click()
    with page.expect_request("**/transcripts/b/audio"):
        page.click("#earlier-listen")
    if leave == "other":
        page.locator(".library-item").last.click()
        expect(page.locator("#earlier-log")).to_contain_text("A note.")
    else:
        page.click("#earlier-close")
        expect(page.locator("#earlier")).to_be_hidden()
    held[0].fulfill(body=b"RIFF", content_type="audio/wav")
    expect(page.locator("body")).to_have_attribute("data-revoked", re.compile("^blob:"))
    assert page.locator("#earlier-sound").get_attribute("src") is None


def test_deleting_asks_first(page_server: FakeServer, open_page: OpenPage) -> None:
    fill(page_server)
    page = opened(page_server, open_page)
    page.locator(".library-item").first.click()
    page.click("#earlier-delete")
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("It cannot be restored.")
    expect(page.locator("#earlier-keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    assert len(page_server.store.kept) == 2
    page.click("#earlier-delete")
    page.click("#earlier-delete-now")
    expect(page.locator("#earlier-state")).to_have_text("Deleted.")
    expect(page.locator(".library-name")).to_have_text(["Monday"])
    expect(page.locator("#earlier-blank")).to_be_visible()
    assert [each["id"] for each in page_server.store.kept] == ["a"]


def test_a_search_finds_lines_and_goes_to_them(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    fill(page_server)
    page = opened(page_server, open_page)
    page.fill("#earlier-search", "cafe opens")
    expect(page.locator(".library-line")).to_have_text(["The cafe opens on Friday."])
    expect(page.locator(".library-line mark")).to_have_text(["cafe", "opens"])
    page.locator(".library-item").click()
    expect(page.locator("#earlier-log")).to_contain_text("Is the Café open?")
    assert marked(page, "found") == ["Café", "cafe", "opens"]
    page.fill("#earlier-search", "zebra")
    expect(page.locator("#earlier-none")).to_have_text("Not found")
    page.fill("#earlier-search", "")
    expect(page.locator(".library-name")).to_have_count(2)


def test_a_long_list_comes_in_pages_and_on_a_phone_one_thing_at_a_time(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    fill(page_server, many=20)
    page_server.store.page = 15
    page = opened(page_server, open_page, viewport={"width": 390, "height": 780})
    expect(page.locator(".library-item")).to_have_count(15)
    page.click("#earlier-more")
    expect(page.locator(".library-item")).to_have_count(22)
    expect(page.locator("#earlier-more")).to_be_hidden()
    page.locator(".library-item").first.click()
    expect(page.locator("#earlier-read")).to_be_visible()
    expect(page.locator("#earlier-items")).to_be_hidden()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide == 390
    page.click("#earlier-back")
    expect(page.locator("#earlier-items")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#earlier")).to_be_hidden()


def test_only_what_runs_is_called_live(page_server: FakeServer, open_page: OpenPage) -> None:
    fill(page_server)
    newest, oldest = page_server.store.kept
    newest.update(ended=None, running=True)
    oldest.update(ended=None)
    page = opened(page_server, open_page)
    expect(page.locator(".library-item b")).to_have_text(["Live", "Interrupted"])
    page.locator(".library-item").first.click()
    expect(page.locator("#earlier-watch")).to_be_visible()
    expect(page.locator("#earlier-delete")).to_be_hidden()
    page.locator(".library-item").last.click()
    expect(page.locator("#earlier-log")).to_contain_text("A note.")
    expect(page.locator("#earlier-watch")).to_be_hidden()
    expect(page.locator("#earlier-delete")).to_be_visible()


def test_what_cannot_be_shown_is_said(page_server: FakeServer, open_page: OpenPage) -> None:
    fill(page_server)
    page = opened(page_server, open_page)
    page.route("**/transcripts/b", lambda route: route.fulfill(json={"id": "b"}))
    page.locator(".library-item").first.click()
    expect(page.locator("#earlier-state")).to_have_text("The transcript cannot be shown.")


def test_a_server_that_keeps_nothing_offers_nothing(
    page_server: FakeServer, open_page: OpenPage, console_errors: list[str]
) -> None:
    page = open_page(page_server.url)
    expect(page.locator("#key-state")).to_have_text("This server needs no key.")
    expect(page.locator("#earlier-open")).to_be_hidden()
    assert console_errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page_server: FakeServer, open_page: OpenPage, scheme: str) -> None:
    fill(page_server)
    page = opened(page_server, open_page, color_scheme=scheme, reduced_motion="reduce")
    page.locator(".library-item").first.click()
    expect(page.locator("#earlier-log")).to_contain_text("Good evening.")
    page.click("#earlier-delete")
    assert complaints(page) == []
    page.fill("#earlier-search", "cafe")
    expect(page.locator("mark")).to_have_count(1)
    page.locator("#earlier-people .chip").first.click()
    assert complaints(page) == []


@pytest.fixture
def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    keys = f"boss:admin:{ADMIN} r:view:{READER} t:transcribe:{TALKER}"
    monkeypatch.setenv("LIVESTT_API_KEYS", keys)
    place = str(tmp_path / "transcripts.db")
    options = ("--backend", "scripted", "--no-vad", "--store", place)
    server = ServerProcess(tmp_path, free_port(), *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def test_what_was_said_at_a_real_server_is_there_for_those_who_may(
    keyed: ServerProcess, open_page: OpenPage
) -> None:
    small = {"width": 1100, "height": 760}
    page = open_page(f"{keyed.url}?token={TALKER}", viewport=small)
    page.click("#start")
    expect(page.locator("#log")).to_contain_text("quick brown fox")
    page.click("#share-open")
    expect(page.locator("#share-said")).to_have_text("Copied.")
    link: str = page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("Escape")
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    expect(page.locator("#earlier-open")).to_be_hidden()

    # The link to read along works after the end, for somebody with a key of their own, too.
    reading = open_page(f"{link.partition('#')[0]}&token={READER}")
    expect(reading.locator("#log")).to_contain_text("quick brown fox")
    expect(reading.locator("#notices")).to_contain_text("This session is over.")
    expect(reading.locator("#link")).to_have_text("Ended")
    expect(reading.locator("#advice")).to_be_empty()

    reading.goto(keyed.url)
    reading.click("#earlier-open")
    reading.locator(".library-item").click()
    expect(reading.locator("#earlier-log")).to_contain_text("quick brown fox")
    expect(reading.locator("#earlier-name")).not_to_be_editable()
    expect(reading.locator("#earlier-delete")).to_be_hidden()
    for kind in ("txt", "md", "srt", "vtt", "json"):
        reading.click("#earlier-save")
        saved = downloaded(reading, f"[data-saved={kind}]")
        assert "quick brown fox" in saved.replace("\n", " ")

    ruling = open_page(f"{keyed.url}?token={ADMIN}")
    ruling.click("#earlier-open")
    ruling.fill("#earlier-search", "fox")
    ruling.locator(".library-item.found").first.click()
    ruling.click("#earlier-delete")
    ruling.click("#earlier-delete-now")
    expect(ruling.locator("#earlier-state")).to_have_text("Deleted.")
    ruling.fill("#earlier-search", "")
    expect(ruling.locator("#earlier-none")).to_contain_text("Nothing yet")
    expect(ruling.get_by_text("Choose a transcript to read it.")).to_be_hidden()
