"""The page before a real server that tells voices apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from .real_server import FIXTURES, serving

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def diarizing_url() -> Iterator[str]:
    diarizer = FIXTURES / "diarizers/sortformer"
    with serving("--diarization", "--diarization-model", diarizer) as url:
        yield url


def test_voices_have_labels_and_names(diarizing_url: str, open_page: OpenPage) -> None:
    page = open_page(diarizing_url)
    page.set_input_files("#file", FIXTURES / "speech/stream-two-voices.flac")
    expect(page.locator("#log .who").nth(2)).to_be_visible(timeout=60_000)
    page.locator("#log .who").first.click()
    page.fill("#speaker-name", "Ada")
    page.press("#speaker-name", "Enter")
    expect(page.locator("#log .who").first).to_have_text("Ada")
    expect(page.locator("#link")).to_have_text("Ready")
    labels = page.locator("#log .who").all_inner_texts()
    assert set(labels) == {"Ada", "Speaker 2"}
    assert labels[:4] == ["Ada", "Speaker 2", "Ada", "Speaker 2"]
