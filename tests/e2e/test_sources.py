"""Other sound than the microphone's: a tab, and files."""

import os
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from .fake_server import FakeServer, line, snapshot, wait_for
from .sound import window_correlations, write_sound

OpenPage = Callable[..., Page]

PLAYER = """<!doctype html><title>PLAYER</title><audio src="sound.wav" loop></audio>
<button onclick="document.querySelector('audio').play()">play</button>"""


@pytest.fixture
def sharing_browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """A browser that shares the tab titled PLAYER when it is asked for one.

    The switch that fakes the microphone's permission would break it, and a muted browser shares
    silence.
    """
    browser = playwright.chromium.launch(
        executable_path=chromium,
        ignore_default_args=["--mute-audio"],
        args=[
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--auto-select-tab-capture-source-by-title=PLAYER",
        ],
    )
    with browser:
        yield browser


def open_player(page: Page, sound: Path) -> Page:
    """Another tab, of the same profile, that plays the sound."""
    player = page.context.new_page()
    player.route("**/player", lambda route: route.fulfill(body=PLAYER, content_type="text/html"))
    player.route("**/sound.wav", lambda route: route.fulfill(path=sound))
    player.goto("http://player.example/player")
    return player


def test_the_server_hears_what_a_tab_plays(
    page_server: FakeServer, open_page: OpenPage, sharing_browser: Browser, tmp_path: Path
) -> None:
    write_sound(tmp_path / "sound.wav")
    page = open_page(page_server.url, using=sharing_browser)
    player = open_player(page, tmp_path / "sound.wav")
    page.bring_to_front()
    page.select_option("#source", "tab")
    page.click("#start")
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#advice")).to_contain_text("The shared tab is silent.")
    before = page_server.newest.seconds
    player.click("button")
    wait_for(lambda: page_server.newest.seconds > before + 4)
    fits = window_correlations(page_server.newest.pcm[int(before + 1) * 32_000 :])
    assert statistics.median(fits) > 0.99
    expect(page.locator("#advice")).to_be_empty()

    player.close()
    expect(page.locator("#link")).to_have_text("Ready")
    assert page_server.newest.ended
    assert page.evaluate("JSON.parse(localStorage.livestt).source") == "tab"


REFUSED = """
  MediaDevices.prototype.getDisplayMedia = async () => {
    throw new DOMException("", "NotAllowedError");
  };
"""


def test_a_tab_that_is_not_shared(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url, script=REFUSED)
    page.select_option("#source", "tab")
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("Nothing is shared.")
    expect(page.locator("#start")).to_have_text("Start")
    assert page_server.heard == []

    page.select_option("#source", "")
    page.click("#start")
    expect(page.locator("#link")).to_have_text("Live")
    page.select_option("#source", "tab")
    expect(page.locator("#source")).to_have_value("")
    before = page_server.newest.seconds
    wait_for(lambda: page_server.newest.seconds > before + 0.3)
    expect(page.locator("#advice")).to_be_empty()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "interview.wav"
    write_sound(path)
    return path


def saying(page: Page) -> str:
    said: str = page.evaluate(
        """() => [...(CSS.highlights.get("saying") ?? [])].map((range) =>
             range.startContainer.data.slice(range.startOffset, range.endOffset)).join("|")"""
    )
    return said


def test_a_file_is_sent_as_it_is_and_can_be_played(
    page_server: FakeServer, open_page: OpenPage, recording: Path
) -> None:
    page_server.stops_at_once = False
    page = open_page(page_server.url)
    page.set_input_files("#file", recording)
    wait_for(lambda: page_server.heard and page_server.newest.ended)
    heard = page_server.newest
    assert heard.pcm == recording.read_bytes()
    assert heard.query["encoding"] == "auto"
    assert heard.query["title"] == recording.name
    assert "sample_rate" not in heard.query

    lines = [
        line(0, "One two three four.", 0, 4),
        line(1, "Five six seven, eight.", 4, 8),
    ]
    page_server.say(**snapshot(1, lines[:1], received=8.0, lag=4.0))
    expect(page.locator("#link")).to_have_text("Transcribing, 50%")
    expect(page.locator("#player-clock")).to_have_text("0:00 / 0:08")
    expect(page.locator("#pause")).to_be_hidden()
    expect(page.locator("#sound")).to_be_hidden()
    page_server.say(**snapshot(2, lines, received=8.0))
    page_server.say(type="ready_to_stop")
    expect(page.locator("#link")).to_have_text("Ready")

    page.locator("#seek").fill("6.5")
    wait_for(lambda: saying(page) == "seven,")
    page.locator("#log .said").first.click(position={"x": 3, "y": 10})
    wait_for(lambda: saying(page) == "One")
    page.click("#play")
    expect(page.locator("#play")).to_have_accessible_name("Pause playback")
    wait_for(lambda: saying(page) == "two")
    page.click("#play")
    page.click("#speed")
    expect(page.locator("#speed")).to_contain_text("1.25")

    page.click("[popovertarget=save]")
    with page.expect_download() as saving:
        page.click("[data-format=srt]")
    assert saving.value.suggested_filename == recording.with_suffix(".srt").name
    page.keyboard.press("Escape")

    page.click("#clear")
    expect(page.locator("#player")).to_be_hidden()
    page.click("#notices button >> text=Undo")
    page.set_viewport_size({"width": 360, "height": 640})
    expect(page.locator("#player-name")).to_have_text(recording.name)
    expect(page.locator("#player-name")).to_be_visible()
    expect(page.locator("#log .row")).to_have_count(2)
    page.locator("#seek").fill("6.5")
    wait_for(lambda: saying(page) == "seven,")

    page.click("#player-close")
    expect(page.locator("#player")).to_be_hidden()
    assert saying(page) == ""
    expect(page.locator("#log .row")).to_have_count(2)


