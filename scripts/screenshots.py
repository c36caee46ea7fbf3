"""Pictures of the page for docs/, and the icons of web/icons, made by a real browser.

    .venv/bin/python scripts/screenshots.py [--only NAME ...] [--all] [--into FOLDER]

The page is the real one; the server behind it says what is written in `scripts/pictures`, so that
the pictures are the same on every machine but for its fonts. No picture is larger than 200 kB.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from pictures import asking, live, panel, stored
from pictures.studio import ROOT, Studio, chromium, write_sound
from playwright.sync_api import Browser, sync_playwright

PICTURES: dict[str, Callable[[Studio], None]] = {
    "page": live.page,
    "start": live.start,
    "dark": live.dark,
    "phone": live.phone,
    "phone-start": live.phone_start,
    "arabic": live.arabic,
    "settings": live.settings,
    "speaker": live.speaker,
    "search": live.search,
    "save": live.save,
    "help": live.help_,
    "away": live.away,
    "player": live.player,
    "projector": live.projector,
    "overlay": live.overlay,
    "earlier": stored.earlier_open,
    "library": stored.library,
    "key": asking.key,
    "kept-sound": asking.kept_sound,
    "voices": asking.voices,
    "panel": asking.panel,
    "extension": panel.extension,
}

SHOWN = ["page", "dark", "phone", "player", "overlay", "earlier", "extension"]
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
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sound = Path(folder) / "sound.wav"
        write_sound(sound)
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={sound}",
            ],
        )
        studio = Studio(playwright, browser, sound, chosen.into)
        studio.server.start()
        try:
            for name in names:
                icons(browser) if name == "icons" else PICTURES[name](studio)
        finally:
            studio.server.stop()
            browser.close()


if __name__ == "__main__":
    main()
