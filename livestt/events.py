"""What a session says. Every protocol is a fold over these events and nothing else.

All times are samples at 16 kHz from the start of the session (see `livestt.timebase`).

Laws (kept by `livestt.session`, proved in ``tests/laws``):

- Committed words are append-only, ordered in time and never overlap.
- ``SpeechStarted`` and ``SpeechEnded`` alternate; ``UtteranceEnded`` follows the last word of
  its utterance.
- Each flush is answered by exactly one ``Flushed``.
- Exactly one ``Ended``, and it is last.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """One word as written, with its own leading space where the script puts one.

    Joining the texts of consecutive words with nothing between gives the transcript.
    """

    text: str
    """Includes attached punctuation, e.g. ``" Hello,"``."""
    start: int
    """First sample."""
    end: int
    """One past the last sample; always greater than ``start``."""
    score: float = 1.0
    """Model confidence, 0 to 1."""
    language: str | None = None
    """ISO 639-1 code, where known."""
    speaker: int | None = None
    """From 1; None while unknown or without diarization."""
    over: tuple[int, ...] = ()
    """Other speakers who talk at the same time."""
    tokens: tuple[int, ...] = field(default=(), repr=False, compare=False)
    """The engine's own token ids, opaque to everybody else."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    at: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    at: int


@dataclass(frozen=True, slots=True)
class Interim:
    """The words heard but not committed yet. Replaces the previous Interim; may be empty."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """Words that will never change again. Clears the Interim."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """All words spoken between two endpoints have been committed."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    language: str
    probability: float
    at: int


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """Somebody spoke. Turns of different speakers may overlap; they come once they are over."""

    speaker: int
    """From 1, in the order in which speakers are first heard."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Voice:
    """Who says a word."""

    speaker: int | None
    """From 1; None if it is not known who."""
    over: tuple[int, ...] = ()
    """Other speakers who talk at the same time."""


@dataclass(frozen=True, slots=True)
class Attributed:
    """Who says the committed words, from the one with number ``first`` (from 0) on.

    Words get their speaker in order, a moment after they were committed. A later event may
    correct an earlier one.
    """

    first: int
    voices: tuple[Voice, ...]


@dataclass(frozen=True, slots=True)
class Diarized:
    """Who speaks is known up to here. Comes before anything else where speakers are told apart:
    every committed word will then be `Attributed`, the last before `Ended`."""

    at: int


@dataclass(frozen=True, slots=True)
class SpeakerNamed:
    """A speaker has a name now; an empty one takes it away."""

    speaker: int
    name: str
    noted: bool = field(default=False, compare=False)
    """Whether another server was told, and stored it (see `livestt.store.notes`)."""


@dataclass(frozen=True, slots=True)
class SpeakerRecognized:
    """A speaker sounds like an enrolled voice. A name that somebody gave by hand counts more."""

    speaker: int
    name: str
    """Of the voice; empty if the speaker is not taken for anybody any more."""
    voice: str
    """Id of the voice's profile."""
    similarity: float
    """Cosine of the two voices, -1 to 1."""


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """More is known of how a speaker sounds; for whoever goes on with the session elsewhere."""

    speaker: int
    heard: int
    """Samples of clean speech, all in all."""
    vector: bytes
    """Mean embedding, little-endian float32."""
    model: str
    """Of the embedder; no other can compare it."""


@dataclass(frozen=True, slots=True)
class SpeakersMerged:
    """Two speakers are one person, who goes by the number ``into``."""

    speaker: int
    into: int
    noted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class SpeakerSeparated:
    """The speakers merged into this one are people of their own again."""

    speaker: int
    noted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Translated:
    """A line in another language. Replaces what was said so of the same line before; an empty text
    says that there is no translation after all."""

    line: int
    """Id of a segment (see `livestt.transcript`); the one that is still growing has the next."""
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Flushed:
    """Everything received before the flush with this id has been committed."""

    id: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the session is, in samples: ``received >= heard >= committed``."""

    received: int
    """Audio decoded."""
    heard: int
    """Audio an engine has answered for, or that was skipped as silence."""
    committed: int
    """Audio whose words are all committed."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know; the session goes on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    at: int
    left: tuple[Word, ...] = ()
    """Words that were not committed, because whoever goes on with the session hears them again."""


Event = (
    SpeechStarted
    | SpeechEnded
    | Interim
    | Committed
    | UtteranceEnded
    | LanguageDetected
    | SpeakerTurn
    | Attributed
    | Diarized
    | SpeakerNamed
    | SpeakerRecognized
    | VoiceHeard
    | SpeakersMerged
    | SpeakerSeparated
    | Translated
    | Flushed
    | Progress
    | Warned
    | Ended
)


@dataclass(frozen=True, slots=True)
class Past:
    """What a session had already when another one went on with it."""

    samples: int = 0
    words: int = 0


_TIMES = frozenset({"at", "start", "end", "received", "heard", "committed"})
"""Fields that hold samples."""
_PARTS = frozenset({"words", "voices", "left"})
"""Fields that hold what has such fields."""


def continued(event: Event, past: Past) -> Event:
    """The same, as the session says it that has this past."""
    if isinstance(event, VoiceHeard) or past == Past():
        return event  # how much was heard of a voice is no moment
    said: Event = _later(event, past)
    return said


def _later(said: Any, past: Past) -> Any:
    changes: dict[str, Any] = {}
    for part in fields(said):
        value = getattr(said, part.name)
        if part.name in _PARTS:
            changes[part.name] = tuple(_later(one, past) for one in value)
        elif part.name in _TIMES:
            changes[part.name] = value + past.samples
        elif part.name == "first":
            changes[part.name] = value + past.words
    return replace(said, **changes)
