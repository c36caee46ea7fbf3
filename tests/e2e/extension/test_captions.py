"""The extension in a real browser, its button really pressed, before the real server."""

import json
import re
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from livestt.extension import ORIGIN

from ..extension_browser import ExtensionBrowser
from ..extension_server import Connection, ServerProcess, free_port
from ..fake_server import wait_for
from ..saving import downloaded
from ..sound import other_signal, window_correlations
from .conftest import OpenTab, caption, newest, scripted


def grows(connection: Connection, seconds: float) -> None:
    """That much more sound comes in."""
    before = connection.seconds
    wait_for(lambda: connection.seconds > before + seconds)


def check_sound(connection: Connection, **options: Any) -> None:
    """What comes in is, sample by sample, what was played; a busy machine may stutter at first."""

    def fits() -> list[float]:
        pcm = connection.pcm.read_bytes()
        return window_correlations(pcm[-80_000:], **options)

    wait_for(lambda: connection.seconds > 2.5 and sorted(fits())[1] > 0.99)


def saved(panel: Page) -> list[dict[str, Any]]:
    """The transcript's segments, out of the panel's own JSON file."""
    panel.bring_to_front()
    panel.click("[popovertarget=save]")
    segments: list[dict[str, Any]]
    segments = json.loads(downloaded(panel, "[data-format=json]"))["segments"]
    panel.keyboard.press("Escape")
    return segments


PLAYED = """new Promise((resolve) => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const playback = document.querySelector("audio");
  context.createMediaStreamSource(playback.captureStream()).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  setTimeout(() => {
    analyser.getFloatTimeDomainData(samples);
    const loudest = Math.max(...samples.map(Math.abs));
    resolve({ paused: playback.paused, muted: playback.muted, volume: playback.volume, loudest });
    context.close();
  }, 400);
})"""


def test_one_press_of_the_button_is_enough(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab
) -> None:
    page = open_tab()
    extension.press_button(page)
    with extension.target("panel.html") as panel:
        words = "document.querySelector('#sheet')?.innerText"
        wait_for(lambda: "The quick brown fox" in (panel.evaluate(words) or ""))
        wait_for(lambda: "quick brown fox" in extension.overlay_text(page))
        heard = newest(server)
        check_sound(heard)
        with extension.target("offscreen.html") as offscreen:
            played = offscreen.evaluate(PLAYED)
        panel.evaluate("document.querySelector('#stop').click()")
        wait_for(lambda: panel.evaluate("document.querySelector('#link').innerText") == "Ready")
    assert (played["paused"], played["muted"], played["volume"]) == (False, False, 1)
    assert played["loudest"] > 0.02, "the tab must stay audible"

    assert heard.origin == ORIGIN
    assert heard.query["encoding"] == "s16le"
    assert "language" not in heard.query
    wait_for(lambda: extension.overlay_text(page) == "")


def test_captions_outlive_the_worker_and_the_panel(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab, panel: Page
) -> None:
    page = open_tab()
    caption(extension, page, panel)
    wait_for(lambda: newest(server).seconds > 0.5)
    heard = newest(server)
    extension.end_worker()
    panel.reload()
    grows(heard, 2)
    expect(panel.locator("#link")).to_have_text("Live")
    expect(panel.locator("#sheet")).to_contain_text("The quick brown fox")
    assert newest(server) == heard, "still the same session"
    check_sound(heard)

    page.reload()
    wait_for(lambda: extension.overlay_text(page) != "")  # A new worker knows what to do.


def test_captions_outlive_navigation(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab, panel: Page, site: int
) -> None:
    page = open_tab()
    caption(extension, page, panel)
    wait_for(lambda: extension.overlay_text(page) != "")
    extension.overlay(page, "root.host.remove()")
    heard = newest(server)
    page.goto(f"http://127.0.0.1:{site}/page.html?sound=chord.wav&again")
    grows(heard, 1)
    wait_for(lambda: extension.overlay_text(page) != "")

    page.goto(f"http://localhost:{site}/page.html?sound=chord.wav")
    grows(heard, 1)
    expect(panel.locator("#blocked")).to_contain_text("does not let livestt write on this page")
    assert newest(server) == heard
    panel.bring_to_front()
    page.goto(f"http://127.0.0.1:{site}/page.html?sound=chord.wav")
    extension.press_button(page)
    expect(panel.locator("#blocked")).to_be_hidden()
    assert newest(server) == heard, "the same tab again is no new session"


