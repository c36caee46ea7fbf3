"""The extension's side panel while it captions a meeting."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from e2e.extension_site import serve_site
from e2e.fake_server import line, snapshot, wait_for
from playwright.sync_api import expect

from .studio import Studio

THEIRS = [
    line(0, "Shall we look at the plan?", 0, 3),
    line(1, "It is on your screens now.", 9, 11),
]
MINE = [line(0, "Yes. I have the drawing here.", 3, 5)]


def extension(studio: Studio) -> None:
    """Two channels: what the tab plays, and the microphone."""
    folder = tempfile.mkdtemp()
    shutil.copy(studio.sound, Path(folder, "chord.wav"))
    with serve_site(Path(folder)) as port, studio.extension() as (browser, panel):
        meeting = browser.context.new_page()
        meeting.goto(f"http://127.0.0.1:{port}/page.html?sound=chord.wav")
        meeting.evaluate("document.title = 'Weekly meeting'")
        browser.press_button(meeting)
        expect(panel.locator("#link")).to_have_text("Live")
        wait_for(lambda: studio.server.heard and studio.server.newest.seconds > 1)
        studio.server.say(**snapshot(1, THEIRS, received=12.0))
        panel.bring_to_front()
        expect(panel.locator("#log .row")).to_have_count(2)
        before = len(studio.server.heard)
        panel.check("[name=microphone]")
        wait_for(lambda: len(studio.server.heard) > before and studio.server.newest.seconds > 1)
        told = snapshot(1, MINE, text="Then let us begin with the", final=17, received=12.0)
        studio.server.say(**told)
        expect(panel.locator("#sheet")).to_contain_text("Then let us begin")
        panel.set_viewport_size({"width": 380, "height": 690})
        panel.mouse.move(0, 0)
        studio.write(panel, "extension")
    shutil.rmtree(folder)
