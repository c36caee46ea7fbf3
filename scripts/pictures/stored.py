"""Earlier transcripts."""

from __future__ import annotations

from datetime import datetime, timedelta

from e2e.fake_store import transcript
from playwright.sync_api import Page, expect

from .studio import DESKTOP, PHONE, TALK, Studio

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
