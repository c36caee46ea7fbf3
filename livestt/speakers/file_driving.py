"""The speakers of a file: jobs to the diarizer's scheduler behind all live ones. Blocking."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from livestt.events import Event
from livestt.speakers import DiarizerJob
from livestt.speakers.diarization import Diarization, DiarizationOptions
from livestt.speakers.scheduler import DiarizerScheduler, DiarizerTicket
from livestt.timebase import from_seconds

LAST = 1e9
"""Added to a background job's deadline, which orders such jobs among themselves."""
AHEAD = from_seconds(120)
"""Audio to be heard beyond which a file is read no further."""

log = logging.getLogger(__name__)


class FileSpeakers:
    """Tells the speakers of one file apart.

    Args:
        scheduler: the diarizer's.
        options: thresholds, distances and the number of speakers.
        wake: called in another thread when something was answered.
    """

    def __init__(
        self, scheduler: DiarizerScheduler, options: DiarizationOptions, wake: Callable[[], None]
    ) -> None:
        self._scheduler = scheduler
        self._wake = wake
        self._limit = scheduler.engine.capabilities.answers_within
        self._stream = scheduler.engine.open()
        self._ticket: DiarizerTicket | None = None
        self._hung: DiarizerTicket | None = None  # given up; its late answer is of no use
        self.speakers = Diarization(self._stream, scheduler.engine.capabilities, options)

    @property
    def behind(self) -> bool:
        """Whether there is more to be heard than should be kept in memory."""
        return self.speakers.lag > AHEAD

    @property
    def answered(self) -> bool:
        """Whether there is an answer to take."""
        return self._ticket is not None and (self._ticket.done or self._hangs(self._ticket))

    def work(self) -> None:
        """Take the answer there is, and ask what there is to ask."""
        ticket = self._ticket
        if ticket is not None and self.answered:
            self._ticket = None
            self._deliver(ticket)
        if self._ticket is None and (job := self.speakers.next_job()) is not None:
            self._submit(job)

    def follow(self, events: list[Event]) -> list[Event]:
        """The file's events with those of its speakers among them."""
        return self.speakers.follow(events)

    def close(self) -> None:
        """Free the diarizer's stream, once it is not at work for it."""
        ticket = self._ticket or self._hung
        if ticket is not None and not (ticket.done or self._scheduler.withdraw(ticket)):
            while not (ticket.done or self._hangs(ticket)):
                time.sleep(0.02)
            if not ticket.done:
                log.warning("the diarizer hangs; what it holds for a file cannot be freed")
                return
        self._scheduler.engine.release(self._stream)

    def _submit(self, job: DiarizerJob) -> None:
        deadline = time.monotonic() + LAST
        self._ticket = self._scheduler.submit(job, deadline, self._wake, background=True)

    def _deliver(self, ticket: DiarizerTicket) -> None:
        if ticket.answer is not None:
            self.speakers.receive_activity(ticket.job, ticket.answer)
        elif ticket.failure is not None:
            self.speakers.receive_failure(ticket.job, ticket.failure)
        else:
            self._hung = ticket
            self.speakers.give_up(f"no answer from the diarizer within {self._limit:.0f} s")

    def _hangs(self, ticket: DiarizerTicket) -> bool:
        began = ticket.started
        return not ticket.done and began is not None and time.monotonic() - began > self._limit
