"""The laws of events, checked on every event as it comes."""

from __future__ import annotations

from collections.abc import Iterable

from livestt.events import (
    Committed,
    Ended,
    Event,
    Flushed,
    Interim,
    LanguageDetected,
    Progress,
    SpeechEnded,
    SpeechStarted,
    UtteranceEnded,
    Warned,
    Word,
)


class LawBook:
    """Takes the events of one session in order; raises AssertionError at the first offence.

    Attributes:
        words: all committed words.
        flushes: ids asked for, oldest first; append to it before the session hears of them.
        speech: finished ``(start, end)`` of speech.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.words: list[Word] = []
        self.interim: tuple[Word, ...] = ()
        self.flushes: list[str | None] = []
        self.answered: list[str | None] = []
        self.speech: list[tuple[int, int]] = []
        self.warnings: list[Warned] = []
        self.progress = Progress(0, 0, 0)
        self.ended = False
        self._speaking: int | None = None
        self._utterances = 0
        self._clock = 0

    @property
    def text(self) -> list[str]:
        return [word.text for word in self.words]

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            assert not self.ended, f"{event} after Ended"
            self.events.append(event)
            self._check(event)

    def _check(self, event: Event) -> None:
        match event:
            case Committed(words):
                assert words, "an empty Committed"
                self.interim = ()
                self._in_order(words)
                self.words += words
            case Interim(words):
                assert words != self.interim, "an Interim that says nothing new"
                self._in_order(words)
                self.interim = words
            case SpeechStarted(at):
                assert self._speaking is None, "speech started twice"
                assert len(self.speech) == self._utterances, "the last utterance is not over"
                self._speaking = self._later(at)
            case SpeechEnded(at):
                assert self._speaking is not None, "speech ended twice"
                self.speech.append((self._speaking, self._later(at)))
                self._speaking = None
            case UtteranceEnded(start, end):
                self._utterances += 1
                assert self.speech[self._utterances - 1] == (start, end)
                assert not self.interim, "an utterance ended with words still open"
            case Flushed(flush_id):
                self.answered.append(flush_id)
                assert self.answered == self.flushes[: len(self.answered)]
            case Progress():
                self._check_progress(event)
            case Ended(at):
                self._check_end(at)
            case Warned():
                self.warnings.append(event)
            case LanguageDetected():
                pass

    def _check_progress(self, progress: Progress) -> None:
        before, self.progress = self.progress, progress
        assert progress != before
        assert progress.received >= progress.heard >= progress.committed >= 0
        assert progress.received >= before.received
        assert progress.heard >= before.heard
        assert progress.committed >= before.committed

    def _check_end(self, at: int) -> None:
        self.ended = True
        assert self.progress == Progress(at, at, at), "audio is unaccounted for"
        assert self.answered == self.flushes, "a flush was not answered"
        assert self._speaking is None
        assert self._utterances == len(self.speech)
        assert not self.interim

    def _in_order(self, words: Iterable[Word]) -> None:
        at = self.words[-1].end if self.words else 0
        for word in words:
            assert at <= word.start < word.end, f"{word} at {at}"
            at = word.end

    def _later(self, at: int) -> int:
        assert at >= self._clock, "speech goes back in time"
        self._clock = at
        return at
