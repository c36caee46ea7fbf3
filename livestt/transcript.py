"""The transcript as a reader sees it: a fold of session events into segments.

A **segment** is a run of words of one speaker. It closes at a speaker change, a pause, the end
of a sentence once it is long enough to read, or after `Layout.longest` of speech. Closed
segments never change here, so a list of them only grows at its end (and is pruned at its
front, so that memory is bounded however long a session lasts).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from livestt.events import (
    Committed,
    Ended,
    Event,
    Interim,
    LanguageDetected,
    Progress,
    SpeechStarted,
    Word,
)
from livestt.timebase import from_seconds

SENTENCE_ENDS = tuple(".?!…。？！")  # noqa: RUF001 - the full-width forms are data


@dataclass(frozen=True, slots=True)
class Layout:
    """When segments close. Samples and characters."""

    pause: int = from_seconds(1.2)
    """Silence after a word that closes its segment."""
    readable: int = 40
    """Characters that make a finished sentence a segment of its own."""
    longest: int = from_seconds(15)
    """Speech in one segment."""
    silence: int = from_seconds(5)
    """A pause this long is a segment of its own."""
    retention: int = from_seconds(3600)
    """Closed segments that ended longer ago leave the live view."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive words of one speaker, or a silence (``words`` empty, ``text`` None)."""

    id: int
    """Stable, from 0, ascending."""
    start: int
    end: int
    text: str | None
    speaker: int | None = None
    language: str | None = None
    words: tuple[Word, ...] = ()

    @property
    def is_silence(self) -> bool:
        return self.text is None


class Transcript:
    """What has been said so far.

    Attributes:
        segments: closed segments still in view, oldest first.
        pruned: how many segments have left the view at the front.
        growing: committed words of the segment that has not closed yet.
        interim: words that may still change.
        progress: how far the session is.
        language: the language last detected.
        heard_speech: whether speech ever started.
    """

    def __init__(self, layout: Layout | None = None) -> None:
        self._layout = layout or Layout()
        self.segments: deque[Segment] = deque()
        self.pruned = 0
        self.growing: list[Word] = []
        self.interim: tuple[Word, ...] = ()
        self.progress = Progress(0, 0, 0)
        self.language: str | None = None
        self.heard_speech = False
        self._next_id = 0
        self._last_end = 0

    @property
    def duration(self) -> int:
        """Samples received."""
        return self.progress.received

    @property
    def text(self) -> str:
        """All committed text in view, segments separated as their own words separate them."""
        closed = [segment.words for segment in self.segments]
        return joined(word for words in [*closed, tuple(self.growing)] for word in words)

    def apply(self, events: Iterable[Event]) -> None:
        """Take events in the order in which the session said them."""
        for event in events:
            match event:
                case Committed(words):
                    self.interim = ()
                    for word in words:
                        self._add(word)
                case Interim(words):
                    self.interim = words
                case SpeechStarted(at):
                    self.heard_speech = True
                    self._silence(at)
                case LanguageDetected(language):
                    self.language = language
                case Progress():
                    self.progress = event
                    self._close_after_pause()
                    self._prune()
                case Ended():
                    self.interim = ()
                    self._close()
                case _:
                    pass

    def _add(self, word: Word) -> None:
        if self.growing and self._breaks_before(word):
            self._close()
        self.growing.append(word)
        self._last_end = word.end
        if self._reads_as_sentence():
            self._close()

    def _breaks_before(self, word: Word) -> bool:
        first, last = self.growing[0], self.growing[-1]
        return (
            word.speaker != last.speaker
            or word.start - last.end >= self._layout.pause
            or word.end - first.start > self._layout.longest
        )

    def _reads_as_sentence(self) -> bool:
        if not ends_sentence(self.growing[-1].text):
            return False
        return sum(len(word.text) for word in self.growing) >= self._layout.readable

    def _close(self) -> None:
        """The growing segment is complete."""
        if not self.growing:
            return
        words, self.growing = tuple(self.growing), []
        self._append(
            Segment(
                self._next_id,
                words[0].start,
                words[-1].end,
                joined(words),
                words[0].speaker,
                main_language(words),
                words,
            )
        )

    def _append(self, segment: Segment) -> None:
        self.segments.append(segment)
        self._next_id += 1

    def _silence(self, until: int) -> None:
        """Speech begins: the pause before it is over, and known."""
        if until - self._last_end < self._layout.silence:
            return
        self._close()
        if self._next_id:
            self._append(Segment(self._next_id, self._last_end, until, None))
            self._last_end = until

    def _close_after_pause(self) -> None:
        quiet = self.progress.committed - self._last_end
        if self.growing and not self.interim and quiet >= self._layout.pause:
            self._close()

    def _prune(self) -> None:
        horizon = self.progress.received - self._layout.retention
        while self.segments and self.segments[0].end < horizon:
            self.segments.popleft()
            self.pruned += 1


def ends_sentence(text: str) -> bool:
    """Whether a word that is written like this is the last of its sentence."""
    return text.rstrip("\"'”’)»").endswith(SENTENCE_ENDS)  # noqa: RUF001


def joined(words: Iterable[Word]) -> str:
    """The text of consecutive words, without the space before the first."""
    return "".join(word.text for word in words).strip()


def main_language(words: Sequence[Word]) -> str | None:
    """The language most of the words are in."""
    languages = Counter(word.language for word in words if word.language)
    return languages.most_common(1)[0][0] if languages else None
