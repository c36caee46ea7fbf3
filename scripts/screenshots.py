"""Pictures of the page for docs/, and the icons of web/icons, made by a real browser.

    .venv/bin/python scripts/screenshots.py [--only NAME ...] [--into FOLDER]

The page is the real one; the server behind it says what is written here, so that the pictures are
the same on every machine but for its fonts. No picture is larger than 200 kB.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from e2e.fake_server import FakeServer, Message, diff, line, snapshot, wait_for  # noqa: E402
from e2e.fake_store import transcript  # noqa: E402
from e2e.sound import write_silence, write_sound  # noqa: E402

LARGEST = 200_000

TALK = [
    (1, "Good evening, and thank you all for coming out in the rain."),
    (1, "Tonight we want to talk about the library, and about what it could become."),
    (2, "May I ask something first?"),
    (1, "Please do."),
    (2, "How many evenings a week would it be open?"),
    (3, "We have reckoned with four. Five, if the reading room can be run by volunteers."),
    (1, "Which brings us to the plan for the courtyard."),
]


def talk() -> list[Message]:
    lines, at = [], 0.0
    for number, (speaker, text) in enumerate(TALK):
        seconds = len(text) / 15
        lines.append(line(number, text, round(at, 2), round(at + seconds, 2), speaker))
        at += seconds + 0.6
    return lines


class Studio:
    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self.server = FakeServer()

    def open(self, path: str = "", **options: object) -> Page:
        context: BrowserContext = self._browser.new_context(
            permissions=["microphone"],
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        page = context.new_page()
        page.goto(self.server.url + path)
        return page

    def live(self, path: str = "", **options: object) -> Page:
        """A page in the middle of a conversation."""
        page = self.open(path, **options)
        before = len(self.server.heard)
        page.click("#start")
        wait_for(lambda: len(self.server.heard) > before and self.server.newest.seconds > 1.2)
        received = self.server.newest.seconds
        self.server.say(**snapshot(1, talk()))
        growing = "If you look at the drawing, you will see that the old"
        message = diff(2, len(TALK), text=growing, final=31, received=round(received, 2), lag=0.3)
        self.server.say(**message)
        expect(page.locator("#growing")).to_contain_text("the old")
        for number, name in ((1, "Ann"), (2, "Jamal"), (3, "Dr. Okafor")):
            page.locator(f"#log [data-person='{number}']").first.click()
            page.fill("#speaker-name", name)
            page.keyboard.press("Enter")
        page.keyboard.press("e")
        page.evaluate("document.activeElement.blur()")
        page.mouse.move(0, 0)
        return page

    def keep(self, page: Page, name: str, **options: object) -> None:
        path = self._folder / f"{name}.png"
        page.screenshot(path=path, animations="disabled", **options)  # type: ignore[arg-type]
        page.context.close()
        size = path.stat().st_size
        print(f"{path}: {size / 1000:.0f} kB")  # noqa: T201
        if size > LARGEST:
            raise SystemExit(f"{path} is larger than {LARGEST} bytes")


DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}


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


COUNCIL = [
    (2, "The minutes of the last meeting are approved, then."),
    (3, "One moment. The date of the opening is wrong in them."),
    (2, "It says the ninth of May."),
    (3, "And it is the sixteenth. The floor will not be dry before that."),
]
INTERVIEW = [(1, "So you came here as a child, and the harbour was still working?")]


def earlier(studio: Studio, query: str = "", **options: object) -> Page:
    """The list of earlier transcripts, one of them open, or what a search found."""
    names = {"1": "Ann", "2": "Jamal", "3": "Dr. Okafor"}
    now = datetime.now().astimezone()
    meeting = [(speaker, text) for speaker, text in TALK * 4]
    studio.server.store.kept = [
        transcript(
            "talk", meeting, now.isoformat(), title="Town meeting: the library", speakers=names
        ),
        transcript("memo", [(1, "Note to myself: ask about the roof.")], now.isoformat()),
        transcript(
            "council",
            COUNCIL,
            (now - timedelta(days=1)).isoformat(),
            speakers={"2": "Jamal"},
            seconds=2467.2,
        ),
        transcript("interview", INTERVIEW, "2026-03-02T09:00:00+00:00", seconds=5400),
    ]
    shown = studio.open(**options)
    shown.click("#earlier-open")
    if query:
        shown.fill("#earlier-search", query)
        shown.locator(".library-item.found").nth(1).click()
    elif options.get("is_mobile") is None:
        shown.click(".library-item >> nth=0")
    expect(shown.locator(".library-item").first).to_be_attached()
    shown.wait_for_timeout(200)
    return shown


def earlier_open(studio: Studio) -> None:
    studio.keep(earlier(studio, **DESKTOP), "page-earlier")
    studio.server.store.kept = []


def library(studio: Studio) -> None:
    studio.keep(earlier(studio, color_scheme="dark", **DESKTOP), "earlier-dark")
    studio.keep(earlier(studio, "library", **DESKTOP), "earlier-search")
    studio.keep(earlier(studio, **PHONE), "earlier-phone")
    shown = earlier(studio, **PHONE)
    shown.click(".library-item >> nth=0")
    expect(shown.locator("#earlier-log")).to_contain_text("Good evening")
    studio.keep(shown, "earlier-phone-page")
    shown = earlier(studio, **DESKTOP)
    shown.click("#earlier-delete")
    studio.keep(shown, "earlier-delete")
    studio.server.store.kept = []


def voices(studio: Studio) -> None:
    """A server that knows voices: who is recognised, how one is remembered, and all of them."""
    studio.server.about = {"voices": True, "diarization": True, "recording": True}
    for name in ("Ann", "Jamal"):
        studio.server.voices.learn(name)
    studio.server.voices.learn("Dr. Okafor", 9.1, usable=False)
    shown = studio.live(**DESKTOP)
    known = {"1": {"voice": "v_0", "name": "Ann", "similarity": 0.86}}
    names = {"1": "Ann", "2": "Jamal", "3": "Dr. Okafor"}
    told = snapshot(9, talk())
    studio.server.say(**told, speakers=names, recognized=known)
    expect(shown.locator(".voice-mark").first).to_be_visible()
    shown.locator("#log [data-person='1']").first.click()
    studio.keep(shown, "voice-recognized")
    shown = studio.live(color_scheme="dark", **PHONE)
    shown.locator("#log [data-person='2']").first.click()
    studio.keep(shown, "voice-remember-phone")
    for name, options in (("voices", DESKTOP), ("voices-phone", PHONE)):
        shown = studio.open(**options)
        shown.click("[popovertarget=settings]")
        shown.click("#voices-section summary")
        shown.click("#voices-open")
        expect(shown.locator("#voices-list li")).to_have_count(3)
        studio.keep(shown, name)
    studio.server.about = {}


def key(studio: Studio) -> None:
    studio.server.key = "secret"
    for name, options in (("key", DESKTOP), ("key-phone", PHONE)):
        shown = studio.open(**options)
        shown.fill("#key-field", "wrong")
        shown.keyboard.press("Enter")
        expect(shown.locator("#key-problem")).not_to_be_empty()
        studio.keep(shown, name)
    studio.server.key = ""


PICTURES: dict[str, Callable[[Studio], None]] = {
    "page": page,
    "start": start,
    "dark": dark,
    "phone": phone,
    "phone-start": phone_start,
    "arabic": arabic,
    "settings": settings,
    "speaker": speaker,
    "search": search,
    "save": save,
    "help": help_,
    "away": away,
    "player": player,
    "projector": projector,
    "overlay": overlay,
    "earlier": earlier_open,
    "library": library,
    "key": key,
    "voices": voices,
}

SHOWN = ["page", "dark", "phone", "player", "overlay", "earlier"]
"""Those that docs/ shows; the others are for whoever changes the page."""


def icons(browser: Browser) -> None:
    """The favicon in the sizes that installing asks for; maskable ones bleed to the edge."""
    drawing = (ROOT / "web/favicon.svg").read_text(encoding="utf-8")
    full = drawing.replace(' rx="8"', "").replace('viewBox="0 0 32 32"', 'viewBox="-6 -6 44 44"')
    full = full.replace('<rect width="32"', '<rect x="-6" y="-6" width="44"').replace(
        'height="32" fill', 'height="44" fill'
    )
    for name, size, svg in (
        ("icon-192", 192, drawing),
        ("icon-512", 512, drawing),
        ("maskable-512", 512, full),
    ):
        page = browser.new_page(viewport={"width": size, "height": size})
        style = "<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>"
        page.set_content(style + svg)
        page.screenshot(path=ROOT / f"web/icons/{name}.png", omit_background=True)
        page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=[*PICTURES, "icons"], default=[])
    parser.add_argument("--all", action="store_true", help="also those that docs/ does not show")
    parser.add_argument("--into", type=Path, default=ROOT / "docs")
    chosen = parser.parse_args()
    names = chosen.only or (list(PICTURES) if chosen.all else [*SHOWN, "icons"])
    chosen.into.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("LIVESTT_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sound = Path(folder) / "sound.wav"
        write_sound(sound)
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={sound}",
            ],
        )
        studio = Studio(browser, chosen.into)
        studio.server.start()
        try:
            for name in names:
                icons(browser) if name == "icons" else PICTURES[name](studio)
        finally:
            studio.server.stop()
            browser.close()


if __name__ == "__main__":
    main()
