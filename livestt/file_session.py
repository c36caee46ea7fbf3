"""A file from its first sample to its last word: audio and answers in, jobs and events out. Pure.

Like `livestt.session.Session` it has no clock, socket, thread or model, and it says the same
events. Unlike it, it is in no hurry: it asks about whole pieces (`livestt.chunking`), several at
the same time so that the engine can batch them, and commits them in the order of the file.

A language that is not named is learned first, one piece at a time; the rest of the file is then
asked about in that language. No answer depends on another one otherwise, so the transcript does
not depend on how fast or in what order the engine works.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from livestt.chunking import Chunker, Piece
from livestt.engines import Capabilities, Hypothesis, Job, Samples, StreamOptions
from livestt.events import (
    Ended,
    Event,
    LanguageDetected,
    SpeechEnded,
    SpeechStarted,
    UtteranceEnded,
    Warned,
    Word,
)
from livestt.report import Report
from livestt.ring import SampleBuffer
from livestt.session import MAX_FAILURES
from livestt.settling import believable
from livestt.timebase import from_seconds, to_seconds
from livestt.vad import Probabilities
from livestt.vad.endpointing import EndpointingOptions

MAX_HELD = from_seconds(600)
"""Audio kept at most before more is wanted: 38 MB."""
MAX_UNSURE = 3
"""Pieces after which the likeliest language is believed."""
SURE_LANGUAGE = 0.5
SURE_AUDIO = from_seconds(2)
"""Probability and length from which one piece settles the language."""
MIN_HALVED = from_seconds(4)
"""A shorter piece is not asked about again in two halves."""
PACK = from_seconds(5.4)
"""Utterances that together still fit the shortest window of a Whisper encoder go together."""


@dataclass(eq=False, slots=True)
class _Question:
    """A piece and what is known about it."""

    piece: Piece
    lane: int | None = None
    """Which stream must answer; None leaves the choice."""
    job: Job | None = None
    answer: Hypothesis | None = None
    failures: int = 0
    halved: bool = False

    @property
    def waits(self) -> bool:
        return self.job is None and self.answer is None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the engine said about a piece besides its words."""

    start: int
    end: int
    no_speech: float
    """How likely the engine thought that nothing was said, 0 to 1."""