def test_nothing_is_lost_when_the_server_is_killed(
    extension: ExtensionBrowser, open_tab: OpenTab, panel: Page, tmp_path: Path
) -> None:
    server = scripted(tmp_path, free_port())
    server.start()
    try:
        panel.click("[popovertarget=settings]")
        panel.fill("[name=server]", server.url)
        panel.keyboard.press("Enter")
        panel.keyboard.press("Escape")
        page = open_tab()
        caption(extension, page, panel)
        wait_for(lambda: newest(server).seconds > 2)
        server.freeze()
        panel.wait_for_timeout(1000)
        server.kill()
        before = newest(server).seconds
        expect(panel.locator("#link")).to_have_text("Reconnecting…")
        expect(panel.locator("#advice")).to_contain_text("The server cannot be reached.")
        panel.wait_for_timeout(1200)
        server.start()
        expect(panel.locator("#link")).to_have_text("Live")
        expect(panel.locator("#log .marker")).to_be_visible()
        wait_for(lambda: len(server.heard) == 2 and newest(server).seconds > before + 1.2)
        check_sound(newest(server))
        panel.click("#stop")
        expect(panel.locator("#link")).to_have_text("Ready")
        segments = saved(panel)
    finally:
        server.kill()
    # The scripted engine says a word every 0.4 s of sound, so a gap would be sound that is missing.
    # A line that the loss cut off has no words, only its own begin and end.
    spans = [
        (word["start"], word["end"])
        for segment in segments
        for word in segment.get("words", [{"start": segment["begin"], "end": segment["finish"]}])
    ]
    assert spans[0][0] < 0.5
    assert spans[-1][1] > before + 1.2
    assert max(after[0] - one[1] for one, after in pairwise(spans)) < 0.5, spans


def test_tab_and_microphone_are_two_channels(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab, panel: Page
) -> None:
    page = open_tab()
    caption(extension, page, panel)
    tab = newest(server)
    panel.bring_to_front()
    wait_for(lambda: tab.seconds > 2.5)
    switched_on = tab.seconds
    panel.check("[name=microphone]")
    wait_for(lambda: newest(server) != tab)
    me = newest(server)
    check_sound(tab)
    check_sound(me, sound=other_signal)
    who = panel.locator("#sheet .who:not(:empty)")
    expect(who.filter(has_text=re.compile("^tab$")).first).to_be_visible()
    expect(who.filter(has_text=re.compile("^me$")).first).to_be_visible()
    expect(panel.get_by_role("meter")).to_have_count(2)
    wait_for(lambda: "me" in extension.overlay_text(page))

    panel.uncheck("[name=microphone]")
    expect(panel.get_by_role("meter")).to_have_count(1)
    wait_for(
        lambda: (
            "me: The quick" in extension.overlay(page, "root.querySelector('.said').textContent")
        )
    )
    ended = me.seconds
    grows(tab, 1)
    assert me.seconds == ended, "a microphone that is off is not heard"
    panel.click("#stop")
    expect(panel.locator("#link")).to_have_text("Ready")

    begins = [line["begin"] for line in saved(panel) if line["text"].startswith("The quick")]
    assert begins[0] < 0.5
    assert begins[1] == pytest.approx(switched_on, abs=1), "one clock for both"
    panel.click("[popovertarget=save]")
    panel.click("#copy")
    text = panel.evaluate("navigator.clipboard.readText()")
    assert text.startswith("tab: The quick")
    assert "\nme: The quick" in text


UNPLUGGED = """
  const devices = navigator.mediaDevices;
  const { getUserMedia } = devices;
  devices.getUserMedia = async function (wish) {
    if (globalThis.unplugged) throw new DOMException("", "NotFoundError");
    globalThis.stream = await getUserMedia.call(this, wish);
    return globalThis.stream;
  };
"""


