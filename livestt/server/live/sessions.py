"""The live sessions of a server: how they start, how load eases them, and how all of them end.

Every dialect opens its sessions here, so the limits hold for all of them together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Protocol, Self, TypeVar

import anyio
from anyio.abc import TaskGroup

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.engines.scheduler import Scheduler
from livestt.people import Told
from livestt.pipeline import Manner, Pipeline
from livestt.server.access import asking
from livestt.server.live.admission import Admission
from livestt.server.live.ladder import Ladder, lateness
from livestt.server.live.session import LiveSession
from livestt.server.operations.tally import Tally
from livestt.server.storing.recordings import Recordings
from livestt.server.timing import Timing
from livestt.store import Resumed, Store

log = logging.getLogger(__name__)
_News = TypeVar("_News")

PATIENCE_PER_SESSION = 0.004
MOST_PATIENCE = 0.25
"""Seconds; see `LiveSession`."""


class Connection(Protocol):
    """A client's connection, of whatever dialect, as the server sees it when it stops."""

    def cut_short(self) -> None:
        """The server stops: say so, and send no more than what is transcribed already."""

    def cancel(self) -> None:
        """End at once."""


class Sessions:
    """Admits live sessions and runs them.

    Use as an async context manager: sessions run until they end or the block is left.

    Attributes:
        admission: who may open a session.
        ladder: the load, and how sessions give way to it.
        connections: clients that are connected now, see `connected`.
        tally: what the server has done.
        around: each session runs inside these, for its whole life.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        scheduler: Scheduler,
        timing: Timing,
        store: Store | None = None,
        recordings: Recordings | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.ladder = Ladder(native=pipeline.engine.streaming == "native")
        self.connections: set[Connection] = set()
        self.tally = tally or Tally()
        self.around: list[Callable[[LiveSession], AbstractContextManager[None]]] = []
        self._pipeline = pipeline
        self._scheduler = scheduler
        self._timing = timing
        self._store = store
        self._recordings = recordings
        self._running: dict[str, LiveSession] = {}
        self.admission = Admission(
            pipeline.settings.max_sessions, self._running.values(), self.ladder, self.tally
        )
        self._stack = AsyncExitStack()
        self._tasks: TaskGroup | None = None
        self._watching = anyio.CancelScope()

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        if self._store is not None:
            loop = asyncio.get_running_loop()
            self._store.listen(partial(_tell, loop, self._disown), partial(_tell, loop, self._say))
        self._tasks.start_soon(self._watch_load)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cancel_all()
        self._watching.cancel()
        await self._stack.__aexit__(kind, error, trace)

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[LiveSession]:
        """Those that run, oldest first."""
        return iter(self._running.values())

    @property
    def draining(self) -> bool:
        """Whether the server is about to stop."""
        return self.admission.draining

    def find(self, session_id: str) -> LiveSession | None:
        """The session with this id, if it runs."""
        return self._running.get(session_id)

    @property
    def latest(self) -> LiveSession | None:
        """The one that started last."""
        return next(reversed(self._running.values()), None)

    def open(
        self,
        audio: AudioFormat,
        options: StreamOptions,
        manner: Manner | None = None,
        *,
        grace: float = 0.0,
        resumed: Resumed | None = None,
    ) -> LiveSession:
        """Start a session. Somebody must `LiveSession.publish_to` a listener, or end it.

        Args:
            audio: what will be pushed.
            options: what is asked of the engine.
            manner: how the session differs from the settings.
            grace: seconds to wait for a publisher that was lost.
            resumed: how another process left it, see `livestt.server.live.returning`.

        Raises:
            LivesttError: there is no room, see `Admission.check_room`. A resumed session has left
                its server by now, and is admitted by any that does not stop.
        """
        if resumed is None:
            self.admission.check_room()
        else:
            self.admission.check_running()
        owner = asking.grant.get().name
        manner = replace(manner or Manner(), known=partial(self._pipeline.known, owner))
        session = LiveSession(
            self._pipeline,
            self._scheduler,
            audio,
            options,
            manner,
            grace=grace,
            patience=self._patience,
            level=self.ladder.level,
            count=self.tally.count("live"),
            store=self._store,
            owner=owner,
            resumed=resumed,
            recordings=self._recordings,
        )
        self._running[session.id] = session
        assert self._tasks is not None
        self._tasks.start_soon(self._host, session)
        return session

    @contextmanager
    def connected(self, connection: Connection) -> Iterator[None]:
        """Inside the block the connection is told when the server stops."""
        self.connections.add(connection)
        try:
            yield
        finally:
            self.connections.remove(connection)

    async def drain(self, hurry: Callable[[], bool]) -> None:
        """Admit nobody any more, and let the sessions that run say their last words.

        Args:
            hurry: asked often; True ends the wait.
        """
        self.admission.draining = True
        for session in list(self):
            session.hand_over()
        for connection in list(self.connections):
            connection.cut_short()
        with anyio.move_on_after(self._timing.drain):
            while (self.connections or self._running) and not hurry():  # noqa: ASYNC110 - a signal handler decides
                await anyio.sleep(0.05)
        if self._running:
            log.warning("%d sessions were ended before their last words", len(self))
        for connection in list(self.connections):
            connection.cancel()
        self._cancel_all()

    def _disown(self, lost: Mapping[str, int]) -> None:
        """These sessions were deleted, or are another server's by now; unless they have come back
        since, with another epoch."""
        for session in list(self):
            if lost.get(session.id) == session.epoch:
                session.disown()

    def _say(self, told: Mapping[str, Sequence[Told]]) -> None:
        """Other servers were told this of the speakers of sessions that run here."""
        for session_id, events in told.items():
            if session := self.find(session_id):
                session.learn(events)

    def _cancel_all(self) -> None:
        for session in list(self):
            session.cancel()

    async def _watch_load(self) -> None:
        """Read the load every second, and let sessions know when its rung changes; let no model
        that hangs keep its thread."""
        with self._watching:
            while True:
                await anyio.sleep(self._timing.load)
                for scheduler in (self._scheduler, *self._pipeline.other_schedulers):
                    scheduler.give_up_hung()
                if self._running:
                    late = lateness(self._scheduler.delay())
                    changed = self.ladder.observe(late, anyio.current_time())
                else:
                    changed = self.ladder.clear()
                if changed:
                    log.warning("%s", self.ladder.rung.message)
                    for session in self:
                        self._ease(session)

    def _ease(self, session: LiveSession) -> None:
        try:
            session.ease(self.ladder.level)
        except Exception:  # the top of a session: the others are eased all the same
            log.exception("session %s could not be told of the load", session.id)

    def _patience(self) -> float:
        """With more sessions each gathers more audio before it is heard."""
        return min(MOST_PATIENCE, PATIENCE_PER_SESSION * len(self))

    async def _host(self, session: LiveSession) -> None:
        try:
            with ExitStack() as stack:
                for enter in self.around:
                    stack.enter_context(enter(session))
                await session.run()
        except Exception:  # the top of a session: it fails alone
            log.exception("session %s failed outside its own work", session.id)
            session.give_up()
        finally:
            del self._running[session.id]


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[_News], None], news: _News) -> None:
    """Call this on the event loop, from another thread."""
    with suppress(RuntimeError):  # the loop is closed: the server has stopped
        loop.call_soon_threadsafe(what, news)
