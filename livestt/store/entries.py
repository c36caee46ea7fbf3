"""What goes into the store and what comes out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from livestt.events import (
    Event,
    SpeakerNamed,
    SpeakerRecognized,
    SpeakersMerged,
    Translated,
    VoiceHeard,
    Word,
)
from livestt.people import Told
from livestt.segments import Segment
from livestt.store.notes import Note

LONGEST_TITLE = 200
"""Characters of a file's name that become its transcript's title."""


def titled(name: str) -> str:
    """The last part of a file's name, as a title that a database can keep."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(char for char in last if char.isprintable())[:LONGEST_TITLE]


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that begins."""

    id: str
    started: datetime
    audio: Mapping[str, Any]
    """Encoding, sample_rate and channels of what its client sends."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Language, task, prompt and hotwords it began with."""
    owner: str | None = None
    """Name of the key that opened it."""
    engine: str = ""
    model: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A closed segment, and which of the session's words it holds."""

    segment: Segment
    first: int
    """Number of its first word; for a silence, of the first word after it."""
    lost: int = 0
    """Numbers among those of its words whose words could not be kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one session has to say since its last entry. Written whole or not at all."""

    session: str
    epoch: int
    """Of whoever writes; see `livestt.store.Store.reopen`."""
    first: int = 0
    """Number of the first of ``words``; numbers count from 0 through the session."""
    words: tuple[Word, ...] = ()
    lines: tuple[Line, ...] = ()
    received: int = 0
    """Samples received by then."""
    committed: int = 0
    """Samples whose words are all committed."""
    language: str | None = None
    voices: tuple[tuple[int, int | None], ...] = ()
    """Numbers of words, and the speaker that each was heard from, whoever that is."""
    names: tuple[tuple[int, str], ...] = ()
    """Speakers, and the name that each has now; an empty one takes it away."""
    heard: tuple[VoiceHeard, ...] = ()
    """What speakers sound like now."""
    merged: tuple[tuple[int, int | None], ...] = ()
    """Speakers, and the person that each is now; None if it is one of its own again."""
    recognized: tuple[tuple[int, SpeakerRecognized | None], ...] = ()
    """People, and whom each was recognised as; None if that does not count any more."""
    overruled: tuple[tuple[int, SpeakerRecognized | None], ...] = ()
    """The same of people whose name, or want of one, somebody gave by hand."""
    told: tuple[Told, ...] = ()
    """What somebody said here of the speakers; ``names`` and ``merged`` are what became of it."""
    translated: tuple[Translated, ...] = ()
    """Closed lines in another language."""
    opening: Opening | None = None
    """Only in a session's first entry."""
    ended: bool = False
    """Whether this is its last."""
    next_line: int = 0
    """Number of the first of ``lines``, or of the next line to be closed."""
    left: int = 0
    """Of all words, the last, that whoever goes on with the session hears again. They have a line
    of their own."""

    @property
    def vital(self) -> bool:
        """Whether it begins or ends the session: without the first all else of it is refused, and
        without the last it seems to run for ever."""
        return self.opening is not None or self.ended


@dataclass(frozen=True, slots=True)
class Stored:
    """A session in the store, without its words."""

    id: str
    started: datetime
    seen: datetime
    """When its server last wrote something."""
    ended: datetime | None
    """None while it runs, and after a crash for as long as it may be resumed."""
    title: str
    owner: str | None
    language: str | None
    engine: str
    model: str
    audio: Mapping[str, Any]
    options: Mapping[str, Any]
    speakers: Mapping[int, str]
    """The names that people have."""
    received: int
    committed: int
    words: int
    missing: int
    """Words that could not be kept because the disk failed for too long."""
    epoch: int
    merged: Mapping[int, int] = field(default_factory=dict)
    """Speakers that are another person, and that person's number."""
    recognized: Mapping[int, SpeakerRecognized] = field(default_factory=dict)
    """People whose name comes from their voice, while the session runs."""
    overruled: Mapping[int, SpeakerRecognized] = field(default_factory=dict)
    """People who were recognised, and have a name, or none, by hand."""
    left: int = 0
    """Of its words, the last, that whoever goes on with it hears again."""
    notes: Sequence[Note] = ()
    """For the server that has it, see `livestt.store.notes`."""

    @property
    def told(self) -> list[Event]:
        """What is known of its speakers, as the session said it."""
        given = {*self.overruled, *self.speakers} - self.recognized.keys()
        return [
            *(SpeakersMerged(speaker, into) for speaker, into in self.merged.items()),
            *self.recognized.values(),
            *self.overruled.values(),
            *(SpeakerNamed(person, self.speakers.get(person, "")) for person in sorted(given)),
        ]


@dataclass(frozen=True, slots=True)
class Asked:
    """A session that a client wants to go on with."""

    session: str
    audio: Mapping[str, Any]
    """What it sends; must be what was sent before."""
    owner: str | None = None
    """Name of its key; must be the one the session was opened with."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a server needs to go on with a session that another process began."""

    row: Stored
    segments: tuple[Segment, ...]
    """Closed ones, oldest first; only the newest, as many as asked for. Their speakers are those
    that were heard, not merged."""
    next_line: int
    next_word: int
    growing: tuple[Word, ...]
    """Words after the last closed segment."""
    last_end: int
    """Where the last stored word or line ends."""
    speakers: int = 0
    """Highest number of a speaker."""
    waiting: int = 0
    """Of ``growing``, the last words, whose speaker is yet to be told."""


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def moment(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def clean(text: str) -> str:
    """Text as every database takes it: without NUL, and without halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
