"""The speakers of a file: jobs to the schedulers, behind all live ones. Blocking."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic, TypeVar

from livestt.engines import Samples
from livestt.engines.scheduler import SchedulerOf
from livestt.engines.tickets import LAST, TicketOf, hangs, when_done
from livestt.events import Event
from livestt.speakers import Activity, DiarizerJob
from livestt.speakers.diarization import Diarization, DiarizationOptions
from livestt.speakers.embeddings import EmbedderJob, Embedding
from livestt.speakers.identification import Identification
from livestt.speakers.scheduler import DiarizerScheduler, EmbedderScheduler
from livestt.timebase import from_seconds

VOICE_TIMEOUT = 60.0
"""Seconds after which a job that the embedder has started counts as failed."""
PARTING = 60.0
"""Seconds that a file which nobody waits for any more waits for a model at work for it."""
AHEAD = from_seconds(120)
"""Audio to be heard beyond which a file is read no further."""
MOST_PIECES = 64
"""Pieces of speech whose voice is to be compared, beyond which a file is read no further."""

J = TypeVar("J")
A = TypeVar("A")

log = logging.getLogger(__name__)


class _Jobs(Generic[J, A]):
    """One stage's jobs, one at a time.

    Args:
        scheduler: runs them.
        wake: called in another thread when one was answered.
        limit: seconds after which a job that the model has started counts as failed.
    """

    def __init__(
        self, scheduler: SchedulerOf[J, A], wake: Callable[[], None], limit: float
    ) -> None:
        self._scheduler = scheduler
        self._wake = wake
        self.limit = limit
        self._ticket: TicketOf[J, A] | None = None
        self._hung: TicketOf[J, A] | None = None  # given up; its late answer is of no use

    @property
    def free(self) -> bool:
        return self._ticket is None

    @property
    def answered(self) -> bool:
        return self._ticket is not None and (self._ticket.done or self._hangs(self._ticket))

    def ask(self, job: J) -> None:
        deadline = time.monotonic() + LAST
        self._ticket = self._scheduler.submit(job, deadline, self._wake, background=True)

    def take(self) -> TicketOf[J, A] | None:
        """The job that was answered, failed or hangs."""
        if not self.answered:
            return None
        ticket, self._ticket = self._ticket, None
        if ticket is not None and not ticket.done:
            self._hung = ticket
        return ticket

    def quiet(self) -> TicketOf[J, A] | None:
        """Make sure that the model is not, and will not be, at work; the job at which it still is
        after a while."""
        ticket = self._ticket or self._hung
        if ticket is None or ticket.done or self._scheduler.withdraw(ticket):
            return None
        end = time.monotonic() + PARTING
        while not (ticket.done or self._hangs(ticket)) and time.monotonic() < end:
            time.sleep(0.02)
        return None if ticket.done else ticket

    def _hangs(self, ticket: TicketOf[J, A]) -> bool:
        return hangs(ticket, self.limit)


class FileSpeakers:
    """Tells the speakers of one file apart.

    Args:
        scheduler: the diarizer's.
        options: thresholds, distances and the number of speakers.
        wake: called in another thread when something was answered.
        voices: recognises the speakers, and the embedder's scheduler; None does not.
    """

    def __init__(
        self,
        scheduler: DiarizerScheduler,
        options: DiarizationOptions,
        wake: Callable[[], None],
        voices: tuple[Identification, EmbedderScheduler] | None = None,
    ) -> None:
        self._diarizer = scheduler.engine
        self._stream = scheduler.engine.open()
        self.speakers = Diarization(self._stream, scheduler.engine.capabilities, options)
        self._jobs: _Jobs[DiarizerJob, Activity] = _Jobs(
            scheduler, wake, scheduler.engine.capabilities.answers_within
        )
        self.voices = None if voices is None else voices[0]
        """What recognises the speakers, if anything does."""
        self._voice_jobs: _Jobs[EmbedderJob, Embedding] | None = None
        if voices is not None:
            self._voice_jobs = _Jobs(voices[1], wake, VOICE_TIMEOUT)

    @property
    def behind(self) -> bool:
        """Whether there is more to be heard than should be kept in memory."""
        pieces = 0 if self.voices is None else self.voices.waiting
        return self.speakers.lag > AHEAD or pieces > MOST_PIECES

    @property
    def answered(self) -> bool:
        """Whether there is an answer to take."""
        voice = self._voice_jobs is not None and self._voice_jobs.answered
        return self._jobs.answered or voice

    @property
    def done(self) -> bool:
        """Whether the last event has been said."""
        return self.speakers.done and (self.voices is None or self.voices.done)

    def receive_audio(self, samples: Samples, probabilities: Iterable[float]) -> None:
        """Take decoded audio; see `Diarization.receive_audio`."""
        self.speakers.receive_audio(samples, probabilities)
        if self.voices is not None and not self.speakers.lost:
            self.voices.receive_audio(samples)

    def receive_end(self) -> None:
        """No more audio will come."""
        self.speakers.receive_end()

    def work(self) -> None:
        """Take the answers there are, and ask what there is to ask."""
        ticket = self._jobs.take()
        if ticket is not None:
            self._deliver(ticket)
        if self._jobs.free and (job := self.speakers.next_job()) is not None:
            self._jobs.ask(job)
        if self._voice_jobs is not None and self.voices is not None:
            self._compare(self._voice_jobs, self.voices)

    def follow(self, events: list[Event]) -> list[Event]:
        """The file's events with those of its speakers among them."""
        if self.voices is None:
            return self.speakers.follow(events)
        self.speakers.unread = self.voices.reached
        told = self.voices.follow(self.speakers.follow(events), self.speakers.turns)
        self._ask_voices()  # what was gathered just now: nobody may come back otherwise
        return told

    def close(self) -> None:
        """Free the diarizer's stream, once no model is at work for it."""
        if self._voice_jobs is not None:
            self._voice_jobs.quiet()
        hung = self._jobs.quiet()
        if hung is None:
            self._diarizer.release(self._stream)
        else:
            log.warning("the diarizer does not stop; what it holds for a file is freed if it does")
            when_done(hung, partial(self._diarizer.release, self._stream))

    def _deliver(self, ticket: TicketOf[DiarizerJob, Activity]) -> None:
        if ticket.answer is not None:
            self.speakers.receive_activity(ticket.job, ticket.answer)
        elif ticket.failure is not None:
            self.speakers.receive_failure(ticket.job, ticket.failure)
        else:
            self.speakers.give_up(f"no answer from the diarizer within {self._jobs.limit:.0f} s")

    def _compare(self, jobs: _Jobs[EmbedderJob, Embedding], voices: Identification) -> None:
        ticket = jobs.take()
        if ticket is not None and ticket.answer is not None:
            voices.receive_embedding(ticket.job, ticket.answer)
        elif ticket is not None and ticket.failure is not None:
            voices.receive_failure(ticket.job, ticket.failure)
        elif ticket is not None:
            voices.give_up(f"no answer within {VOICE_TIMEOUT:.0f} s")
        self._ask_voices()

    def _ask_voices(self) -> None:
        jobs, voices = self._voice_jobs, self.voices
        if jobs is None or voices is None or not jobs.free:
            return
        if (job := voices.next_job()) is not None:
            jobs.ask(job)
