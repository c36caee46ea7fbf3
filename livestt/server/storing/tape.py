"""One session's audio on its way to its recording, off the event loop."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio
from anyio import get_cancelled_exc_class, to_thread
from anyio.lowlevel import RunVar

from livestt.engines import Samples
from livestt.events import Warned
from livestt.server.storing.recordings import NoRoom, Recordings
from livestt.timebase import from_seconds

EVERY = 1.0
"""Seconds between two writes: what a process that is killed loses of a recording."""
ENOUGH = from_seconds(5)
"""Samples that are written at once: a client may send much faster than people speak."""
MOST_WAITING = from_seconds(300)
"""Samples that wait for a slow disk; then the recording ends."""
LAST_SECONDS = 5.0
"""How long the end of a session waits for its last samples to be written."""
WRITERS = 2
"""Threads that write, for all sessions together."""

_writing: RunVar[anyio.CapacityLimiter] = RunVar("writing")

log = logging.getLogger(__name__)


class Tape:
    """Takes samples on the event loop, and has them written by a thread.

    Args:
        recordings: where to.
        session: its id.
        at: sample of the session that the first ones are.
        warn: told, once, when nothing more can be recorded.

    Attributes:
        running: whether the session is being recorded.
    """

    def __init__(
        self, recordings: Recordings, session: str, at: int, warn: Callable[[Warned], None]
    ) -> None:
        self.running = True
        self._recordings = recordings
        self._session = session
        self._at = at
        self._warn = warn
        self._waiting: list[Samples] = []
        self._samples = 0
        self._enough = anyio.Event()

    def receive(self, samples: Samples) -> None:
        """What the session hears, in order."""
        if self.running and len(samples):
            self._waiting.append(samples)
            self._samples += len(samples)
            if self._samples >= ENOUGH:
                self._enough.set()
            if self._samples > MOST_WAITING:
                self._stop("the disk of the recordings is too slow")

    async def run(self) -> None:
        """Write until cancelled, or until nothing more can be."""
        while self.running:
            with anyio.move_on_after(EVERY):
                await self._enough.wait()
            self._enough = anyio.Event()
            await self._write()

    async def finish(self, *, stored: bool) -> None:
        """Write the rest; a recording of nothing that was said is deleted.

        Args:
            stored: whether the store has written all there was to write of the session, so that it
                says whether there is a transcript; otherwise the next sweep finds that out.
        """
        with anyio.move_on_after(LAST_SECONDS):
            await self._write()
            if stored:
                await to_thread.run_sync(
                    self._recordings.keep_or_delete, self._session, abandon_on_cancel=True
                )
        self.running = False

    async def _write(self) -> None:
        if not (self.running and self._waiting):
            return
        pieces, self._waiting, count, self._samples = self._waiting, [], self._samples, 0
        at, self._at = self._at, self._at + count
        try:
            await to_thread.run_sync(
                self._recordings.write,
                self._session,
                at,
                pieces,
                abandon_on_cancel=True,
                limiter=_limiter(),
            )
        except get_cancelled_exc_class():
            # The thread may not have begun. Writing the same samples twice does no harm.
            self._at, self._waiting = at, pieces + self._waiting
            self._samples += count
            raise
        except (NoRoom, OSError) as error:
            self._stop(str(error))

    def _stop(self, reason: str) -> None:
        self.running = False
        self._waiting.clear()
        log.warning("session %s is no longer recorded: %s", self._session, reason)
        self._warn(Warned("recording_stopped", f"this session is recorded no further: {reason}"))


def _limiter() -> anyio.CapacityLimiter:
    try:
        return _writing.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(WRITERS)
        _writing.set(limiter)
        return limiter
