"""The page before a real server that tells voices apart."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from .fake_server import wait_for
from .test_real_server import FIXTURES, answers

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def diarizing_url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "livestt", "--port", str(port), "--language", "en"),
        *("--model-path", FIXTURES / "whisper-synth", "--diarization"),
        *("--diarization-model", FIXTURES / "diarizers/sortformer"),
    ]
    server = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(lambda: server.poll() is not None or answers(url), timeout=60)
        assert server.poll() is None
        yield url
    finally:
        server.terminate()
        server.wait(30)


def test_voices_have_labels_and_names(diarizing_url: str, open_page: OpenPage) -> None:
    page = open_page(diarizing_url)
    page.set_input_files("#file", FIXTURES / "speech/stream-two-voices.flac")
    expect(page.locator("#log .who").nth(2)).to_be_visible(timeout=60_000)
    page.locator("#log .who").first.click()
    page.fill("#speaker-name", "Ada")
    page.press("#speaker-name", "Enter")
    expect(page.locator("#log .who").first).to_have_text("Ada")
    expect(page.locator("#link")).to_have_text("Ready", timeout=60_000)
    labels = page.locator("#log .who").all_inner_texts()
    assert set(labels) == {"Ada", "Speaker 2"}
    assert labels[:4] == ["Ada", "Speaker 2", "Ada", "Speaker 2"]
