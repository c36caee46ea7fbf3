"""A link that shows one session, from the page that makes it to somebody without a key."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from .axe import complaints
from .extension_server import ServerProcess, free_port
from .fake_server import FakeServer, line, snapshot, wait_for
from .saving import downloaded

OpenPage = Callable[..., Page]

TALKER, READER = "a-key-of-a-talker", "a-key-of-a-reader"
PHONE = {"width": 360, "height": 740}


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[ServerProcess]:
    store = ("--store", str(folder / "transcripts.db"))
    scripted = ("--backend", "scripted", "--no-vad", *store, *options)
    server = ServerProcess(folder, free_port(), *scripted)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    monkeypatch.setenv("LIVESTT_API_KEYS", f"t:transcribe+view:{TALKER} r:view:{READER}")
    with serving(tmp_path) as server:
        yield server


def live(server: ServerProcess, open_page: OpenPage, **options: Any) -> Page:
    """A page that captions, with the talker's key."""
    page = open_page(f"{server.url}?token={TALKER}", **options)
    expect(page.locator("#share-open")).to_be_hidden()
    page.click("#start")
    expect(page.locator("#sheet")).to_contain_text("quick brown fox")
    return page


def shared(page: Page, opener: str = "#share-open") -> str:
    """The link that was copied."""
    page.click(opener)
    expect(page.locator("#share-said")).to_have_text("Copied.")
    link: str = page.evaluate("navigator.clipboard.readText()")
    expect(page.locator("#share-link")).to_have_value(link)
    return link


def parts(link: str) -> tuple[str, str]:
    """Session and token."""
    found = re.search(r"/\?watch=([\w-]+)#token=(ek_[\w.-]+)$", link)
    assert found is not None, link
    return found[1], found[2]


def test_others_follow_without_a_key_and_see_nothing_else(
    locked: ServerProcess, open_page: OpenPage, console_errors: list[str]
) -> None:
    page = live(locked, open_page)
    link = shared(page)
    session, token = parts(link)
    expect(page.locator("#share-terms")).to_contain_text("this session only")
    expect(page.locator("#share-here")).to_contain_text("“127.0.0.1” means whichever computer")

    viewer = open_page("about:blank")
    asked: list[Request] = []
    sockets: list[str] = []
    viewer.context.on("request", lambda request: asked.append(request))
    viewer.on("websocket", lambda socket: sockets.append(socket.url))
    viewer.goto(link)
    expect(viewer.locator("#log")).to_contain_text("quick brown fox")
    expect(viewer.locator("#link")).to_have_text("Following")
    assert viewer.url == f"{locked.url}?watch={session}"
    assert viewer.evaluate("location.href + document.referrer").count("ek_") == 0
    for request in asked:
        headers = request.all_headers()
        assert "ek_" not in request.url
        assert "ek_" not in headers.get("referer", "")
    assert sockets
    assert not [url for url in sockets if "ek_" in url]
    expect(viewer.locator("#start")).to_be_hidden()
    expect(viewer.locator("#earlier-open")).to_be_hidden()

    for kind in ("txt", "md", "srt", "vtt", "json"):
        viewer.click("[popovertarget=save]")
        saved = downloaded(viewer, f"[data-format={kind}]")
        assert "quick brown fox" in saved.replace("\n", " ")
        viewer.keyboard.press("Escape")

    viewer.reload()
    expect(viewer.locator("#log")).to_contain_text("quick brown fox")
    viewer.click("[popovertarget=settings]")
    viewer.click("details:has(#key-enter) summary")
    expect(viewer.locator("#key-state")).to_contain_text("A link to one session is in use")
    viewer.keyboard.press("Escape")
    assert parts(shared(viewer)) == (session, token), "a link may be passed on"
    viewer.keyboard.press("Escape")

    key = {"authorization": f"Bearer {token}"}
    for path in ("transcripts", "sessions", "transcripts/another", f"transcripts/{session}/audio"):
        assert viewer.request.get(locked.url + path, headers=key).status == 403

    page.keyboard.press("Escape")
    page.click("#stop")
    expect(viewer.locator("#link")).to_have_text("Ended")
    assert console_errors == []


