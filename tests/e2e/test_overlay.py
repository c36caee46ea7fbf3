"""Captions over a picture, for everybody who watches."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .fake_server import FakeServer, Message, diff, line, snapshot, wait_for

OpenPage = Callable[..., Page]


def running(*ids: str) -> list[Message]:
    return [
        {"id": each, "language": "en", "started": f"2026-01-01T00:00:{second:02d}Z", "seconds": 5}
        for second, each in enumerate(ids)
    ]


def visible_text(page: Page) -> str:
    """What is not cut off above, line by line."""
    seen: str = page.evaluate(
        """() => {
          const box = document.querySelector("#captions").getBoundingClientRect();
          return [...document.querySelectorAll(".words")]
            .filter((e) => e.getBoundingClientRect().bottom > box.top + 2)
            .map((e) => e.textContent).filter(Boolean).join(" / ");
        }"""
    )
    return seen


def test_the_overlay_follows_a_session_and_only_listens(
    page_server: FakeServer, open_page: OpenPage, console_errors: list[str]
) -> None:
    page = open_page(f"{page_server.url}overlay?session=abc&lines=2&size=40&token=k")
    wait_for(lambda: page_server.heard)
    query = page_server.newest.query
    assert query == {"session": "abc", "role": "viewer", "mode": "diff"}
    assert page_server.newest.offered == ["token", "ek_fake"]
    lines = [line(i, f"Sentence {i}.", i, i + 1) for i in range(30)]
    page_server.say(**snapshot(1, lines, text="growing now", final=3))
    expect(page.locator("#captions")).to_contain_text("growing now")
    assert visible_text(page) == "Sentence 29. / growing now"
    assert page.locator(".caption").count() <= 6, "what cannot be seen is not kept"
    page_server.say(**diff(2, 31, new_lines=[line(30, "growing now indeed.", 30, 31)]))
    expect(page.locator("#captions")).to_contain_text("indeed.")
    assert visible_text(page) == "Sentence 29. / growing now indeed."
    assert page_server.newest.frames == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert console_errors == []

    page_server.drop()
    wait_for(lambda: len(page_server.heard) == 2)
    page_server.say(**snapshot(1, [line(0, "Afterwards.", 0, 1)]))
    expect(page.locator("#captions")).to_have_text("Afterwards.")


def test_the_overlay_goes_on_with_the_newest_session(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(f"{page_server.url}overlay")
    page.wait_for_timeout(500)
    assert page_server.heard == []
    page_server.sessions = running("one")
    wait_for(lambda: page_server.heard)
    page_server.say(**snapshot(1, [line(0, "First talk.", 0, 1)]))
    expect(page.locator("#captions")).to_have_text("First talk.")
    page_server.say(type="ready_to_stop")
    page.wait_for_timeout(300)
    expect(page.locator("#captions")).to_have_text("First talk.")
    page_server.sessions = running("one", "two")
    wait_for(lambda: len(page_server.heard) == 2)
    assert page_server.newest.query["session"] == "two"
    expect(page.locator("#captions")).to_have_text("")


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("color=ffcc00", "color", "rgb(255, 204, 0)"),
        ("color=rebeccapurple", "color", "rgb(102, 51, 153)"),
        ("color=url(x)", "color", "rgb(255, 255, 255)"),
        ("font=Georgia,%20serif", "fontFamily", "Georgia, serif"),
        ("size=30&lines=3", "height", "126px"),
        ("align=left", "textAlign", "start"),
        ("position=top", "top", "28.8px"),
    ],
)
def test_the_look_is_in_the_address(
    page_server: FakeServer, open_page: OpenPage, query: str, name: str, value: str
) -> None:
    page = open_page(f"{page_server.url}overlay?session=x&{query}")
    captions = page.locator("#captions")
    expect(captions).to_be_attached()
    assert captions.evaluate(f"e => getComputedStyle(e).{name}") == value


def test_the_words_settle_and_fade(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(f"{page_server.url}overlay?session=x&interim=no&hold=1&speakers=yes")
    wait_for(lambda: page_server.heard)
    page_server.say(**snapshot(1, [line(0, "Hello.", 0, 1, speaker=2)], text="sure maybe", final=4))
    captions = page.locator("#captions")
    expect(captions).to_contain_text("Speaker 2: Hello.")
    expect(captions).to_contain_text("sure")
    expect(captions).not_to_contain_text("maybe")
    expect(captions).to_have_class("captions faded")
    page_server.say(**diff(2, 1, text="sure maybe", final=10))
    expect(captions).to_have_class("captions")
