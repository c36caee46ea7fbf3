"""Two people with names become one, and two again: live, after the end, and in Earlier."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from .extension_server import ServerProcess, free_port
from .fake_server import wait_for

OpenPage = Callable[..., Page]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    place = str(tmp_path / "transcripts.db")
    scripted = ("--backend", "scripted", "--no-vad", "--diarization", "--diarization-backend")
    server = ServerProcess(tmp_path, free_port(), *scripted, "scripted", "--store", place)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def stored(server: ServerProcess) -> tuple[Any, Any]:
    """The names and the merged speakers of the only transcript there is."""
    with urlopen(f"{server.url}transcripts") as answer:
        [kept] = json.load(answer)["transcripts"]
    return kept["speakers"], kept["merged"]


def labels(page: Page, log: str) -> set[str]:
    return set(page.locator(f"#{log} .who").all_inner_texts()) - {""}


def name(page: Page, speaker: str, called: str, log: str = "log", form: str = "speaker") -> None:
    page.locator(f"#{log} .who", has_text=speaker).first.click()
    page.fill(f"#{form}-name", called)
    page.press(f"#{form}-name", "Enter")
    wait_for(lambda: called in labels(page, log))


def merge(page: Page, speaker: str, into: str, log: str = "log", form: str = "speaker") -> None:
    page.locator(f"#{log} .who", has_text=speaker).first.click()
    page.locator(f"#{form}-same").select_option(into)
    page.locator(f"#{form} [type=submit]").click()
    wait_for(lambda: labels(page, log) == {into})


def separate(page: Page, person: str, log: str = "log", form: str = "speaker") -> None:
    page.locator(f"#{log} .who", has_text=person).first.click()
    page.locator(f"#{form}-apart").click()
    wait_for(lambda: labels(page, log) == {person, "Speaker 2"})


def merge_and_separate(page: Page, server: ServerProcess, **where: str) -> None:
    """Bob is Ada for a while. Who stays keeps the name, and the other is nobody known again."""
    merge(page, "Bob", into="Ada", **where)
    wait_for(lambda: stored(server) == ({"1": "Ada"}, {"2": 1}))
    separate(page, "Ada", **where)
    wait_for(lambda: stored(server) == ({"1": "Ada"}, {}))


def test_two_named_people_are_one_and_two_again(server: ServerProcess, open_page: OpenPage) -> None:
    page = open_page(server.url)
    page.click("#start")
    wait_for(lambda: labels(page, "log") == {"Speaker 1", "Speaker 2"})
    name(page, "Speaker 1", "Ada")
    name(page, "Speaker 2", "Bob")
    wait_for(lambda: stored(server) == ({"1": "Ada", "2": "Bob"}, {}))
    merge_and_separate(page, server)

    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    name(page, "Speaker 2", "Bob")
    wait_for(lambda: stored(server) == ({"1": "Ada", "2": "Bob"}, {}))
    merge_and_separate(page, server)

    page.click("#earlier-open")
    page.locator(".library-item").first.click()
    earlier = {"log": "earlier-log", "form": "earlier-speaker"}
    wait_for(lambda: labels(page, "earlier-log") == {"Ada", "Speaker 2"})
    name(page, "Speaker 2", "Bob", **earlier)
    merge_and_separate(page, server, **earlier)


def test_nameless_people_who_were_merged_can_be_separated(
    server: ServerProcess, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    page.click("#start")
    wait_for(lambda: labels(page, "log") == {"Speaker 1", "Speaker 2"})
    merge(page, "Speaker 2", into="Speaker 1")
    separate(page, "Speaker 1")
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    merge(page, "Speaker 2", into="Speaker 1")
    wait_for(lambda: stored(server)[1] == {"2": 1})

    page.click("#earlier-open")
    page.locator(".library-item").first.click()
    wait_for(lambda: labels(page, "earlier-log") == {"Speaker 1"})
    separate(page, "Speaker 1", log="earlier-log", form="earlier-speaker")
    assert stored(server)[1] == {}
