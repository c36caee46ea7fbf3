"""Drives one session's translation in asyncio: jobs to the translator's scheduler, answers back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import anyio

from livestt.engines.scheduler import SchedulerOf
from livestt.engines.tickets import TicketOf
from livestt.events import Event
from livestt.translation import TranslationJob, Translator
from livestt.translation.translating import Translation

ANSWER_TIMEOUT = 30.0
"""Seconds after which a translator counts as hanging."""

TranslatorTicket: TypeAlias = TicketOf[TranslationJob, str]


class TranslatorScheduler(SchedulerOf[TranslationJob, str]):
    """Runs the jobs of all sessions on one translator."""

    engine: Translator

    def __init__(self, translator: Translator) -> None:
        super().__init__(translator)


class TranslationDriver:
    """One session's translation in motion.

    Args:
        translation: told the session's events here.
        scheduler: runs its jobs.
        forward: called on the event loop with every batch of events, in order.
    """

    def __init__(
        self,
        translation: Translation,
        scheduler: TranslatorScheduler,
        forward: Callable[[list[Event]], None],
    ) -> None:
        self._translation = translation
        self._scheduler = scheduler
        self._forward = forward
        self._changed = anyio.Event()
        self._ticket: TranslatorTicket | None = None

    def aim(self, source: str | None, target: str | None) -> None:
        """Out of and into which language to translate what is said from now on.

        Args:
            source: language that is spoken; None leaves it to the engine.
            target: a language of the translator's; None translates nothing.
        """
        self._translation.aim(source, target)
        self._pass_on(self._translation.take_events())
        self._changed.set()

    def receive_events(self, events: Sequence[Event]) -> None:
        """What the session says, in order; passed on at once, but for its end."""
        self._pass_on(self._translation.follow(events))
        self._changed.set()

    async def run(self) -> None:
        """Ask whatever there is to ask, until the session has ended; let it end in any case."""
        try:
            while not self._translation.done:
                self._changed = anyio.Event()
                job = self._translation.next_job()
                if job is None:
                    self._pass_on(self._translation.take_events())
                    if not self._translation.done:
                        await self._changed.wait()
                while job is not None:
                    job = await self._ask(job)
                    self._pass_on(self._translation.take_events())
        finally:
            if self._ticket is not None:
                self._scheduler.withdraw(self._ticket)

    async def _ask(self, job: TranslationJob) -> TranslationJob | None:
        """Get one job answered; what to ask again at once, if it failed."""
        loop = asyncio.get_running_loop()
        done = anyio.Event()

        def settle() -> None:
            loop.call_soon_threadsafe(done.set)

        self._ticket = ticket = self._scheduler.submit(job, time.monotonic(), settle)
        with anyio.move_on_after(ANSWER_TIMEOUT):
            await done.wait()
        if isinstance(ticket.answer, str):
            self._translation.receive_translation(job, _storable(ticket.answer))
        elif ticket.done or self._scheduler.withdraw(ticket):
            return self._translation.receive_failure(job)
        else:
            self._translation.give_up()
        return None

    def _pass_on(self, events: list[Event]) -> None:
        if events:
            self._forward(events)


def _storable(text: str) -> str:
    """Without halves of characters, which neither a database nor a socket takes."""
    return text.encode(errors="replace").decode()
