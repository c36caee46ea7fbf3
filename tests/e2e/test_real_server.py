"""The page before the real server and a model that really listens."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from .conftest import launch
from .real_server import FIXTURES, serving, write_wav
from .test_sources import saying

OpenPage = Callable[..., Page]

SPEECH = {
    each["id"]: each
    for each in map(json.loads, (FIXTURES / "speech/manifest.jsonl").read_text().splitlines())
}


@pytest.fixture(scope="module")
def real_url() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def speaking_browser(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[Browser]:
    """A browser whose microphone says the same sentences again and again."""
    sound = tmp_path / "speech.wav"
    write_wav(FIXTURES / "speech/stream-one-voice.flac", sound)
    with launch(playwright, chromium, sound) as browser:
        yield browser


def test_a_file_is_transcribed_and_its_words_are_found_in_the_sound(
    real_url: str, open_page: OpenPage
) -> None:
    stream: dict[str, Any] = SPEECH["stream-two-voices"]
    page = open_page(real_url)
    page.set_input_files("#file", FIXTURES / "speech" / stream["file"])
    expect(page.locator("#log .said").first).to_be_visible(timeout=60_000)
    expect(page.locator("#link")).to_have_text("Ready")
    text = " ".join(page.locator("#log .said").all_inner_texts())
    assert text.split() == stream["text"].split()

    words = stream["words"][3::9]
    heard = []
    for _word, start, end in words:
        page.locator("#seek").fill(f"{round((start + end) / 2, 1):g}")
        page.wait_for_timeout(60)
        heard.append(saying(page))
    right = sum(heard_word == word for heard_word, (word, *_) in zip(heard, words, strict=True))
    assert right >= 0.8 * len(words), (heard, words)


def test_the_microphone_is_captioned_and_the_overlay_reads_along(
    real_url: str, open_page: OpenPage, speaking_browser: Browser
) -> None:
    page = open_page(real_url, using=speaking_browser)
    overlay = page.context.new_page()
    overlay.goto(f"{real_url}overlay?lines=3")
    page.bring_to_front()
    page.click("#start")
    expect(page.locator("#log .row").first).to_be_visible(timeout=30_000)
    expect(page.locator("#lag")).to_contain_text("s delay")
    first = page.locator("#log .said").first.inner_text()
    assert first in SPEECH["stream-one-voice"]["text"]
    expect(overlay.locator("#captions")).to_contain_text(first.split()[-1])
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