def test_the_link_opens_no_other_session_and_not_the_rest_of_the_page(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = live(locked, open_page)
    _, token = parts(shared(page))
    second = live(locked, open_page)
    other, _ = parts(shared(second))

    viewer = open_page(f"{locked.url}?watch={other}#token={token}", microphone=False)
    expect(viewer.locator("#advice")).to_contain_text("This key does not allow that.")
    expect(viewer.locator("#log")).to_be_empty()
    # The tab has no key for anything but what the link was for.
    viewer.goto(locked.url)
    expect(viewer.get_by_role("dialog", name="This server needs a key.")).to_be_visible()


def test_what_was_said_earlier_can_be_shared_too(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = live(locked, open_page)
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    session, _ = parts(shared(page))
    page.keyboard.press("Escape")
    page.click("#earlier-open")
    page.locator(".library-item").first.click()
    link = shared(page, "#earlier-share")
    assert parts(link)[0] == session
    assert complaints(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#share")).to_be_hidden()
    expect(page.locator("#earlier")).to_be_visible()

    viewer = open_page(link, microphone=False)
    expect(viewer.locator("#log")).to_contain_text("quick brown fox")
    expect(viewer.locator("#notices")).to_contain_text("session")
    expect(viewer.locator("#link")).to_have_text("Ended")


def test_who_may_not_share_gets_a_link_for_others_with_keys(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    page = live(locked, open_page)
    session, _ = parts(shared(page))
    reader = open_page(f"{locked.url}?watch={session}&token={READER}")
    expect(reader.locator("#log")).to_contain_text("quick brown fox")
    assert shared(reader) == f"{locked.url}?watch={session}"
    expect(reader.locator("#share-terms")).to_contain_text("needs a key of their own")


def test_a_link_that_is_over_says_so(locked: ServerProcess, open_page: OpenPage) -> None:
    page = live(locked, open_page)
    session, _ = parts(shared(page))

    def token(seconds: float) -> Any:
        body = json.dumps({"session": session, "seconds": seconds}).encode()
        headers = {"authorization": f"Bearer {TALKER}"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{locked.url}tokens", body, headers)
        ) as answer:
            return json.load(answer)

    short = token(1)
    wait_for(lambda: datetime.now(UTC).timestamp() > short["expires_at"])
    viewer = open_page(f"{locked.url}?watch={session}#token={short['token']}", microphone=False)
    expect(viewer.locator("#advice")).to_contain_text("This link is no longer valid.")
    expect(viewer.locator("#empty")).to_be_hidden()
    expect(viewer.get_by_role("dialog")).to_have_count(0)
    assert complaints(viewer) == []

    # The next link goes into the same tab, where only what is behind the # changes.
    viewer.evaluate("link => location.assign(link)", shared(page))
    expect(viewer.locator("#log")).to_contain_text("quick brown fox")
    assert "#" not in viewer.url

    # One that ends while it is read.
    while True:
        short = token(3)
        viewer.evaluate("key => location.assign(`#token=${key}`)", short["token"])
        expect(viewer.locator("#advice")).to_contain_text("This link is no longer valid.")
        if "fox" in viewer.locator("#log").inner_text():
            break
    expect(viewer.locator("#advice")).to_contain_text("stays here as long as the page is open")
    expect(viewer.locator("#link")).to_have_text("Not following")
    expect(viewer.locator("#share-open")).to_be_hidden()


def test_what_no_server_keeps_cannot_be_shared_once_it_is_over(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    page.click("#start")
    expect(page.locator("#share-open")).to_be_visible()
    page_server.say(**snapshot(1, [line(0, "Said.", 0, 1)]))
    page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    expect(page.locator("#log")).to_contain_text("Said.")
    expect(page.locator("#share-open")).to_be_hidden()


def test_without_keys_the_link_is_plain(tmp_path: Path, open_page: OpenPage) -> None:
    with serving(tmp_path) as server:
        page = live(server, open_page)
        link = shared(page)
        assert re.fullmatch(rf"{re.escape(server.url)}\?watch=[\w-]+", link)
        expect(page.locator("#share-terms")).to_contain_text("but not change anything")
        viewer = open_page(link, microphone=False)
        expect(viewer.locator("#log")).to_contain_text("quick brown fox")


def test_where_copying_is_not_allowed_the_link_can_be_selected(
    locked: ServerProcess, open_page: OpenPage
) -> None:
    forbidden = "navigator.clipboard.write = () => Promise.reject(new Error('no'));"
    page = live(locked, open_page, script=forbidden)
    page.click("#share-open")
    expect(page.locator("#share-said")).to_have_text("The browser did not allow copying.")
    expect(page.locator("#share-link")).to_be_focused()
    selected = "(field => field.value.slice(field.selectionStart, field.selectionEnd))"
    link = page.locator("#share-link").evaluate(f"field => {selected}(field)")
    parts(link)


def test_a_server_that_is_away_cannot_share(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url)
    page.click("#start")
    expect(page.locator("#link")).to_have_text("Live")
    page.route("**/access", lambda route: route.abort())
    page.click("#share-open")
    expect(page.locator("#share-said")).to_contain_text("The server cannot be reached")
    expect(page.locator("#share-copy")).to_be_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1100, "height": 760}])
def test_it_can_be_used_by_everybody(
    locked: ServerProcess, open_page: OpenPage, scheme: str, size: dict[str, int]
) -> None:
    page = live(locked, open_page, color_scheme=scheme, viewport=size)
    page.locator("#share-open").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#share-said")).to_have_text("Copied.")
    expect(page.locator("#share-link")).to_be_focused()
    expect(page.locator("#share-copy")).to_be_in_viewport(ratio=1)
    assert complaints(page) == []
    page.keyboard.press("Tab")
    expect(page.locator("#share-copy")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#share")).to_be_hidden()
    expect(page.locator("#share-open")).to_be_focused()