def test_an_unplugged_microphone_is_picked_up_again(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab, panel: Page
) -> None:
    caption(extension, open_tab(), panel)
    tab = newest(server)
    meters = panel.get_by_role("meter")
    with extension.target("offscreen.html") as offscreen:
        offscreen.evaluate(UNPLUGGED)
        panel.check("[name=microphone]")
        expect(meters).to_have_count(2)
        offscreen.evaluate("unplugged = true; stream.getTracks()[0].onended()")
        expect(panel.locator("#advice")).to_contain_text("The microphone was disconnected.")
        grows(tab, 0.5)
        changed = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
        offscreen.evaluate(changed)
        expect(panel.locator("#advice")).to_contain_text("No microphone was found.")
        offscreen.evaluate(f"unplugged = false; {changed}")
        expect(meters).to_have_count(2)
        expect(panel.locator("#advice")).to_be_empty()
        offscreen.evaluate("delete navigator.mediaDevices.getUserMedia")
    grows(tab, 0.5)


def test_the_microphone_is_asked_for_in_a_page_of_its_own(
    extension: ExtensionBrowser, panel: Page
) -> None:
    extension.context.clear_permissions()
    try:
        with extension.context.expect_page() as opened:
            panel.locator("[name=microphone]").click()
        asking = opened.value
        expect(asking.locator("h1")).to_have_text("Caption your own voice too?")
        expect(panel.locator("[name=microphone]")).not_to_be_checked()
    finally:
        with asking.expect_event("close"):
            extension.grant()
            # The answer to a question that was open may or may not come.
            with suppress(Error):
                asking.evaluate("document.querySelector('#allow').click()")
    expect(panel.locator("[name=microphone]")).to_be_checked()


def test_the_overlay_can_be_moved_and_put_away(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab, panel: Page
) -> None:
    page = open_tab()
    caption(extension, page, panel)
    wait_for(lambda: extension.overlay_text(page) != "")

    def middle() -> tuple[float, float]:
        box = extension.overlay(page, "root.querySelector('.box').getBoundingClientRect().toJSON()")
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    x, y = middle()
    assert (x, y) == pytest.approx((640, 0.88 * 720), abs=2), "whatever the page does to its own"
    assert page.evaluate("[...document.querySelectorAll('*')].every((e) => !e.shadowRoot)")
    assert "quick" not in page.evaluate("document.documentElement.outerHTML")

    page.bring_to_front()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 100, y - 200, steps=3)
    page.mouse.up()
    assert middle() == pytest.approx((x - 100, y - 200), abs=3)

    extension.overlay(page, "root.querySelector('.box').focus()")
    page.keyboard.press("ArrowUp")
    moved = middle()
    assert moved == pytest.approx((x - 100, y - 200 - 0.03 * 720), abs=3)
    page.reload()
    wait_for(lambda: extension.overlay_text(page) != "")
    assert middle() == pytest.approx(moved, abs=3), "a new page has it where it was"

    page.mouse.click(20, 30)
    wait_for(lambda: page.evaluate("document.fullscreenElement?.localName") == "h1")
    in_front = "([x, y]) => document.elementFromPoint(x, y).localName"
    wait_for(lambda: page.evaluate(in_front, middle()) == "div")
    page.evaluate("document.exitFullscreen()")

    live = "[root.querySelector('.said').ariaLive, root.querySelector('.lines').ariaHidden]"
    assert extension.overlay(page, live) == ["polite", "true"]
    extension.overlay(page, "root.querySelector('button').focus()")
    page.keyboard.press("Escape")
    expect(panel.locator("[name=overlay]")).not_to_be_checked()
    assert extension.overlay_text(page) == ""
    panel.check("[name=overlay]")
    wait_for(lambda: extension.overlay_text(page) != "")
    panel.uncheck("[name=overlay]")
    wait_for(lambda: extension.overlay_text(page) == "")
    expect(panel.locator("#link")).to_have_text("Live")
