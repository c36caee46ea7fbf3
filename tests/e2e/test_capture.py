"""From the microphone to the server: the right sound, at the right rate, at the right time."""

import statistics
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from .fake_server import FakeServer, line, snapshot, wait_for
from .sound import window_correlations

OpenPage = Callable[..., Page]

DEVICE_RATE = """
  const { AudioContext } = window;
  window.AudioContext = class extends AudioContext {
    constructor() { super(); window.contextRate = this.sampleRate; }
  };
"""
"""As in browsers that do not mix rates: the context keeps the device's rate, we resample."""


@pytest.mark.parametrize("script", ["", DEVICE_RATE], ids=["16 kHz context", "device's rate"])
def test_the_server_hears_what_the_microphone_heard(
    page_server: FakeServer, open_page: OpenPage, script: str
) -> None:
    page = open_page(page_server.url, script=script)
    page.click("#start")
    wait_for(lambda: page_server.heard and page_server.newest.seconds > 4)
    heard = page_server.newest

    if script:
        assert page.evaluate("window.contextRate") in (44100, 48000)
    sizes = {len(frame) for frame in heard.frames}
    assert sizes == {1920}
    seconds = heard.arrivals[-1] - heard.arrivals[5]
    rate = sum(len(frame) for frame in heard.frames[6:]) / seconds
    assert rate == pytest.approx(32_000, rel=0.05)
    fits = window_correlations(heard.pcm[32_000:])
    assert statistics.median(fits) > 0.99
    assert sum(fit > 0.99 for fit in fits) >= len(fits) - 2


READY = """
  const { addModule } = AudioWorklet.prototype;
  AudioWorklet.prototype.addModule = async function (...wish) {
    await addModule.apply(this, wish);
    document.documentElement.dataset.ready = "yes";
  };
"""


