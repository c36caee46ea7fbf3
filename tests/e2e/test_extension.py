"""The extension in a real browser, its button really pressed, before the real server."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Playwright, expect

from livestt.extension import ORIGIN, assemble, write_folder

from .axe import complaints
from .extension_browser import PANEL, ExtensionBrowser, browser_with_extension
from .extension_server import Connection, ServerProcess, free_port
from .extension_site import serve_site
from .fake_server import wait_for
from .sound import other_signal, window_correlations, write_sound

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "tests/fixtures/speech"
MODEL = ROOT / "tests/fixtures/whisper-synth"

MakeServer = Callable[..., ServerProcess]
OpenTab = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("site")
    write_sound(folder / "chord.wav")
    shutil.copy(SPEECH / "slt-02.flac", folder)
    with serve_site(folder) as port:
        yield port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The real server with the scripted engine, whose words come where there is sound."""
    server = scripted(tmp_path_factory.mktemp("kept"), free_port())
    server.start()
    yield server
    server.kill()


def scripted(kept: Path, port: int) -> ServerProcess:
    return ServerProcess(kept, port, "--backend", "scripted", "--no-vad")


@pytest.fixture(scope="module")
def extension(
    playwright: Playwright,
    chromium: str,
    server: ServerProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ExtensionBrowser]:
    folder = tmp_path_factory.mktemp("extension")
    write_folder(assemble(server.url), folder / "loaded")
    write_sound(folder / "microphone.wav", sound=other_signal)
    with browser_with_extension(
        playwright, chromium, folder / "loaded", folder / "profile", folder / "microphone.wav"
    ) as browser:
        yield browser


@pytest.fixture
def open_tab(extension: ExtensionBrowser, site: int) -> Iterator[OpenTab]:
    opened: list[Page] = []

    def open_tab(sound: str = "chord.wav", host: str = "127.0.0.1") -> Page:
        page = extension.context.new_page()
        opened.append(page)
        page.goto(f"http://{host}:{site}/page.html?sound={sound}")
        return page

    yield open_tab
    for page in opened:
        page.close()


@pytest.fixture
def panel(extension: ExtensionBrowser) -> Iterator[Page]:
    """The side panel's page in a tab of its own; as new, with nothing running."""
    page = extension.context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.set_viewport_size({"width": 380, "height": 760})
    page.goto(PANEL)
    yield page
    if page.locator("#stop").is_visible():
        page.click("#stop")
    expect(page.locator("#link")).to_have_text("Ready")
    if page.locator("#clear").is_visible():
        page.click("#clear")
    page.evaluate("chrome.storage.local.clear()")
    page.close()
    assert thrown == []


def caption(extension: ExtensionBrowser, page: Page, panel: Page) -> None:
    """Press the button while the page is in front, and see the panel go live."""
    extension.press_button(page)
    expect(panel.locator("#link")).to_have_text("Live")


def newest(server: ServerProcess) -> Connection:
    return server.heard[-1]


def grows(connection: Connection, seconds: float) -> None:
    """That much more sound comes in."""
    before = connection.seconds
    wait_for(lambda: connection.seconds > before + seconds)


def check_sound(connection: Connection, **options: Any) -> None:
    """What comes in is, sample by sample, what was played; a busy machine may stutter at first."""

    def fits() -> list[float]:
        pcm = connection.pcm.read_bytes()
        return window_correlations(pcm[-80_000:], **options)

    wait_for(lambda: connection.seconds > 2.5 and sorted(fits())[1] > 0.99, timeout=20)


def saved(panel: Page) -> list[dict[str, Any]]:
    """The transcript's segments, out of the panel's own JSON file."""
    panel.bring_to_front()
    panel.click("[popovertarget=save]")
    with panel.expect_download() as download:
        panel.click("[data-format=json]")
    panel.keyboard.press("Escape")
    segments: list[dict[str, Any]]
    segments = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["segments"]
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
        expect(panel.locator("#link")).to_have_text("Live", timeout=30_000)
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
        expect(panel.locator("#advice")).to_contain_text("The microphone went away.")
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


