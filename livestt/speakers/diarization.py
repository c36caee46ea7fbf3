"""The speakers of one session, sans-IO: audio, words and activity in, jobs and events out.

Its owner calls

- `receive_audio`, `receive_flush` and `receive_end` with what the session receives,
- `next_job` to learn what to ask the diarizer, and `receive_activity` or `receive_failure` with
  the answer, or `receive_delay` while there is none; at most one job is open at a time,
- `follow` with the session's events, also with none after an answer: it gives them back with the
  speakers' own among them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from livestt.engines import Samples
from livestt.events import (
    Attributed,
    Committed,
    Diarized,
    Ended,
    Event,
    Flushed,
    Progress,
    Voice,
    Warned,
    Word,
)
from livestt.speakers import Activity, DiarizerCapabilities, DiarizerJob, SpeakerCount
from livestt.speakers.alignment import Alignment, AlignmentOptions
from livestt.speakers.counting import counted
from livestt.speakers.listening import Listening
from livestt.speakers.turns import TurnOptions, Turns
from livestt.timebase import from_seconds
from livestt.vad.endpointing import EndpointingOptions

MAX_FAILURES = 3
"""Failures in a row after which a session goes on without speakers, and says so."""
MEMORY = from_seconds(5)
"""Turns older than this before the oldest word that waits are forgotten."""


@dataclass(frozen=True, slots=True)
class DiarizationOptions:
    """How one session tells its speakers apart."""

    turns: TurnOptions = field(default_factory=TurnOptions)
    alignment: AlignmentOptions = field(default_factory=AlignmentOptions)
    endpointing: EndpointingOptions | None = None
    """When there is speech to be heard; None for the defaults."""
    count: SpeakerCount | None = None
    """How many speakers there are; they are then told apart once everything has been heard."""
    waiting: Sequence[Word] = ()
    """Words that were committed before this began, and are heard here; numbers count from them."""


class Diarization:
    """Who speaks in one session, and whose its words are.

    Args:
        stream: what the diarizer's ``open`` returned; passed through in jobs.
        diarizer: the capabilities of the diarizer that will answer.
        options: thresholds and distances.

    Attributes:
        done: whether the last event has been said; no job or answer can follow.
        unread: sample from which on somebody else still needs the turns; None for nobody.
    """

    def __init__(
        self, stream: Any, diarizer: DiarizerCapabilities, options: DiarizationOptions | None = None
    ) -> None:
        options = options or DiarizationOptions()
        patience = options.alignment.patience + diarizer.latency
        self._stream = stream
        self._listening = Listening(diarizer, options.endpointing)
        self._turns = Turns(options.turns)
        self._onset = options.turns.onset
        self._count = options.count
        self._heard: list[tuple[int, Activity]] = []
        self._alignment = Alignment(replace(options.alignment, patience=patience))
        self._progress = Progress(0, 0, 0)
        self._open_job: DiarizerJob | None = None
        self._failures = 0
        self._lost = False
        self._late = False
        self._words = len(options.waiting)
        self._alignment.receive(options.waiting)
        self._flushes: deque[int] = deque()
        """Of flushes that the session has not answered: what must have been heard."""
        self._behind: deque[int | tuple[Word, ...]] = deque()
        """The same of flushes that it has answered, and words committed after them."""
        self._news: list[Event] = []
        self._said: int | None = None
        self._ended: Ended | None = None
        self.unread: int | None = None
        self.done = False

    @property
    def turns(self) -> Turns:
        """Who speaks when, as far as it is known and not forgotten."""
        return self._turns

    @property
    def lag(self) -> int:
        """Samples to be heard that the diarizer has not answered for."""
        return 0 if self._lost else self._listening.unheard

    @property
    def lost(self) -> bool:
        """Whether the diarizer was given up: nothing more becomes known of who speaks."""
        return self._lost

    @property
    def ended(self) -> bool:
        """Whether the session has said its last, but for its speakers."""
        return self._ended is not None

    def receive_audio(self, samples: Samples, probabilities: Iterable[float]) -> None:
        """Take decoded audio.

        Args:
            samples: float32 ``[n]`` at 16 kHz.
            probabilities: ``[ceil(n / 512)]``, the chance of speech in each 512 samples.
        """
        if not self._lost:
            self._listening.receive(samples, probabilities)

    def receive_flush(self) -> None:
        """Find out who said the words so far, although no more audio may come.

        The session answers each flush with `Flushed`.
        """
        if not self._lost:
            self._flushes.append(self._listening.flush())

    def receive_end(self) -> None:
        """No more audio will come."""
        self._listening.end()

    def next_job(self) -> DiarizerJob | None:
        """The next question for the diarizer, or None if there is nothing to ask yet."""
        if self._lost or self._open_job is not None:
            return None
        asked = self._listening.next()
        if asked is not None:
            audio, final = asked
            self._open_job = DiarizerJob(self._stream, audio, final, self._count)
        return self._open_job

    def receive_activity(self, job: DiarizerJob, activity: Activity) -> None:
        """Take the diarizer's answer to the open job."""
        self._close(job)
        self._failures, self._late = 0, False
        self._listening.heard(len(job.audio), last=job.final)
        start, probabilities = self._listening.place(activity)
        if len(probabilities) and self._count is not None:
            self._heard.append((start, replace(activity, probabilities=probabilities)))
        elif len(probabilities):
            self._turns.receive(probabilities, start, activity.frame)

    def receive_failure(self, job: DiarizerJob, reason: str) -> None:
        """The diarizer could not answer the open job; it is asked again a few times."""
        self._close(job)
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            self.give_up(reason)

    def receive_delay(self) -> None:
        """The answer to the open job is late: until it comes, words wait for no speaker."""
        self._late = True

    def give_up(self, reason: str) -> None:
        """Go on without speakers: no answer will come any more."""
        self._open_job = None
        self._lost = True
        self._turns.finish()
        self._news += self._turns.take()
        self._let_words_by(all_of_them=True)
        self._news += self._alignment.give_up()
        self._news.append(
            Warned("diarization_error", f"speakers are no longer told apart: {reason}")
        )

    def follow(self, events: Iterable[Event]) -> list[Event]:
        """The session's events with those of its speakers among them, `Ended` still last."""
        said: list[Event] = [] if self._said is not None else [Diarized(0)]
        self._said = self._said or 0
        for event in events:
            match event:
                case Committed(words):
                    said.append(event)
                    if self._lost:
                        said.append(Attributed(self._words, (Voice(None),) * len(words)))
                    elif self._behind:
                        self._behind.append(words)
                    else:
                        self._alignment.receive(words)
                    self._words += len(words)
                case Flushed():
                    said.append(event)
                    if self._flushes and not self._lost:
                        self._behind.append(self._flushes.popleft())
                case Ended():
                    self._ended = event
                case _:
                    if isinstance(event, Progress):
                        self._progress = event
                    said.append(event)
        said += self._advance()
        return said

    def _advance(self) -> list[Event]:
        """Everything that can be said of the speakers now."""
        said, self._news = self._news, []
        if not self._lost:
            if self._open_job is None and self._count is None:
                self._turns.skip(self._listening.silent_until)
            finished = self._ended is not None and self._listening.done
            if finished:
                self._recount()
                self._turns.finish()
            said += self._turns.take()
            received, committed = self._progress.received, self._progress.committed
            said += self._answer_flushes(committed, received, finished)
            said += self._alignment.decide(
                self._turns, committed, received, finished=finished, late=self._late
            )
            unread = received if self.unread is None else self.unread
            waiting = self._alignment.start or self._first_behind() or committed
            self._turns.forget(min(waiting, unread) - MEMORY)
        known = self._progress.received if self._is_complete() else self._turns.settled
        if self._said is not None and known > self._said:
            self._said = min(known, self._progress.received)
            said.append(Diarized(self._said))
        if self._ended is not None and self._is_complete() and not self.done:
            self.done = True
            said.append(self._ended)
        return said

    def _answer_flushes(self, committed: int, received: int, finished: bool) -> list[Attributed]:
        """Give out the words before flushes for whose audio there are answers."""
        said: list[Attributed] = []
        while self._behind:
            self._let_words_by(all_of_them=self._late)
            heard = self._behind[0] if self._behind else None
            if not isinstance(heard, int) or not (finished or self._listening.given >= heard):
                break
            said += self._alignment.decide(self._turns, committed, received, finished=True)
            self._behind.popleft()
        return said

    def _let_words_by(self, *, all_of_them: bool) -> None:
        """Words behind no flush any more go on to the turns."""
        while self._behind and (all_of_them or not isinstance(self._behind[0], int)):
            first = self._behind.popleft()
            if not isinstance(first, int):
                self._alignment.receive(first)

    def _first_behind(self) -> int | None:
        """First sample of the oldest word behind a flush."""
        return next((some[0].start for some in self._behind if not isinstance(some, int)), None)

    def _recount(self) -> None:
        """Everything has been heard: tell as many speakers apart as there are."""
        if self._count is None or not self._heard:
            return
        heard, self._heard = self._heard, []
        frame = heard[0][1].frame
        pieces = [activity.probabilities for _, activity in heard]
        fitted = counted(pieces, frame, self._onset, self._count)
        for (start, _), piece in zip(heard, fitted, strict=True):
            self._turns.receive(piece, start, frame)

    def _is_complete(self) -> bool:
        return self._lost or self._listening.done

    def _close(self, job: DiarizerJob) -> None:
        if job is not self._open_job:
            raise ValueError("this is not the open job")
        self._open_job = None
