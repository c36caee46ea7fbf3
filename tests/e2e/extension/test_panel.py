"""The panel of the extension: its buttons, its settings, and what it is to those who need more."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ..axe import complaints
from ..extension_browser import PANEL, ExtensionBrowser
from ..extension_server import ServerProcess, free_port
from ..fake_server import wait_for
from .conftest import MODEL, OpenTab, caption, newest

# However many lines it takes: a browser that is slow to stop records longer.
FIRST = re.compile("The quick")
BOTH = re.compile("The quick.*Recording 2.*The quick", re.DOTALL)


def test_start_and_stop_in_the_panel(
    extension: ExtensionBrowser, server: ServerProcess, open_tab: OpenTab, panel: Page
) -> None:
    page = open_tab()
    panel.evaluate("document.querySelector('#start').click()")
    expect(panel.locator("#advice")).to_contain_text("Chrome requires a click on the button first.")
    caption(extension, page, panel)
    expect(panel.locator("#advice")).to_be_empty()
    expect(panel.locator("#captioned")).to_have_text("Captioning “A page that plays”")
    wait_for(lambda: newest(server).seconds > 1)
    panel.bring_to_front()
    panel.click("#stop")
    expect(panel.locator("#link")).to_have_text("Ready")
    expect(panel.locator("#log")).to_contain_text(FIRST)
    first = newest(server)

    panel.click("#start")  # The tab before: the browser allowed that one.
    expect(panel.locator("#link")).to_have_text("Live")
    wait_for(lambda: newest(server) != first and newest(server).seconds > 1)
    page.close()
    expect(panel.locator("#link")).to_have_text("Ready")
    expect(panel.locator("#log")).to_contain_text(BOTH)
    panel.click("#clear")
    expect(panel.locator("#log .row")).to_have_count(0)
    panel.click("#notices button >> text=Undo")
    expect(panel.locator("#log")).to_contain_text(BOTH)
    panel.click("[popovertarget=save]")
    panel.click("#copy")
    expect(panel.locator("#save-answer")).to_have_text("Copied.")
    assert "\n\nRecording 2\n\nThe quick" in panel.evaluate("navigator.clipboard.readText()")


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
        expect(panel.locator("#server-hint")).to_have_text("This is not the address of a server.")
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
            "Nobody moved our picture across the street."
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


KEY = "a-secret-of-a-panel"


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    """A server that asks for a key, and keeps the sound."""
    monkeypatch.setenv("LIVESTT_API_KEYS", f"panel:transcribe:{KEY}")
    (heard := tmp_path / "heard").mkdir()
    options = (
        *("--backend", "scripted", "--no-vad", "--record-dir", str(tmp_path / "sound")),
        *("--store", str(tmp_path / "transcripts.db")),
    )
    server = ServerProcess(heard, free_port(), *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_key_and_kept_sound_by_the_keyboard_alone(
    extension: ExtensionBrowser, strict: ServerProcess, open_tab: OpenTab, panel: Page, scheme: str
) -> None:
    panel.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]

    def tab_to(place: str) -> None:
        for _ in range(30):
            if panel.locator(place).evaluate("e => e === document.activeElement"):
                return
            panel.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not get to {place}")

    tab_to("[popovertarget=settings]")
    panel.keyboard.press("Enter")
    tab_to("[name=server]")
    panel.keyboard.press("Control+a")
    panel.keyboard.type(strict.url)
    tab_to("[name=key]")
    panel.keyboard.type("wrong")
    tab_to("[name=rememberKey]")
    expect(panel.locator("#key-state")).to_contain_text("does not know this key")
    assert complaints(panel) == []
    panel.keyboard.press("Shift+Tab")
    panel.keyboard.press("Control+a")
    panel.keyboard.type(KEY)
    tab_to("[name=rememberKey]")
    expect(panel.locator("#key-state")).to_have_text("The key in use is “panel”.")
    assert complaints(panel) == []
    panel.keyboard.press("Escape")

    choice = panel.get_by_role("checkbox", name="Keep the sound on the server")
    expect(choice).to_be_checked()
    tab_to("#record-sound")
    panel.keyboard.press("Space")
    expect(choice).not_to_be_checked()
    assert complaints(panel) == []
    caption(extension, open_tab(), panel)
    assert newest(strict).query["record"] == "false"
    panel.bring_to_front()
    expect(panel.locator("#sound-kept-text")).to_have_text("The sound of this session is not kept")
    assert complaints(panel) == []