def test_start_and_stop_in_the_panel(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab, panel: Page
) -> None:
    page = open_tab()
    panel.evaluate("document.querySelector('#start').click()")
    expect(panel.locator("#advice")).to_contain_text("Chrome wants a click on the button first.")
    caption(extension, page, panel)
    expect(panel.locator("#advice")).to_be_empty()
    expect(panel.locator("#captioned")).to_have_text("Captioning “A page that plays”")
    wait_for(lambda: newest(server).seconds > 1)
    panel.bring_to_front()
    panel.click("#stop")
    expect(panel.locator("#link")).to_have_text("Ready")
    expect(panel.locator("#log .row")).to_have_count(1)
    first = newest(server)

    panel.click("#start")  # The tab before: the browser allowed that one.
    expect(panel.locator("#link")).to_have_text("Live")
    wait_for(lambda: newest(server) != first and newest(server).seconds > 1)
    page.close()
    expect(panel.locator("#link")).to_have_text("Ready")
    expect(panel.locator("#log .row")).to_have_count(2)
    panel.click("#clear")
    expect(panel.locator("#log .row")).to_have_count(0)
    panel.click("#notices button >> text=Undo")
    expect(panel.locator("#log .row")).to_have_count(2)


def test_real_speech_and_a_server_with_a_key(
    extension: ExtensionBrowser,
    open_tab: OpenTab,
    panel: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIVESTT_API_KEYS", "tab:transcribe:a-secret-of-a-tab")
    server = ServerProcess(
        tmp_path, free_port(), "--model-path", str(MODEL), "--language", "en",
    )  # fmt: skip
    server.start()
    try:
        panel.click("[popovertarget=settings]")
        panel.fill("[name=server]", "ftp://nowhere")
        panel.keyboard.press("Enter")
        expect(panel.locator("#server-hint")).to_have_text("This is no address of a server.")
        panel.fill("[name=server]", server.url.replace("http", "ws") + "asr")
        panel.fill("[name=key]", "not-the-right-key")
        panel.keyboard.press("Tab")
        expect(panel.locator("#key-state")).to_contain_text("does not know this key")
        panel.fill("[name=key]", "a-secret-of-a-tab")
        panel.keyboard.press("Tab")
        expect(panel.locator("#key-state")).to_have_text("The key in use is “tab”.")
        assert "secret" not in panel.evaluate("chrome.storage.local.get().then(JSON.stringify)")
        expect(panel.locator("[name=server]")).to_have_value(server.url)
        panel.reload()
        assert panel.input_value("[name=server]") == server.url
        assert panel.input_value("[name=key]") == "a-secret-of-a-tab"

        page = open_tab("slt-02.flac&once")
        caption(extension, page, panel)
        page.evaluate("play()")
        expect(panel.locator("#sheet")).to_contain_text(
            "Nobody moved our picture across the street.", timeout=20_000
        )
        panel.bring_to_front()
        panel.click("#stop")
        expect(panel.locator("#link")).to_have_text("Ready")
        assert "token" not in newest(server).query
    finally:
        server.kill()


TOO_WIDE = """[...document.querySelectorAll("header *, main *, section *")]
    .filter((e) => e.checkVisibility() && !e.closest(".meter"))
    .filter((e) => getComputedStyle(e).clipPath === "none")
    .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])
    .filter(([box]) => box.right > innerWidth || box.left < 0)"""


def test_axe_has_nothing_to_say(
    extension: ExtensionBrowser, open_tab: OpenTab, panel: Page
) -> None:
    panel.emulate_media(reduced_motion="reduce")
    states = {"idle": complaints(panel)}
    panel.click("#start")
    expect(panel.locator("#advice")).not_to_be_empty()
    states["advice"] = complaints(panel)
    caption(extension, open_tab(), panel)
    panel.bring_to_front()
    panel.check("[name=microphone]")
    expect(panel.locator("#sheet .who", has_text="me").first).to_be_visible()
    states["live"] = complaints(panel)
    panel.click("[popovertarget=settings]")
    states["settings"] = complaints(panel)
    panel.check("[name=theme][value=dark]", force=True)
    states["dark"] = complaints(panel)
    panel.check("[name=theme][value=system]", force=True)
    panel.keyboard.press("Escape")
    panel.click("[popovertarget=save]")
    states["save"] = complaints(panel)
    panel.keyboard.press("Escape")
    panel.set_viewport_size({"width": 320, "height": 640})
    for language in ("de", "fr", "ar", ""):
        panel.evaluate("ui => { localStorage.livestt = JSON.stringify({ ui }) }", language)
        panel.reload()
        expect(panel.locator("#stop")).to_be_visible()
        expect(panel.locator("#link")).to_have_attribute("data-link", "live")
        assert panel.evaluate(TOO_WIDE) == [], language
    asking = extension.context.new_page()
    asking.add_init_script("window.close = () => {}")
    asking.goto(PANEL.replace("panel.html", "permission.html"))
    states["permission"] = complaints(asking)
    asking.close()
    assert not any(states.values()), states
