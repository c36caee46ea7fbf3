"""Drives one session's speakers in asyncio: jobs to the schedulers, answers back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio import to_thread

from livestt.engines import Samples
from livestt.engines.tickets import when_done
from livestt.events import Event
from livestt.people import Told
from livestt.speakers import DiarizerJob
from livestt.speakers.diarization import Diarization, DiarizationOptions
from livestt.speakers.gate import Gate
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.scheduler import DiarizerScheduler, DiarizerTicket
from livestt.speakers.voice_driving import VoiceDriver

ANSWER_TIMEOUT = 60.0
"""Seconds after which a job counts as failed."""
LAST_ANSWER = 10.0
"""The same once the session is over but for its speakers."""

log = logging.getLogger(__name__)


class SpeakerDriver:
    """One session's speakers in motion. Make it with `drive_speakers`.

    Args:
        speakers: told the session's audio and events by the session's driver.
        scheduler: runs its jobs.
        gate: holds words back until their speaker is known; None lets speakers come later.
        patience: seconds without an answer after which words wait for no speaker.
        voices: recognises the speakers; None does not.
    """

    def __init__(
        self,
        speakers: Diarization,
        scheduler: DiarizerScheduler,
        gate: Gate | None = None,
        patience: float = ANSWER_TIMEOUT,
        voices: VoiceDriver | None = None,
    ) -> None:
        self.speakers = speakers
        self._voices = voices
        self._patience = patience
        self._gate = gate
        self._scheduler = scheduler
        self._changed = anyio.Event()
        self._ticket: DiarizerTicket | None = None

    def receive_audio(self, samples: Samples, probabilities: Iterable[float]) -> None:
        """Take decoded audio; see `Diarization.receive_audio`."""
        self.speakers.receive_audio(samples, probabilities)
        if self._voices is not None and not self.speakers.lost:
            self._voices.voices.receive_audio(samples)

    def flush(self) -> None:
        """Answer for everything received so far; see `Diarization.receive_flush`."""
        self.speakers.receive_flush()

    def follow(self, events: list[Event]) -> list[Event]:
        """The session's events with those of its speakers among them."""
        self._changed.set()
        if self._voices is None:
            events = self.speakers.follow(events)
        else:
            self.speakers.unread = self._voices.voices.reached
            events = self._voices.follow(self.speakers.follow(events), self.speakers.turns)
        return self._gate.follow(events) if self._gate else events

    def tell(self, event: Told) -> None:
        """Somebody knows more about the speakers."""
        if self._voices is not None:
            self._voices.voices.tell(event)

    def voice(self, speaker: int) -> HeardVoice | None:
        """What a speaker sounds like so far; None if that is not known."""
        return None if self._voices is None else self._voices.voices.voice(speaker)

    def is_behind(self, ahead: int) -> bool:
        """Whether more than ``ahead`` samples wait, beyond what the diarizer wants at once."""
        return self.speakers.lag > ahead + self._scheduler.engine.capabilities.step

    async def run(self, answered: Callable[[], None]) -> None:
        """Ask whatever there is to know, until the session has said its last.

        Args:
            answered: called on the event loop after every answer, and when one is late.
        """
        async with anyio.create_task_group() as tasks:
            if self._voices is not None:
                tasks.start_soon(self._voices.run, answered)
            while not self.speakers.done:
                self._changed = anyio.Event()
                job = self.speakers.next_job()
                if job is None:
                    await self._changed.wait()
                else:
                    await self._ask(job, answered)
                    answered()

    async def quiet(self) -> DiarizerTicket | None:
        """Make sure that no model is, or will be, at work for this session.

        Returns:
            The job at which the diarizer hangs; None if it does not.
        """
        if self._voices is not None:
            self._voices.withdraw()
        ticket = self._ticket
        if ticket is None or ticket.done or self._scheduler.withdraw(ticket):
            return None
        return None if await self._done(ticket, ANSWER_TIMEOUT) else ticket

    async def _ask(self, job: DiarizerJob, late: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()

        def done() -> None:
            loop.call_soon_threadsafe(self._wake)

        self._ticket = ticket = self._scheduler.submit(job, time.monotonic(), done)
        answered = await self._done(ticket, self._patience)
        if not answered:
            self.speakers.receive_delay()
            late()
            answered = await self._done(ticket, ANSWER_TIMEOUT - self._patience)
        if ticket.answer is not None:
            self.speakers.receive_activity(job, ticket.answer)
        elif answered or self._scheduler.withdraw(ticket):
            self.speakers.receive_failure(job, ticket.failure or "no turn for it came")
        else:
            waited = time.monotonic() - ticket.submitted
            self.speakers.give_up(f"no answer from the diarizer within {waited:.0f} s")

    def _wake(self) -> None:
        self._changed.set()

    async def _done(self, ticket: DiarizerTicket, within: float) -> bool:
        """Wait for an answer, not as long if the session waits for nothing else."""
        begun = anyio.current_time()
        while not ticket.done:
            limit = min(within, LAST_ANSWER) if self.speakers.ended else within
            with anyio.CancelScope(deadline=begun + limit) as patience:
                await self._changed.wait()
            if patience.cancelled_caught:
                break
            self._changed = anyio.Event()
        return ticket.done


@asynccontextmanager
async def drive_speakers(
    scheduler: DiarizerScheduler | None,
    options: DiarizationOptions,
    *,
    at_once: bool = False,
    patience: float = ANSWER_TIMEOUT,
    voices: VoiceDriver | None = None,
) -> AsyncIterator[SpeakerDriver | None]:
    """The speakers of one session: inside the block its driver may be run.

    Args:
        scheduler: the diarizer's; None where speakers are not told apart.
        options: thresholds and distances.
        at_once: whether words are committed only once their speaker is known.
        patience: seconds without an answer after which words wait for no speaker.
        voices: recognises the speakers; None does not.
    """
    if scheduler is None:
        yield None
        return
    diarizer = scheduler.engine
    stream = await to_thread.run_sync(diarizer.open)
    speakers = Diarization(stream, diarizer.capabilities, options)
    gate = Gate() if at_once else None
    driver = SpeakerDriver(speakers, scheduler, gate, patience, voices)
    try:
        yield driver
    finally:
        with anyio.CancelScope(shield=True):
            hung = await driver.quiet()
            if hung is None:
                await to_thread.run_sync(diarizer.release, stream)
            else:
                log.warning("a diarizer hangs; what it holds for a session is freed if it answers")
                when_done(hung, partial(diarizer.release, stream))
