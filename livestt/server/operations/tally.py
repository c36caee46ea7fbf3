"""Counts of what a server has done since it started. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from livestt.events import Committed, Event, Progress, Warned

Kind = Literal["live", "file"]
KINDS: tuple[Kind, ...] = get_args(Kind)

REFUSALS = (
    *("too_many_sessions", "too_many_uploads", "overloaded", "server_restart"),
    "too_many_requests",
)
"""Codes of errors for newcomers, and for those who ask too often."""
WARNINGS = (
    *("no_words", "looping", "words_late", "engine_error", "hardly_speech", "index_at_end"),
    *("recording_stopped", "store_failing", "store_losing", "diarization_error", "voices_error"),
    *("translation_error", "translation_behind"),
)
"""Codes of warnings for which operators may want an alarm. Of these and the refusals there are
figures before the first has happened: nobody sees an increase from nothing."""


@dataclass(slots=True)
class Tally:
    """Counts only ever grow."""

    started: Counter[Kind] = field(default_factory=Counter)
    """Live sessions and files."""
    refused: Counter[str] = field(default_factory=Counter)
    """Newcomers and requests that were turned away, by the code of the error."""
    words: Counter[Kind] = field(default_factory=Counter)
    """Committed."""
    audio: Counter[Kind] = field(default_factory=Counter)
    """Samples decoded."""
    unheard: int = 0
    """Samples decoded that no engine had answered for when their live session ended."""
    warnings: Counter[str] = field(default_factory=Counter)
    """Given to clients, by code; ``engine_error`` is audio that the engine failed on."""

    def count(self, kind: Kind) -> Count:
        """What counts one session or file; it has started."""
        self.started[kind] += 1
        return Count(self, kind)


class Count:
    """Adds one session's part to a `Tally`.

    Attributes:
        progress: of the session.
    """

    def __init__(self, tally: Tally, kind: Kind) -> None:
        self._tally = tally
        self._kind = kind
        self.progress = Progress(0, 0, 0)

    def receive_events(self, events: Iterable[Event]) -> None:
        tally, kind = self._tally, self._kind
        for event in events:
            match event:
                case Committed(words):
                    tally.words[kind] += len(words)
                case Progress():
                    tally.audio[kind] += event.received - self.progress.received
                    self.progress = event
                case Warned(code):
                    tally.warnings[code] += 1
                case _:
                    pass

    def end(self) -> None:
        """The live session is over; what was not heard by now never will be."""
        self._tally.unheard += self.progress.received - self.progress.heard
