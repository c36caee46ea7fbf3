"""Which of a session's events are stored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from livestt.events import (
    Attributed,
    Committed,
    Ended,
    Event,
    LanguageDetected,
    Translated,
    VoiceHeard,
    Word,
)
from livestt.people import People, Told
from livestt.segments import Segment, joined
from livestt.store.entries import Entry, Line, Opening, Resumed
from livestt.store.resuming import resume_at, resumed_view
from livestt.timebase import from_seconds
from livestt.transcript import Layout, Transcript

PROGRESS = from_seconds(5)
"""Audio without a word after which it is stored how far the session is."""
REMEMBERED = from_seconds(300)
"""Of closed lines; it only has to be longer than any one piece of audio that arrives."""

_Known = TypeVar("_Known")
_Gone = TypeVar("_Gone", str, None)


class Recorder:
    """Folds a session's events into entries for the store, ahead of everybody who reads them.

    It closes lines exactly as the live view does, so that a line keeps its number whoever shows
    it.

    Args:
        layout: of the live view.
        opening: what the session is, if the store does not know it yet.
        resumed: how another process left it.
    """

    def __init__(
        self, layout: Layout, opening: Opening | None = None, resumed: Resumed | None = None
    ) -> None:
        self._opening = opening
        self._epoch = 1
        self._next_word = 0
        self._said = 0
        self._next_line = 0
        layout = replace(layout, retention=REMEMBERED)
        self._received = 0
        self._ended = False
        self._left = 0
        self.stays_open = False
        """Whether the session is to go on elsewhere after it has ended here."""
        if resumed is None:
            assert opening is not None, "a new session has to say what it is"
            self._session = opening.id
            self._view = Transcript(layout)
        else:
            self._session = resumed.row.id
            self._epoch = resumed.row.epoch
            self._next_word = resumed.next_word
            self._said = self._next_word - len(resumed.growing)
            self._next_line = resumed.next_line
            self._view = resumed_view(layout, replace(resumed, segments=()))
            self._received = resume_at(resumed)

    def open(self) -> Entry | None:
        """The entry that makes the session known, if it is not."""
        return None if self._opening is None else self._entry((), (), None, ended=False)

    def close(self) -> Entry:
        """The entry that ends a session which could not say so itself."""
        left, lines = self._view.interim, list[Line]()
        if not self.stays_open or self._left or self._view.waiting:
            left = ()
        if left:
            lines = self._closed_by(Ended(self._view.progress.received))
            lines.append(self._line_of(left, self._next_word))
        return self._entry(left, tuple(lines), None, ended=not self.stays_open)

    def take(self, events: Sequence[Event]) -> Entry | None:
        """What to store before anybody learns of these events; None if that is nothing."""
        known = _said_of(self._view.people)
        lines: list[Line] = []
        translated: list[Translated] = []
        for event in events:
            if isinstance(event, Translated) and event.line < self._next_line:
                translated.append(event)
            noted = isinstance(event, Told) and event.noted
            before = _said_of(self._view.people) if noted else known
            lines += self._closed_by(event)
            if noted:
                known = tuple(map(_followed, known, before, _said_of(self._view.people)))
        voices = tuple(voice for event in events for voice in _voices(event))
        words = tuple(w for event in events if isinstance(event, Committed) for w in event.words)
        left = tuple(w for event in events if isinstance(event, Ended) for w in event.left)
        if left:
            lines.append(self._line_of(left, self._next_word + len(words)))
        people = self._view.people
        names = _changed(known[0], people.names, "")
        merged = _changed(known[1], people.same, None)
        recognized = _changed(known[2], people.recognized, None)
        denied = _changed(known[3], people.overruled, None)
        told = tuple(event for event in events if isinstance(event, Told) and not event.noted)
        heard = tuple(event for event in events if isinstance(event, VoiceHeard))
        ended = any(isinstance(event, Ended) for event in events)
        progressed = self._view.progress.received - self._received >= PROGRESS
        learned = (voices, names, merged, recognized, denied, told, heard, translated)
        if not (words or lines or any(learned) or ended or progressed):
            return None
        entry = self._entry(
            (*words, *left),
            tuple(lines),
            _language(events, words),
            ended=ended and not self.stays_open,
        )
        return replace(
            entry,
            voices=voices,
            names=names,
            merged=merged,
            recognized=recognized,
            overruled=denied,
            told=told,
            heard=heard,
            translated=tuple(translated),
        )

    def _closed_by(self, event: Event) -> list[Line]:
        """The lines that this event closes."""
        self._view.apply([event])
        closed: list[Segment] = []
        for segment in reversed(self._view.segments):
            if segment.id < self._next_line:
                break
            closed.append(segment)
        lines = []
        for segment in reversed(closed):
            lines.append(Line(segment, self._said))
            self._said += len(segment.words)
            self._next_line = segment.id + 1
        return lines

    def _line_of(self, left: tuple[Word, ...], first: int) -> Line:
        """Words that are left to another process, from this number on; a line for those who read
        the transcript if none comes."""
        start, end = left[0].start, left[-1].end
        line = Line(Segment(self._next_line, start, end, joined(left), words=left), first)
        self._next_line += 1
        self._left = len(left)
        return line

    def _entry(
        self, words: tuple[Word, ...], lines: tuple[Line, ...], language: str | None, *, ended: bool
    ) -> Entry:
        first = self._next_word
        self._next_word += len(words)
        next_line = self._next_line - len(lines)
        # What is learned after the end, such as a name, must not open the session again.
        self._ended = self._ended or ended
        progress = self._view.progress
        self._received = progress.received
        opening, self._opening = self._opening, None
        return Entry(
            self._session,
            self._epoch,
            first,
            words,
            lines,
            progress.received,
            progress.committed,
            language,
            opening=opening,
            ended=self._ended,
            left=self._left,
            next_line=next_line,
        )


def _voices(event: Event) -> list[tuple[int, int | None]]:
    """Numbers of words, and the speaker that each was heard from."""
    if not isinstance(event, Attributed):
        return []
    return [(number, voice.speaker) for number, voice in enumerate(event.voices, event.first)]


def _language(events: Iterable[Event], words: Sequence[Word]) -> str | None:
    detected = [event.language for event in events if isinstance(event, LanguageDetected)]
    spoken = [word.language for word in words[-1:]]
    return (detected[-1:] or spoken or [None])[0]


def _said_of(people: People) -> tuple[Mapping[int, Any], ...]:
    """Names, who is one person, who was recognised and who overruled."""
    return dict(people.names), dict(people.same), people.recognized, people.overruled


def _followed(
    known: Mapping[int, Any], before: Mapping[int, Any], now: Mapping[int, Any]
) -> Mapping[int, Any]:
    """What is known, with whatever is something else now than before."""
    changes = {p: now.get(p) for p in {*before, *now} if before.get(p) != now.get(p)}
    return {p: value for p, value in {**known, **changes}.items() if value is not None}


def _changed(
    before: Mapping[int, _Known], now: Mapping[int, _Known], gone: _Gone
) -> tuple[tuple[int, _Known | _Gone], ...]:
    """What is known of speakers, where it is something else now."""
    people = sorted({*before, *now})
    return tuple((p, now.get(p, gone)) for p in people if before.get(p) != now.get(p))
