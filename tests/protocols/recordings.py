"""Recordings to write down, and refusals to look at."""

from __future__ import annotations

from collections.abc import Callable

from livestt.errors import BadRequest
from livestt.events import Committed, Ended, Event, LanguageDetected, Progress, SpeechStarted, Word
from livestt.file_session import Figures
from livestt.recording import Recording
from livestt.transcript import Layout

SECOND = 16_000

WORDS = (
    Word(" Hello,", SECOND // 2, SECOND, 0.9, "en", tokens=(1, 2)),
    Word(" world.", SECOND, 2 * SECOND, 0.5, "en", tokens=(3,)),
)
LATER = (
    Word(" It", 4 * SECOND, 4 * SECOND + 4_000, 1.0, "en", tokens=(4,)),
    Word(" is", 4 * SECOND + 4_000, 4 * SECOND + 8_000, 1.0, "en", tokens=(5,)),
    Word(" late.", 4 * SECOND + 8_000, 5 * SECOND, 1.0, "en", tokens=(6,)),
)
EVENTS: tuple[Event, ...] = (
    LanguageDetected("en", 0.75, 0),
    SpeechStarted(SECOND // 2),
    Committed(WORDS),
    Progress(6 * SECOND, 4 * SECOND, 4 * SECOND),
    SpeechStarted(4 * SECOND),
    Committed(LATER),
    Progress(6 * SECOND + 800, 6 * SECOND + 800, 6 * SECOND + 800),
    Ended(6 * SECOND + 800),
)
TEXT = "Hello, world. It is late."


def recording(events: tuple[Event, ...] = EVENTS, language: str | None = None) -> Recording:
    made = Recording(Layout(), language)
    made.apply(events)
    made.figures = (Figures(0, 2 * SECOND, 0.25), Figures(4 * SECOND, 5 * SECOND, 0.5))
    return made


def refusal(read: Callable[[], object]) -> BadRequest | None:
    """Why something cannot be read; None if it can."""
    try:
        read()
    except BadRequest as error:
        return error
    return None