def test_what_captures_is_there_before_anybody_starts(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    """Else it would be fetched while people already speak."""
    page = open_page(page_server.url, script=READY)
    expect(page.locator("html[data-ready]")).to_have_count(1)
    assert page_server.heard == []


THREAD_FIRST = """
  const { AudioContext } = window;
  const made = new Promise((done) => {
    window.AudioContext = class extends AudioContext {
      constructor(...wish) { super(...wish); done(); }
    };
  });
  const { getUserMedia } = MediaDevices.prototype;
  MediaDevices.prototype.getUserMedia = async function (wish) {
    await made;
    return getUserMedia.call(this, wish);
  };
"""


def test_the_audio_thread_is_made_while_the_microphone_is_asked_for(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url, script=THREAD_FIRST)
    page.click("#start")
    wait_for(lambda: page_server.heard and page_server.newest.seconds > 1)


def test_nothing_is_asked_for_before_start(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(
        page_server.url,
        script="""
          window.asked = [];
          const devices = MediaDevices.prototype;
          const { getUserMedia } = devices;
          devices.getUserMedia = function (wish) {
            window.asked.push(wish);
            return getUserMedia.call(this, wish);
          };
        """,
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.asked") == []
    assert page_server.heard == []
    page.click("#start")
    expect(page.locator("#link")).to_have_text("Live")
    off = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
    assert page.evaluate("window.asked") == [{"audio": off}]

    page.click("[popovertarget=settings]")
    page.click("details:has([name=processing]) summary")
    page.check("[name=processing]")
    wait_for(lambda: len(page.evaluate("window.asked")) == 2)
    assert page.evaluate("window.asked[1]") == {"audio": dict.fromkeys(off, True)}


def test_another_microphone_goes_on_in_the_same_session(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    page.click("#start")
    wait_for(lambda: page_server.heard and page_server.newest.seconds > 0.3)
    picker = page.locator("#source")
    expect(picker.locator("option", has_text="Fake Audio Input 2")).to_be_attached()
    picker.select_option(label="Fake Audio Input 2")
    before = page_server.newest.seconds
    wait_for(lambda: page_server.newest.seconds > before + 0.5)
    assert len(page_server.heard) == 1
    expect(page.locator("#link")).to_have_text("Live")


UNPLUGGED = """
  const devices = MediaDevices.prototype;
  const { getUserMedia } = devices;
  devices.getUserMedia = async function (wish) {
    if (window.unplugged) throw new DOMException("", "NotFoundError");
    window.stream = await getUserMedia.call(this, wish);
    return window.stream;
  };
"""


def test_an_unplugged_microphone_is_picked_up_again(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url, script=UNPLUGGED)
    page.click("#start")
    wait_for(lambda: page_server.heard and page_server.newest.seconds > 0.3)
    page.evaluate("window.unplugged = true")
    page.evaluate("window.stream.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#advice")).to_contain_text("The microphone was disconnected.")
    before = page_server.newest.seconds
    page.evaluate("window.unplugged = false")
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    wait_for(lambda: page_server.newest.seconds > before + 0.3)
    expect(page.locator("#advice")).to_be_empty()
    assert len(page_server.heard) == 1


def test_a_microphone_that_is_blocked_meanwhile_goes_on_when_it_is_allowed(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page = open_page(page_server.url)
    page.click("#start")
    wait_for(lambda: page_server.heard and page_server.newest.seconds > 0.3)
    page_server.say(**snapshot(1, []))
    page.context.clear_permissions()
    expect(page.locator("#advice")).to_contain_text("The microphone was blocked.")
    expect(page.locator("#growing")).to_be_hidden()
    expect(page.locator("#meter")).to_have_attribute("aria-valuenow", "0")
    page.click("#advice button")
    expect(page.locator("#advice")).to_contain_text("The microphone was blocked.")
    before = page_server.newest.seconds
    page.context.grant_permissions(["microphone"])
    wait_for(lambda: page_server.newest.seconds > before + 0.3)
    expect(page.locator("#advice")).to_be_empty()
    expect(page.locator("#growing")).to_be_visible()
    assert len(page_server.heard) == 1


def test_pause_stops_the_sound_and_stop_waits_for_the_last_words(
    page_server: FakeServer, open_page: OpenPage
) -> None:
    page_server.stops_at_once = False
    page = open_page(page_server.url)
    page.click("#start")
    wait_for(lambda: page_server.heard and page_server.newest.seconds > 0.3)
    heard = page_server.newest

    page.click("#pause")
    wait_for(lambda: "pause" in heard.types())
    expect(page.locator("#link")).to_have_text("Paused")
    paused_at = len(heard.frames)
    page.wait_for_timeout(500)
    assert len(heard.frames) == paused_at

    page.click("#resume")
    wait_for(lambda: len(heard.frames) > paused_at + 5)
    assert heard.types().index("unpause") > heard.types().index("pause")

    page.click("#stop")
    wait_for(lambda: heard.ended)
    expect(page.locator("#link")).to_have_text("Finishing…")
    page_server.say(**snapshot(1, [line(0, "The last words.", 0, 1)]))
    page_server.say(type="ready_to_stop")
    expect(page.locator("#link")).to_have_text("Ready")
    expect(page.locator("#log")).to_contain_text("The last words.")
    expect(page.locator("#start")).to_be_focused()
    assert len(page_server.heard) == 1


def test_silence_is_noticed(
    page_server: FakeServer, open_page: OpenPage, silent_browser: Browser
) -> None:
    page = open_page(page_server.url, using=silent_browser)
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("No sound is coming in.")


def test_a_blocked_microphone_is_explained(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url, microphone=False)
    page.click("#start")
    expect(page.locator("#advice")).to_contain_text("The microphone is blocked.")
    expect(page.locator("#start")).to_be_enabled()
    assert page_server.heard == []


def test_an_insecure_address_is_explained(page_server: FakeServer, open_page: OpenPage) -> None:
    page = open_page(page_server.url.replace("127.0.0.1", "far.example"), microphone=False)
    expect(page.locator("#advice")).to_contain_text("https")
    expect(page.locator("#advice")).to_contain_text("localhost")
    expect(page.locator("#start")).to_be_hidden()
    expect(page.locator("#open")).to_be_visible()
    expect(page.locator("#empty-title")).to_have_text("Open a recording.")
