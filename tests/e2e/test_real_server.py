"""The page before the real server and a model that really listens."""

import json
import socket
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import av
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from .conftest import launch
from .fake_server import wait_for
from .test_sources import saying

OpenPage = Callable[..., Page]

FIXTURES = Path(__file__).parents[1] / "fixtures"
SPEECH = {
    each["id"]: each
    for each in map(json.loads, (FIXTURES / "speech/manifest.jsonl").read_text().splitlines())
}


@pytest.fixture(scope="module")
def real_url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = FIXTURES / "whisper-synth"
    command = [sys.executable, "-m", "livestt", "--model-path", model, "--port", str(port)]
    server = subprocess.Popen([*command, "--language", "en"])
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(lambda: server.poll() is not None or answers(url), timeout=60)
        assert server.poll() is None
        yield url
    finally:
        server.terminate()
        server.wait(30)


def answers(url: str) -> bool:
    try:
        with urlopen(f"{url}health", timeout=5):
            return True
    except (URLError, OSError):
        return False


@pytest.fixture
def speaking_browser(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[Browser]:
    """A browser whose microphone says the same sentences again and again."""
    sound = tmp_path / "speech.wav"
    write_wav(FIXTURES / "speech/stream-one-voice.flac", sound)
    with launch(playwright, chromium, sound) as browser:
        yield browser


def write_wav(source: Path, target: Path) -> None:
    with av.open(str(source)) as container, wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                file.writeframes(part.to_ndarray().tobytes())


def test_a_file_is_transcribed_and_its_words_are_found_in_the_sound(
    real_url: str, open_page: OpenPage
) -> None:
    stream: dict[str, Any] = SPEECH["stream-two-voices"]
    page = open_page(real_url)
    page.set_input_files("#file", FIXTURES / "speech" / stream["file"])
    expect(page.locator("#log .said").first).to_be_visible(timeout=60_000)
    expect(page.locator("#link")).to_have_text("Ready", timeout=60_000)
    text = " ".join(page.locator("#log .said").all_inner_texts())
    assert text.split() == stream["text"].split()

    words = stream["words"][3::9]
    heard = []
    for _word, start, end in words:
        page.locator("#seek").fill(str(round((start + end) / 2, 2)))
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
    expect(page.locator("#link")).to_have_text("Ready", timeout=20_000)
