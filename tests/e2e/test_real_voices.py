"""The page before a real server that knows voices and keeps the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, Response, expect

from .conftest import launch
from .fake_server import wait_for
from .real_server import FIXTURES, serving, write_wav

OpenPage = Callable[..., Page]

SPEECH = FIXTURES / "speech"
FIRST, SECOND = "slt", "rms"
"""Who speaks in the stream that the microphone plays."""


@pytest.fixture(scope="module")
def voices_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("voices")
    with serving(
        *("--diarization", "--voices"),
        *("--diarization-model", FIXTURES / "diarizers/nemotron"),
        *("--embedding-model", FIXTURES / "speaker/voices.onnx"),
        *("--store", folder / "transcripts.db", "--record-dir", folder / "sound"),
    ) as url:
        yield url


@pytest.fixture
def talking_browser(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[Browser]:
    write_wav(SPEECH / "stream-two-voices.flac", tmp_path / "talk.wav")
    with launch(playwright, chromium, tmp_path / "talk.wav") as browser:
        yield browser


def enrol(page: Page, name: str, sample: Path) -> None:
    page.click("[popovertarget=settings]")
    page.click("#voices-section summary")
    page.click("#voices-open")
    page.fill("#voice-name", name)
    page.set_input_files("#voice-file", sample)
    expect(page.locator("#voices-state")).to_have_text(f"The voice of {name} is remembered.")
    page.click("#voices-close")


def naming(page: Page, speaker: str) -> None:
    """Open what a click on a name opens."""
    page.locator("#log .who", has_text=speaker).first.click()
    expect(page.locator("#speaker")).to_be_visible()


def labels(page: Page) -> set[str]:
    return set(page.locator("#log .who").all_inner_texts())


def test_voices_from_enrolment_to_the_sound_that_was_kept(
    voices_url: str, open_page: OpenPage, talking_browser: Browser
) -> None:
    page = open_page(voices_url, using=talking_browser)
    enrol(page, "Ann", SPEECH / f"{FIRST}-01.flac")
    sound_kept = page.locator("#sound-kept-text")
    expect(sound_kept).to_have_text("Keep the sound on the server")
    page.click("#start")
    expect(sound_kept).to_have_text("The server keeps the sound of this session")

    marked = page.locator("#log .who", has=page.get_by_role("img", name="Recognised by voice"))
    expect(marked.first).to_contain_text("Ann")
    expect(page.locator("#log .who", has_text="Speaker 2").first).to_be_visible(timeout=20_000)
    naming(page, "Ann")
    expect(page.locator("#speaker-known-text")).to_contain_text("similar")
    page.get_by_role("button", name="No, that is somebody else").click()
    wait_for(lambda: labels(page) == {"Speaker 1", "Speaker 2"})
    expect(marked).to_have_count(0)

    def remembered() -> bool:
        """Whether enough of the voice was heard to remember it."""
        naming(page, "Speaker 2" if "Speaker 2" in labels(page) else "Jamal")
        page.fill("#speaker-name", "Jamal")
        page.check("#speaker-remember")
        page.keyboard.press("Enter")
        told = page.locator("#notices").get_by_text("voice")
        expect(told).to_be_visible()
        done = "is remembered" in told.inner_text()
        if not done:
            page.locator("#notices button").click()
        return done

    wait_for(remembered)
    wait_for(lambda: labels(page) == {"Speaker 1", "Jamal"})

    naming(page, "Speaker 1")
    page.locator("#speaker-same").select_option("Jamal")
    page.keyboard.press("Tab")
    page.locator("#speaker [type=submit]").click()
    wait_for(lambda: labels(page) == {"Jamal"})
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")

    page.reload()
    page.click("[popovertarget=settings]")
    page.click("#voices-section summary")
    page.click("#voices-open")
    expect(page.locator("#voices-list .voice-field")).to_have_count(2)
    page.click("#voices-close")
    listen(page)
    take_apart(page)


def take_apart(page: Page) -> None:
    """Two voices that were made one person while they spoke are two again afterwards."""

    def stored() -> set[str]:
        return set(page.locator("#earlier-log .who").all_inner_texts())

    page.click("#earlier-open")
    page.locator(".library-item").first.click()
    wait_for(lambda: stored() == {"Jamal"})
    page.locator("#earlier-people .chip").click()
    page.locator("#earlier-speaker-apart").click()
    wait_for(lambda: stored() == {"Speaker 1", "Jamal"})
    page.locator("#earlier-people .chip", has_text="Speaker 1").click()
    page.locator("#earlier-speaker-same").select_option("Jamal")
    page.locator("#earlier-speaker [type=submit]").click()
    wait_for(lambda: stored() == {"Jamal"})
    page.click("#earlier-close")


def listen(page: Page) -> None:
    """Play what was kept of the newest transcript, and go to a place in it."""
    answered: list[Response] = []
    page.on("response", lambda response: answered.append(response))
    page.click("#earlier-open")
    page.locator(".library-item").first.click()
    expect(page.locator("#earlier-log .row").first).to_be_visible()
    page.click("#earlier-listen")
    media = page.locator("#earlier-sound")
    wait_for(lambda: media.evaluate("e => e.currentTime") > 0.2)
    assert media.evaluate("e => e.duration") > 5
    page.locator("#earlier-log .row").last.click()
    wait_for(lambda: media.evaluate("e => !e.seeking && e.currentTime") > 3)
    sounds = [each for each in answered if each.url.endswith("/audio")]
    assert sounds
    assert {each.status for each in sounds} == {206}
    assert all("content-range" in each.headers for each in sounds)
    assert media.evaluate("e => e.error") is None
    page.click("#earlier-close")


def test_sound_is_not_kept_where_somebody_says_no(
    voices_url: str, open_page: OpenPage, talking_browser: Browser
) -> None:
    page = open_page(voices_url, using=talking_browser)
    page.get_by_role("checkbox", name="Keep the sound on the server").uncheck()
    page.click("#start")
    expect(page.locator("#log .row").first).to_be_visible(timeout=30_000)
    expect(page.locator("#sound-kept-text")).to_have_text("The sound of this session is not kept")
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    page.click("#earlier-open")
    page.locator(".library-item").first.click()
    expect(page.locator("#earlier-log .row").first).to_be_visible()
    expect(page.locator("#earlier-listen")).to_be_hidden()
