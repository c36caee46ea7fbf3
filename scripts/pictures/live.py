"""The page while something is said, and what can be opened over it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from e2e.fake_server import snapshot, wait_for
from e2e.sound import write_silence
from playwright.sync_api import expect

from .studio import DESKTOP, PHONE, Studio, talk


def page(studio: Studio) -> None:
    studio.keep(studio.live(**DESKTOP), "page")


def start(studio: Studio) -> None:
    studio.keep(studio.open(**DESKTOP), "page-start")


def dark(studio: Studio) -> None:
    studio.keep(studio.live(color_scheme="dark", **DESKTOP), "page-dark")


def phone(studio: Studio) -> None:
    studio.keep(studio.live(**PHONE), "page-phone")


def phone_start(studio: Studio) -> None:
    studio.keep(studio.open(**PHONE), "page-phone-start")


def arabic(studio: Studio) -> None:
    studio.keep(studio.live("?ui=ar", **DESKTOP), "page-arabic")


def settings(studio: Studio) -> None:
    shown = studio.live(**DESKTOP)
    shown.click("[popovertarget=settings]")
    studio.keep(shown, "page-settings")


def speaker(studio: Studio) -> None:
    shown = studio.live(**DESKTOP)
    shown.locator("#log [data-person='2']").first.click()
    studio.keep(shown, "page-speaker")


def search(studio: Studio) -> None:
    shown = studio.live(**DESKTOP)
    shown.keyboard.press("/")
    shown.keyboard.type("the")
    studio.keep(shown, "page-search")


def save(studio: Studio) -> None:
    shown = studio.live(**DESKTOP)
    shown.wait_for_timeout(1500)
    shown.click("[popovertarget=save]")
    shown.click("#kept summary")
    studio.keep(shown, "page-save")


def help_(studio: Studio) -> None:
    shown = studio.open(**DESKTOP)
    shown.keyboard.press("?")
    studio.keep(shown, "page-help")


def away(studio: Studio) -> None:
    shown = studio.live(**DESKTOP)
    studio.server.away = True
    studio.server.drop()
    expect(shown.locator("#advice")).to_contain_text("Trying again")
    studio.keep(shown, "page-away")
    studio.server.away = False


def player(studio: Studio) -> None:
    shown = studio.open(**DESKTOP)
    before = len(studio.server.heard)
    studio.server.stops_at_once = False
    end = talk()[-1]["finish"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Town meeting.wav"
        write_silence(path, seconds=int(end))
        shown.set_input_files("#file", path)
        wait_for(lambda: len(studio.server.heard) > before and studio.server.newest.ended)
        studio.server.say(**snapshot(1, talk(), received=end))
        studio.server.say(type="ready_to_stop")
        expect(shown.locator("#link")).to_have_text("Ready")
        shown.locator("#seek").fill("9.3")
        shown.locator("#seek").blur()
        shown.mouse.move(0, 0)
        studio.keep(shown, "page-file")
    studio.server.stops_at_once = True


def projector(studio: Studio) -> None:
    shown = studio.live(**DESKTOP)
    shown.keyboard.press("f")
    shown.wait_for_timeout(400)
    studio.keep(shown, "page-projector")


def overlay(studio: Studio) -> None:
    """Over a picture, because nobody sees a transparent page."""
    before = len(studio.server.heard)
    shown = studio.open(
        "overlay?session=talk&lines=2&size=44&background=000000b0&shadow=no",
        viewport={"width": 1280, "height": 720},
    )
    wait_for(lambda: len(studio.server.heard) > before)
    studio.server.say(**snapshot(1, talk(), text="If you look at the drawing", final=20))
    expect(shown.locator("#captions")).to_contain_text("drawing")
    shown.evaluate(
        """() => document.body.style.setProperty("background",
             "radial-gradient(circle at 68% 38%, #f6d7a7 0 9%, transparent 9.4%)," +
             "linear-gradient(#27486b, #d98e73 62%, #2d3f3a 62.3%, #16241f)")"""
    )
    studio.keep(shown, "overlay")
