"""What is known of a file once it has been heard. Pure."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from livestt.events import Event, LanguageDetected, Warned, Word
from livestt.file_session import Figures, no_speech_between
from livestt.segments import Segment
from livestt.speakers.heard_voice import HeardVoice
from livestt.transcript import Layout, Transcript

LEAST_SCORE = 1e-5
"""Below this a logarithm tells nothing more."""


@dataclass(frozen=True, slots=True)
class SpeakersWanted:
    """What a client asks about who speaks in a file."""

    least: int | None = None
    most: int | None = None
    embeddings: bool = False
    """Whether each voice is to be described by a vector."""
    names: tuple[str, ...] = ()
    """Of people who may be heard, in the order of ``samples``."""
    samples: tuple[str, ...] = ()
    """A recording of each of them, as data URLs."""


NO_DIARIZER = Warned(
    "speakers_unavailable",
    "this server does not tell speakers apart; the transcript has no speaker labels",
)
NO_EMBEDDINGS = Warned("embeddings_unavailable", "voices are told apart without embeddings")
NO_VOICES = Warned(
    "known_speakers_unavailable",
    "voices are not compared with the known ones; speakers are called by letters",
)


def shortfall(wanted: SpeakersWanted, *, diarizes: bool, compares: bool) -> list[Warned]:
    """What a client must be told because it wants more about speakers than can be had."""
    if not diarizes:
        return [NO_DIARIZER]
    if compares:
        return []
    return [NO_EMBEDDINGS] * wanted.embeddings + [NO_VOICES] * bool(wanted.names)


class Recording:
    """A fold of the events of one file.

    Attributes:
        transcript: segments, words, language.
        language_probability: how sure the language is; 1 if it was named.
        warnings: what the client should know.
        figures: what the engine said about each piece, once the file is done.
        voices: what each speaker sounds like, by number, once the file is done; empty unless
            voices are compared.
    """

    def __init__(self, layout: Layout, language: str | None) -> None:
        self.transcript = Transcript(layout)
        self.language_probability = 0.0 if language is None else 1.0
        self.warnings: list[Warned] = []
        self.figures: Sequence[Figures] = ()
        self.voices: Mapping[int, HeardVoice] = {}
        self._named = language

    @property
    def language(self) -> str | None:
        """The language named or detected."""
        return self._named or self.transcript.language

    @property
    def text(self) -> str:
        return self.transcript.text

    @property
    def names(self) -> Mapping[int, str]:
        """The speakers who are known by name."""
        return self.transcript.people.names

    @property
    def duration(self) -> int:
        """Samples."""
        return self.transcript.duration

    @property
    def segments(self) -> list[Segment]:
        """Those with words."""
        return [segment for segment in self.transcript.segments if segment.words]

    @property
    def words(self) -> list[Word]:
        return [word for segment in self.segments for word in segment.words]

    def apply(self, events: Iterable[Event]) -> None:
        """Take events in order."""
        for event in events:
            if isinstance(event, LanguageDetected):
                self.language_probability = event.probability
            elif isinstance(event, Warned):
                self.warnings.append(event)
            self.transcript.apply([event])

    def no_speech(self, segment: Segment) -> float:
        """The chance, 0 to 1, that nothing is said where the segment is."""
        return no_speech_between(self.figures, segment.start, segment.end)


def log_probability(score: float) -> float:
    """The natural logarithm of a word's score."""
    return round(math.log(max(LEAST_SCORE, min(1.0, score))), 4)


def average_log_probability(words: Sequence[Word]) -> float:
    """Of all words alike; 0 for none."""
    if not words:
        return 0.0
    return round(sum(log_probability(word.score) for word in words) / len(words), 4)


def compression_ratio(text: str) -> float:
    """How repetitive a text is, as Whisper measures it (OpenAI's ``whisper/utils.py``)."""
    data = text.encode()
    return round(len(data) / len(zlib.compress(data)), 4)
