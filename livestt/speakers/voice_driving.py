"""Drives one session's voices in asyncio: jobs to the embedder's scheduler, answers back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import anyio

from livestt.events import Event
from livestt.speakers.embeddings import EmbedderJob
from livestt.speakers.identification import Identification
from livestt.speakers.scheduler import EmbedderScheduler, EmbedderTicket
from livestt.speakers.turns import Turns

ANSWER_TIMEOUT = 10.0
"""Seconds after which a job counts as failed."""


class VoiceDriver:
    """One session's voices in motion.

    Args:
        voices: told the session's audio and events by its speaker driver.
        scheduler: runs its jobs.
    """

    def __init__(self, voices: Identification, scheduler: EmbedderScheduler) -> None:
        self.voices = voices
        self._scheduler = scheduler
        self._ticket: EmbedderTicket | None = None
        self._changed = anyio.Event()

    def follow(self, events: list[Event], turns: Turns) -> list[Event]:
        """The session's events, speakers by person rather than by channel."""
        self._changed.set()
        return self.voices.follow(events, turns)

    async def run(self, answered: Callable[[], None]) -> None:
        """Ask the embedder whatever there is to know, until the session has said its last.

        Args:
            answered: called on the event loop after every answer.
        """
        while not self.voices.done:
            self._changed = anyio.Event()
            job = self.voices.next_job()
            if job is None:
                await self._changed.wait()
            else:
                await self._ask(job)
                answered()

    def withdraw(self) -> None:
        """Ask for nothing more. An embedder that is at work holds nothing of the session's."""
        if self._ticket is not None:
            self._scheduler.withdraw(self._ticket)

    async def _ask(self, job: EmbedderJob) -> None:
        loop = asyncio.get_running_loop()
        done = anyio.Event()

        def settle() -> None:
            loop.call_soon_threadsafe(done.set)

        self._ticket = ticket = self._scheduler.submit(job, time.monotonic(), settle)
        with anyio.move_on_after(ANSWER_TIMEOUT):
            await done.wait()
        if ticket.answer is not None:
            self.voices.receive_embedding(job, ticket.answer)
        elif ticket.done or self._scheduler.withdraw(ticket):
            self.voices.receive_failure(job, ticket.failure or "no turn for it came")
        else:
            self.voices.give_up(f"no answer from the embedder within {ANSWER_TIMEOUT:.0f} s")
