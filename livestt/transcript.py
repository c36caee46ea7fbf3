"""The transcript as a reader sees it: a fold of session events into segments.

A **segment** is a run of words of one speaker. It closes at a speaker change, a pause, the end
of a sentence once it is long enough to read, or after `Layout.longest` of speech. Closed
segments only grow in number, at their end (and are pruned at the front, so that memory is
bounded however long a session lasts); nothing of them ever changes but whose they are.

Where speakers are told apart, committed words wait until their speaker is known, and only then
become part of a segment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Interim,
    LanguageDetected,
    Progress,
    SpeakerNamed,
    SpeakerRecognized,
    SpeakerSeparated,
    SpeakersMerged,
    SpeechStarted,
    Translated,
    Voice,
    Word,
)
from livestt.people import People
from livestt.segments import Segment, joined, main_language, main_speaker
from livestt.timebase import from_seconds
from livestt.writing import columns, ends_sentence


@dataclass(frozen=True, slots=True)
class Layout:
    """When segments close. Samples, and columns of text."""

    pause: int = from_seconds(1.2)
    """Silence after a word that closes its segment."""
    readable: int = 40
    """Columns that make a finished sentence a segment of its own."""
    longest: int = from_seconds(15)
    """Speech in one segment."""
    silence: int = from_seconds(5)
    """A pause this long is a segment of its own."""
    retention: int = from_seconds(3600)
    """Closed segments that ended longer ago leave the live view."""


class Transcript:
    """What has been said so far.

    Args:
        layout: when segments close.
        next_id: id of the first segment to close.

    Attributes:
        next_id: id of the segment that closes next.
        translation: of the segment that has not closed yet, as far as it is known.
        segments: closed segments still in view, oldest first.
        pruned: how many segments have left the view at the front.
        growing: committed words of the segment that has not closed yet.
        waiting: committed words after those, whose speaker is not known yet.
        interim: words that may still change.
        progress: how far the session is.
        diarized: sample up to which it is known who speaks; None if speakers are not told apart.
        people: the names of the speakers, and which of them are one person.
        revisions: how often closed segments changed: were given to other people, or translated.
        language: the language last detected.
        heard_speech: whether speech ever started.
    """

    def __init__(self, layout: Layout | None = None, next_id: int = 0) -> None:
        self._layout = layout or Layout()
        self.segments: deque[Segment] = deque()
        self.pruned = next_id
        self.growing: list[Word] = []
        self.waiting: deque[Word] = deque()
        self.interim: tuple[Word, ...] = ()
        self.progress = Progress(0, 0, 0)
        self.diarized: int | None = None
        self.people = People()
        self.revisions = 0
        self.translation: Translated | None = None
        self.language: str | None = None
        self.heard_speech = False
        self.next_id = next_id
        self._last_end = 0
        self._voices: deque[int | None] = deque()  # of the words of all segments, then of growing
        self._attributed = 0
        self._pauses: deque[tuple[int, int]] = deque()  # behind so many words, until this sample

    @classmethod
    def resumed(
        cls,
        layout: Layout,
        segments: Iterable[Segment],
        growing: Iterable[Word],
        *,
        next_id: int,
        words: int,
        at: int,
        last_end: int = 0,
        waiting: Iterable[Word] = (),
    ) -> Self:
        """A transcript as another process left it.

        Args:
            layout: when segments close.
            segments: closed ones that are to be in view, oldest first.
            growing: committed words after the last closed segment, whose speaker is known or never
                will be.
            next_id: id of the next segment to close.
            words: how many words have been committed in all.
            at: sample from which it goes on.
            last_end: sample where the last word or segment ends, in view or not.
            waiting: committed words after ``growing``, whose speaker is yet to be told.
        """
        self = cls(layout, next_id)
        self.segments.extend(segments)
        self.pruned = next_id - len(self.segments)
        for segment in self.segments:
            self._voices.extend(word.speaker for word in segment.words)
            self._last_end = segment.end
        for word in growing:
            self._voices.append(word.speaker)
            self._add(word)
        self.waiting.extend(waiting)
        self._attributed = words - len(self.waiting)
        self.diarized = at if self.waiting else None
        self._last_end = max(self._last_end, last_end)
        self.heard_speech = words > 0
        self.progress = Progress(at, at, at)
        return self

    @property
    def duration(self) -> int:
        """Samples received."""
        return self.progress.received

    @property
    def text(self) -> str:
        """All committed text in view, segments separated as their own words separate them."""
        closed = [segment.words for segment in self.segments]
        return joined(word for words in [*closed, self.growing, self.waiting] for word in words)

    def apply(self, events: Iterable[Event]) -> None:
        """Take events in the order in which the session said them."""
        for event in events:
            match event:
                case Committed(words):
                    self._commit(words)
                case Interim(words):
                    self.interim = words
                case SpeechStarted(at):
                    self.heard_speech = True
                    self._pause(at)
                case LanguageDetected(language):
                    self.language = language
                case Progress():
                    self.progress = event
                    self._close_after_pause()
                    self._prune()
                case Diarized(at):
                    self.diarized = at
                case Attributed(first, voices):
                    self._attribute(first, voices)
                case SpeakerNamed() | SpeakerRecognized() | SpeakersMerged() | SpeakerSeparated():
                    if self.people.apply(event):
                        self._revise()
                case Translated():
                    self._translate(event)
                case Ended(_, left):
                    self.interim = left
                    self._close()
                case _:
                    pass

    def _commit(self, words: Sequence[Word]) -> None:
        self.interim = ()
        self.waiting += words
        if self.diarized is None:
            self._take([Voice(word.speaker, word.over) for word in words])

    def _attribute(self, first: int, voices: Sequence[Voice]) -> None:
        known = max(0, self._attributed - first)
        if known:
            self._correct(first, voices[:known])
        self._take(voices[known:])
        self._close_after_pause()

    def _take(self, voices: Sequence[Voice]) -> None:
        """The speakers of the first words that wait."""
        for voice in voices:
            self._attributed += 1
            self._voices.append(voice.speaker)
            word = self.waiting.popleft()
            self._add(replace(word, speaker=self.people.person(voice.speaker), over=voice.over))
            while self._pauses and self._pauses[0][0] == self._attributed:
                self._silence(self._pauses.popleft()[1])

    def _correct(self, first: int, voices: Sequence[Voice]) -> None:
        """Words that have a speaker have another one after all."""
        start = self._attributed - len(self._voices)
        for number, voice in enumerate(voices, first):
            if number >= start:
                self._voices[number - start] = voice.speaker
        self._revise(first, dict(enumerate(voices, first)))

    def _revise(self, first: int = 0, voices: Mapping[int, Voice] | None = None) -> None:
        """Bring segments up to date with whose the words are, from word number ``first`` on.

        The newest come first: corrections are about them, and there may be an hour of others.
        """
        number = self._attributed - len(self.growing)
        growing, self.growing = self.growing, []
        newest = self._belonging(number, growing, voices or {})
        for i in range(len(self.segments) - 1, -1, -1):
            if number <= first:
                break
            segment = self.segments[i]
            number -= len(segment.words)
            words = self._belonging(number, segment.words, voices or {})
            if words != segment.words:
                self.segments[i] = replace(segment, words=words, speaker=main_speaker(words))
                self.revisions += 1
        for word in newest:
            self._add(word)

    def _belonging(
        self, first: int, words: Sequence[Word], voices: Mapping[int, Voice]
    ) -> tuple[Word, ...]:
        """These words, of which the first has this number, as those of whoever says them."""
        start = self._attributed - len(self._voices)
        told = []
        for number, word in enumerate(words, first):
            over = voices[number].over if number in voices else word.over
            told.append(_belonging(word, self.people.person(self._voices[number - start]), over))
        return tuple(told)

    def _pause(self, until: int) -> None:
        """Speech begins; the pause before it is a segment once the words before it are."""
        if self.waiting:
            self._pauses.append((self._attributed + len(self.waiting), until))
        else:
            self._silence(until)

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
        return sum(columns(word.text) for word in self.growing) >= self._layout.readable

    def _translate(self, event: Translated) -> None:
        place = event.line - self.pruned
        translation = event if event.text else None
        if event.line == self.next_id:
            self.translation = translation
        elif 0 <= place < len(self.segments):
            self.segments[place] = replace(self.segments[place], translation=translation)
            self.revisions += 1

    def _close(self) -> None:
        """The growing segment is complete."""
        if not self.growing:
            return
        words, self.growing = tuple(self.growing), []
        self._append(
            Segment(
                self.next_id,
                words[0].start,
                words[-1].end,
                joined(words),
                main_speaker(words),
                main_language(words),
                words,
                self.translation,  # of its beginning; that of the whole follows
            )
        )

    def _append(self, segment: Segment) -> None:
        self.segments.append(segment)
        self.translation = None
        self.next_id += 1

    def _silence(self, until: int) -> None:
        """Speech begins: the pause before it is over, and known."""
        if until - self._last_end < self._layout.silence:
            return
        self._close()
        if self.next_id:
            self._append(Segment(self.next_id, self._last_end, until, None))
            self._last_end = until

    def _close_after_pause(self) -> None:
        quiet = self.progress.committed - self._last_end
        if self.growing and not (self.interim or self.waiting) and quiet >= self._layout.pause:
            self._close()

    def _prune(self) -> None:
        horizon = self.progress.received - self._layout.retention
        while self.segments and self.segments[0].end < horizon:
            for _ in self.segments.popleft().words:
                self._voices.popleft()
            self.pruned += 1


def _belonging(word: Word, person: int | None, over: tuple[int, ...]) -> Word:
    """The word with this speaker; the same object if that is nothing new."""
    if (word.speaker, word.over) == (person, over):
        return word
    return replace(word, speaker=person, over=over)
