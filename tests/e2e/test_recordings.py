"""Several recordings on one page: who is who in each, and which transcript is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .fake_server import FakeServer, Message, line, snapshot, wait_for
from .fake_store import transcript
from .saving import downloaded
from .sound import write_sound
from .test_keeping import KEPT

OpenPage = Callable[..., Page]

STARTED = "2026-03-02T09:00:00+00:00"
LINES = [line(0, "Good morning.", 0, 2), line(1, "Hello.", 2, 3, speaker=2)]


@pytest.fixture
def server(page_server: FakeServer) -> Iterator[FakeServer]:
    """It tells speakers apart, and keeps what is said in the first two sessions."""
    page_server.about = {"diarization": True}
    said = [(1, "Good morning."), (2, "Hello.")]
    page_server.store.kept = [transcript(f"session-{n}", said, STARTED) for n in (1, 0)]
    return page_server


def start(page: Page, server: FakeServer) -> None:
    before = len(server.heard)
    page.click("#start")
    wait_for(lambda: len(server.heard) > before)
    expect(page.locator("#link")).to_have_text("Live")


def stop(page: Page) -> None:
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")


def people(page: Page) -> Locator:
    return page.locator("#log .who")


def name(page: Page, who: int, name: str) -> None:
    people(page).nth(who).click()
    page.fill("#speaker-name", name)
    page.press("#speaker-name", "Enter")
    expect(people(page).nth(who)).to_have_text(name)


def names_of(server: FakeServer, id: str) -> Message:
    [found] = [each for each in server.store.kept if each["id"] == id]
    names: Message = found["speakers"]
    return names


def save(page: Page, which: str) -> str:
    page.click("[popovertarget=save]")
    saved = downloaded(page, which)
    page.keyboard.press("Escape")
    return saved


def test_each_recording_counts_its_speakers_from_1(server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(server.url)
    start(page, server)
    server.say(**snapshot(1, LINES[:1]))
    expect(page.locator("#log .row")).to_have_count(1)
    stop(page)
    start(page, server)
    server.say(**snapshot(1, LINES[:1], text="And so on.", received=4.0))
    expect(page.locator("#log .row")).to_contain_text(
        ["Good morning.", "Recording 2", "Good morning."]
    )
    expect(people(page)).to_have_text(["Speaker 1", "Speaker 1"])
    expect(page.locator("#growing .who")).to_have_text("")
    server.say(**snapshot(2, LINES))
    expect(people(page)).to_have_text(["Speaker 1", "Speaker 1", "Speaker 2"])

    people(page).nth(2).click()
    others = page.locator("#speaker-same option")
    expect(others).to_have_text(["Nobody else", "Speaker 1 (0:00)", "Speaker 1"])
    page.select_option("#speaker-same", label="Speaker 1 (0:00)")
    page.click("#speaker [type=submit]")
    expect(people(page)).to_have_text(["Speaker 1", "Speaker 1", "Speaker 1 (0:00)"])
    name(page, 0, "Ann")
    expect(people(page)).to_have_text(["Ann", "Speaker 1", "Ann"])
    assert save(page, "[data-format=txt]") == (
        "Ann: Good morning.\n\nRecording 2\n\nSpeaker 1: Good morning.\n\nAnn: Hello.\n"
    )
    assert "Speaker 2: Good morning." in save(page, "[data-format=srt]"), "nobody else is so called"


def test_a_name_while_the_connection_is_lost_reaches_the_session(
    server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    start(page, server)
    server.say(**snapshot(1, LINES), speakers={"1": "Anna"})
    expect(people(page)).to_have_text(["Anna", "Speaker 2"])
    server.away = True
    server.drop()
    expect(page.locator("#link")).to_have_text("Reconnecting…")
    name(page, 0, "Ann")
    name(page, 1, "Bob")
    server.resume_from, server.resume_lines, server.away = 0, LINES, False
    page.evaluate("document.querySelector('#advice button')?.click()")
    wait_for(lambda: len(server.heard) == 2)
    told = [
        {"type": "rename", "speaker": 1, "name": "Ann"},
        {"type": "rename", "speaker": 2, "name": "Bob"},
    ]
    wait_for(lambda: all(each in server.newest.controls for each in told))
    expect(people(page)).to_have_text(["Ann", "Bob"])
    assert server.store.changes == []


def test_a_name_for_a_session_that_never_comes_back_is_stored(
    server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    start(page, server)
    server.say(**snapshot(1, LINES))
    expect(people(page)).to_have_count(2)
    server.away = True
    server.drop()
    expect(page.locator("#link")).to_have_text("Reconnecting…")
    name(page, 0, "Ann")
    server.away = False
    page.evaluate("document.querySelector('#advice button')?.click()")
    wait_for(lambda: names_of(server, "session-0") == {"1": "Ann"})
    assert "rename" not in server.newest.types()


def test_names_after_a_reload_reach_what_the_server_keeps(
    server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    for _ in range(2):
        start(page, server)
        server.say(**snapshot(1, LINES))
        expect(page.locator("#log .row").last).to_contain_text("Hello.")
        stop(page)
    expect(people(page)).to_have_count(4)
    said = ["Good morning.", "Hello."]
    wait_for(lambda: page.evaluate(KEPT) == [*said, "", *said])
    page.reload()
    expect(people(page)).to_have_text(["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"])
    expect(page.locator("#log .marker")).to_have_text("Recording 2")
    name(page, 2, "Cy")
    wait_for(lambda: names_of(server, "session-1") == {"1": "Cy"})
    name(page, 1, "Bob")
    wait_for(lambda: names_of(server, "session-0") == {"2": "Bob"})

    page.click("#clear")
    page.click("[popovertarget=save]")
    page.click("#kept summary")
    page.click("#kept-list button:has-text('Good morning.')")
    expect(people(page)).to_have_text(["Speaker 1", "Bob", "Cy", "Speaker 2"])
    name(page, 0, "Ann")
    wait_for(lambda: names_of(server, "session-0") == {"1": "Ann", "2": "Bob"})


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("a.wav", "b.wav")]
    for path in paths:
        write_sound(path)
    return paths


def open_file(page: Page, server: FakeServer, path: Path, words: str) -> None:
    before = len(server.heard)
    page.set_input_files("#file", path)
    wait_for(lambda: len(server.heard) > before and server.newest.ended)
    server.say(**snapshot(1, [line(0, words, 0, 4)], received=8.0))
    expect(page.locator("#log .row")).to_contain_text([words])


def test_a_file_opened_over_another_can_be_exchanged_for_it(
    server: FakeServer, open_page: OpenPage, files: list[Path]
) -> None:
    server.stops_at_once = False
    page = open_page(server.url)
    rows, player = page.locator("#log .row"), page.locator("#player-name")
    open_file(page, server, files[0], "From the first.")
    server.say(type="ready_to_stop")
    expect(page.locator("#link")).to_have_text("Ready")
    open_file(page, server, files[1], "From the second.")
    expect(player).to_have_text("b.wav")
    page.click("#notices button >> text=Restore")
    expect(rows).to_contain_text(["From the first."])
    expect(rows).to_have_count(1)
    expect(player).to_have_text("a.wav")
    expect(page.locator("#link")).to_have_text("Ready")
    page.click("#notices button >> text=Restore")
    expect(rows).to_contain_text(["From the second."])
    expect(rows).to_have_count(1)
    expect(player).to_have_text("b.wav")


def test_what_is_recorded_over_a_file_stays_apart_from_it(
    server: FakeServer, open_page: OpenPage, files: list[Path]
) -> None:
    server.stops_at_once = False
    page = open_page(server.url)
    rows = page.locator("#log .row")
    open_file(page, server, files[0], "From the file.")
    server.say(type="ready_to_stop")
    expect(page.locator("#link")).to_have_text("Ready")
    page.click("#clear")
    start(page, server)
    server.stops_at_once = True
    server.say(**snapshot(1, LINES))
    expect(rows).to_have_count(2)
    expect(page.locator("#notices")).to_be_empty()
    stop(page)
    page.click("#notices button >> text=Restore")
    expect(rows).to_contain_text(["From the file."])
    page.click("#notices button >> text=Restore")
    expect(rows).to_contain_text(["Good morning.", "Hello."])
    expect(page.locator("#player")).to_be_hidden()


def test_subtitles_can_be_saved_in_the_other_language(
    server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    start(page, server)
    server.say(**snapshot(1, LINES[:1]))
    expect(page.locator("#log .row")).to_have_count(1)
    page.click("[popovertarget=save]")
    expect(page.locator("#translated")).to_be_hidden()
    page.keyboard.press("Escape")
    said = {**LINES[0], "translation": "Guten Morgen allerseits."}
    server.say(**snapshot(2, [said, LINES[1]]))
    expect(page.locator("#log .translation")).to_have_count(1)
    saved = save(page, "[data-translated=srt]")
    assert "00:00:00,000 --> 00:00:02,000\nSpeaker 1: Guten Morgen allerseits.\n" in saved
    assert "Speaker 2: Hello." in saved
    page.click("[popovertarget=save]")
    button = page.get_by_role("button", name="WebVTT, translated (.vtt)")
    expect(button).to_be_visible()
