"""What the page asks for: keys, voices, and whether the sound may be kept."""

from __future__ import annotations

from e2e.fake_server import snapshot
from playwright.sync_api import expect

from .studio import DESKTOP, PHONE, Studio, talk


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


SCHEMES = ("light", "dark")


def key(studio: Studio) -> None:
    """The question for a key, after a wrong one."""
    studio.server.key = "secret"
    for name, options in (("key", DESKTOP), ("key-phone", PHONE)):
        for scheme in SCHEMES:
            shown = studio.open(color_scheme=scheme, **options)
            shown.fill("#key-field", "wrong")
            shown.keyboard.press("Enter")
            expect(shown.locator("#key-problem")).not_to_be_empty()
            studio.keep(shown, f"{name}-{scheme}")
    studio.server.key = ""


def kept_sound(studio: Studio) -> None:
    """The line about the sound: before Start, and while captions run."""
    studio.server.about = {"recording": True}
    for name, options in (("sound", DESKTOP), ("sound-phone", PHONE)):
        for scheme in SCHEMES:
            shown = studio.open(color_scheme=scheme, **options)
            expect(shown.locator("#sound-kept")).to_be_visible()
            studio.keep(shown, f"{name}-{scheme}")
            studio.keep(studio.live(color_scheme=scheme, **options), f"{name}-live-{scheme}")
    studio.server.about = {}


def panel(studio: Studio) -> None:
    """The side panel of the extension, before anything is captioned: the sound, and a wrong key."""
    studio.server.about = {"recording": True}
    for scheme in SCHEMES:
        with studio.panel(color_scheme=scheme) as shown:
            expect(shown.locator("#sound-kept")).to_be_visible()
            studio.write(shown, f"panel-{scheme}")
            studio.server.key = "secret"
            shown.click("[popovertarget=settings]")
            shown.fill("[name=key]", "wrong")
            shown.keyboard.press("Tab")
            expect(shown.locator("#key-state")).to_contain_text("does not know this key")
            studio.write(shown, f"panel-key-{scheme}")
        studio.server.key = ""
    studio.server.about = {}