def test_a_file_begins_again_after_a_lost_connection(
    page_server: FakeServer, open_page: OpenPage, recording: Path
) -> None:
    page_server.stops_at_once = False
    page = open_page(page_server.url)
    page.set_input_files("#file", recording)
    wait_for(lambda: page_server.heard and page_server.newest.ended)
    page_server.say(**snapshot(1, [line(0, "Said before.", 0, 2)], received=8.0, lag=6.0))
    expect(page.locator("#log .row")).to_have_count(1)
    page_server.away = True
    page_server.drop()
    expect(page.locator("#advice")).to_contain_text("once more from its beginning")
    page_server.away = False
    page.click("#advice button")
    wait_for(lambda: len(page_server.heard) == 2 and page_server.newest.ended)
    assert page_server.newest.pcm == recording.read_bytes()
    page_server.say(**snapshot(1, [line(0, "Said again.", 0, 2)], received=8.0))
    expect(page.locator("#log .row")).to_contain_text(["Said again."])


def test_a_file_the_server_cannot_read_is_sent_once(
    page_server: FakeServer, open_page: OpenPage, tmp_path: Path
) -> None:
    page_server.stops_at_once = False
    (tmp_path / "notes.mp3").write_bytes(b"not sound" * 100)
    page = open_page(page_server.url)
    page.set_input_files("#file", tmp_path / "notes.mp3")
    wait_for(lambda: page_server.heard and page_server.newest.ended)
    page_server.say(type="error", code="bad_audio", message="This is not audio.")
    expect(page.locator("#advice")).to_contain_text("No sound was found in this file.")
    expect(page.locator("#start")).to_be_visible()
    page.wait_for_timeout(1200)
    assert len(page_server.heard) == 1


def test_a_file_can_be_dropped_onto_the_page(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    data = page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["some bytes"], "a.mp3", { type: "audio/mpeg" }));
          return data;
        }"""
    )
    page.dispatch_event("body", "dragover", {"dataTransfer": data})
    expect(page.locator("#drop")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    expect(page.locator("#drop")).to_be_hidden()
    wait_for(lambda: page_server.heard and page_server.newest.ended)
    assert page_server.newest.pcm == b"some bytes"


def test_a_file_without_sound_leaves_the_transcript_alone(
    page_server: FakeServer, open_page: OpenPage, tmp_path: Path
) -> None:
    page_server.stops_at_once = False
    page = open_page(page_server.url)
    page.click("#start")
    wait_for(lambda: page_server.heard)
    page_server.say(**snapshot(1, [line(0, "Said before.", 0, 1)]))
    expect(page.locator("#log")).to_contain_text("Said before.")
    page.click("#stop")
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")

    (tmp_path / "notes.txt").write_text("no sound")
    page.set_input_files("#file", tmp_path / "notes.txt")
    expect(page.locator("#advice")).to_contain_text("No sound was found in this file.")
    expect(page.locator("#advice")).to_contain_text("notes.txt")
    assert len(page_server.heard) == 1, "what says that it is text is not sent"

    (tmp_path / "noise.mp3").write_bytes(b"no sound either")
    page.set_input_files("#file", tmp_path / "noise.mp3")
    wait_for(lambda: len(page_server.heard) == 2)
    page_server.say(type="error", code="bad_audio", message="that is no audio")
    expect(page.locator("#link")).to_have_text("Ready")
    expect(page.locator("#log")).to_contain_text("Said before.")
    expect(page.locator("#player")).to_be_hidden()