class FileSession:
    """The transcription of one file.

    Args:
        streams: what the engine's ``open`` returned; as many jobs can be open at once.
        engine: the capabilities of the engine that will answer.
        options: language, task, prompt and hotwords.
        endpointing: when speech starts and ends.
        longest: most samples of one job.
        candidates: the languages to choose from if none is named; empty for all.
        pack: most samples of neighbouring utterances that go together; native engines gain
            nothing from that.

    Attributes:
        failure: why the file cannot be transcribed, once that is so.
        figures: of each piece, in order.
    """

    def __init__(
        self,
        streams: Sequence[Any],
        engine: Capabilities,
        options: StreamOptions,
        endpointing: EndpointingOptions,
        longest: int,
        candidates: Sequence[str] = (),
        pack: int = PACK,
    ) -> None:
        self._native = engine.streaming == "native"
        longest = min(longest, from_seconds(engine.max_window_seconds))
        self._chunker = Chunker(endpointing, longest, 0 if self._native else pack)
        self._streams = list(streams)
        self._idle = set(range(len(streams)))
        self._candidates = tuple(candidates)
        self._options = options
        if options.language is None and not engine.detects_language:
            self._options = replace(options, language=min(engine.languages))
        self._language = self._options.language
        self._guesses: list[tuple[float, str]] = []
        self._questions: deque[_Question] = deque()
        self._pieces = 0
        self._audio = SampleBuffer()
        self._report = Report()
        self._committed_end = 0
        self._ending = False
        self.failure: str | None = None
        self.figures: list[Figures] = []
        self.ended = False

    @property
    def received(self) -> int:
        """Samples received."""
        return self._audio.end

    @property
    def language(self) -> str | None:
        """The language asked for or detected, None while unknown."""
        return self._language

    @property
    def wants_audio(self) -> bool:
        """Whether more audio should be read now."""
        if self._ending or self._is_full:
            return False
        return self.waiting < len(self._streams)

    @property
    def _is_full(self) -> bool:
        return self._audio.end - self._audio.start > MAX_HELD

    @property
    def waiting(self) -> int:
        """Pieces that could be asked about."""
        return sum(question.waits for question in self._questions)

    def receive_audio(self, samples: Samples, probabilities: Probabilities) -> None:
        """Take decoded audio, as `livestt.session.Session.receive_audio`."""
        self._audio.append(samples)
        self._chunker.hear(samples, probabilities)
        self._advance()

    def receive_end(self) -> None:
        """No more audio will come. `Ended` follows once everything is committed."""
        self._ending = True
        self._chunker.close(self.received)
        self._advance()

    def next_job(self) -> Job | None:
        """The next question for the engine, or None if there is nothing to ask now."""
        busy = len(self._streams) - len(self._idle)
        if self.failure or not self._idle or (self._language is None and busy):
            return None
        for question in self._questions:
            if question.waits and (question.lane is None or question.lane in self._idle):
                return self._ask(question)
        return None

    def receive_hypothesis(self, job: Job, hypothesis: Hypothesis) -> None:
        """Take the engine's answer to an open job."""
        question = self._close(job)
        reason = hypothesis.rejected
        once = question.halved and reason != "too_long"
        if reason not in (None, "no_speech") and not once and self._halve(question):
            return
        question.answer = hypothesis
        if self._language is None:
            self._learn_language(question.piece, hypothesis)
        self._advance()

    def receive_failure(self, job: Job, reason: str) -> None:
        """The engine could not answer an open job; it is asked again a few times."""
        question = self._close(job)
        question.failures += 1
        if question.failures >= MAX_FAILURES:
            self.failure = (
                f"audio from {to_seconds(job.start)} s to {to_seconds(job.end)} s could not be "
                f"transcribed: {reason}"
            )

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        return self._report.take()

    def _ask(self, question: _Question) -> Job:
        lane = min(self._idle) if question.lane is None else question.lane
        self._idle.remove(lane)
        piece = question.piece
        question.job = Job(
            self._streams[lane],
            self._audio.slice(piece.start, piece.end),
            piece.start,
            final=True,
            options=replace(self._options, language=self._language),
        )
        question.lane = lane
        return question.job

    def _close(self, job: Job) -> _Question:
        for question in self._questions:
            if question.job is job:
                assert question.lane is not None
                self._idle.add(question.lane)
                question.job = None
                if not self._native:
                    question.lane = None
                return question
        raise ValueError("this is not an open job")

    def _halve(self, question: _Question) -> bool:
        """Ask once more about each half of a piece that the engine got lost in, or had more to say
        of than it can."""
        piece = question.piece
        if piece.end - piece.start < MIN_HALVED:
            return False
        halves = piece.halves(self._audio.slice(piece.start, piece.end))
        at = self._questions.index(question)
        self._questions.remove(question)
        for i, half in enumerate(halves):
            self._questions.insert(at + i, _Question(half, question.lane, halved=True))
        return True

    def _learn_language(self, piece: Piece, hypothesis: Hypothesis) -> None:
        """Believe a sure answer, or the likeliest of several that are not."""
        if hypothesis.language is None or not hypothesis.words:
            return
        if hypothesis.rejected is not None:
            return
        self._guesses.append((hypothesis.language_probability, hypothesis.language))
        sure = hypothesis.language_probability >= SURE_LANGUAGE
        if (sure and piece.end - piece.start >= SURE_AUDIO) or len(self._guesses) >= MAX_UNSURE:
            self._settle_language()

    def _settle_language(self) -> None:
        """From here on the language is known; pieces heard in another are asked about again."""
        allowed = [guess for guess in self._guesses if self._may_be(guess[1])]
        probability, language = max(allowed, default=(0.0, (*self._candidates, "")[0]))
        if not language:
            return
        self._language = language
        self._report.say(LanguageDetected(language, probability, self._committed_end))
        for question in self._questions:
            answer = question.answer
            if answer is not None and answer.words and answer.language != language:
                question.answer = None

    def _may_be(self, language: str) -> bool:
        return not self._candidates or language in self._candidates

    def _advance(self) -> None:
        """Bring everything up to date with what has been received or answered."""
        for piece in self._chunker.take():
            lane = self._pieces % len(self._streams) if self._native else None
            self._questions.append(_Question(piece, lane))
            self._pieces += 1
        last = (self._ending or self._is_full) and self._all_answered()
        if last and self._language is None and self._guesses:
            self._settle_language()
        known = self._language is not None or (last and self._all_answered())
        while self._questions and (answer := self._questions[0].answer) is not None:
            if not known and answer.words:
                break
            self._commit(self._questions.popleft())
        earliest = self._chunker.earliest
        held = self._questions[0].piece.start if self._questions else earliest
        self._audio.drop_before(min(held, earliest, self.received))
        done = self.received if self._ending and not self._questions else min(held, earliest)
        self._report.reach(self.received, done, done)
        if self._ending and not self._questions and not self.ended:
            self.ended = True
            self._report.say(Ended(self.received))

    def _all_answered(self) -> bool:
        return all(question.answer is not None for question in self._questions)

    def _commit(self, question: _Question) -> None:
        piece, answer = question.piece, question.answer
        assert answer is not None
        if not piece.overlaps:
            self._report.say(SpeechStarted(piece.start))
        self.figures.append(Figures(piece.start, piece.end, answer.details.get("no_speech", 0.0)))
        words = self._fresh(piece, answer.words) if self._usable(piece, answer) else ()
        if words:
            self._committed_end = words[-1].end
            self._report.settle(words, ())
        if piece.keep_until is None:
            self._report.say(SpeechEnded(piece.end), UtteranceEnded(piece.start, piece.end))

    def _usable(self, piece: Piece, answer: Hypothesis) -> bool:
        if answer.rejected == "no_speech" or not answer.words:
            return False
        if answer.rejected is not None:
            start, end = to_seconds(piece.start), to_seconds(piece.end)
            self._report.say(
                Warned("unclear", f"nothing certain was heard from {start} s to {end} s")
            )
            return False
        return piece.is_clear or believable(answer.words)

    def _fresh(self, piece: Piece, words: Sequence[Word]) -> tuple[Word, ...]:
        """The words that belong to this piece, in order and without overlap.

        A word is where its middle is. Whether the piece before wrote it is told by where that
        one's last word ends, so that times which differ a little neither double nor lose a word.
        """
        begun = self._committed_end
        fresh: list[Word] = []
        earliest = begun
        for word in words:
            middle = (word.start + word.end) // 2
            if piece.keep_until is not None and middle >= piece.keep_until:
                break
            if piece.overlaps and middle <= begun:
                continue
            start = max(min(word.start, piece.end - 1), earliest)
            earliest = max(min(word.end, piece.end), start + 1)
            fresh.append(replace(word, start=start, end=earliest))
        return tuple(fresh)


def no_speech_between(figures: Sequence[Figures], start: int, end: int) -> float:
    """The chance of no speech in the pieces that ``[start, end)`` touches; 0 if none is known."""
    touched = [f.no_speech for f in figures if f.start < end and f.end > start]
    return float(np.mean(touched)) if touched else 0.0
