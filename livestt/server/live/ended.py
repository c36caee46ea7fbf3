"""The sessions that a viewer can follow, including one that has just ended: a viewer loses the
connection when a session moves, and may find it again only after its last word."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import anyio
from anyio import to_thread

from livestt.errors import LivesttError, StoreUnavailable, UnknownSession
from livestt.events import Warned
from livestt.limiters import looking
from livestt.pipeline import layout
from livestt.server.live.feed import Listener
from livestt.settings import Settings
from livestt.store import Store, StoredTranscript
from livestt.transcript import Layout, Transcript

PATIENCE = 3.0
"""Seconds for which the store is asked, of the ten that clients wait for a handshake."""
AGAIN = 1.0
"""Seconds for which the store's answer counts that a session has not ended."""
MOST = 1_000
"""Such answers kept."""
GONE = "there is no such session, or it is over"
UNREACHABLE = "the transcripts cannot be reached at the moment; try again shortly"


class Followed(Protocol):
    """A session, for those who read along; see `livestt.server.live.session.LiveSession`."""

    @property
    def id(self) -> str: ...
    @property
    def transcript(self) -> Transcript: ...
    @property
    def ended(self) -> anyio.Event: ...
    @property
    def failure(self) -> LivesttError | None: ...
    @property
    def trouble(self) -> Warned | None: ...
    @property
    def speakers(self) -> int: ...
    @property
    def recording(self) -> bool: ...
    @property
    def target_language(self) -> str | None: ...
    def watch(self, viewer: Listener) -> None: ...
    def unwatch(self, viewer: Listener) -> None: ...


class EndedSession:
    """A session that is over, as the store has it.

    Args:
        stored: its newest lines.
        lines: how lines are laid out.
    """

    def __init__(self, stored: StoredTranscript, lines: Layout) -> None:
        self.id = stored.row.id
        self.transcript = ended_view(stored, lines)
        self.ended = anyio.Event()
        self.ended.set()
        self.failure: LivesttError | None = None
        self.trouble: Warned | None = None
        self.speakers = max(
            (word.speaker or 0 for segment in stored.segments for word in segment.words), default=0
        )
        self.recording = False
        self.target_language: str | None = None

    def watch(self, viewer: Listener) -> None:
        """There is nothing more to tell."""

    def unwatch(self, viewer: Listener) -> None:
        """Nobody was told anything."""


def ended_view(stored: StoredTranscript, lines: Layout) -> Transcript:
    """The transcript as readers of the session saw it last. Pure."""
    row, segments = stored.row, stored.segments
    view = Transcript.resumed(
        lines,
        segments,
        (),
        next_id=segments[-1].id + 1 if segments else 0,
        words=row.words,
        at=row.received,
    )
    if any(segment.speaker is not None for segment in segments):
        view.diarized = row.received
    view.language = row.language
    view.apply(row.told)
    return view


class Endings:
    """Finds sessions that ended lately, whichever server they were on.

    Readers whose session is on its way to another server ask several times a second, just when the
    database is needed for taking sessions over; it is asked once a second for each.

    Args:
        store: None finds nothing.
        settings: say how long ago is lately: as long as a publisher may come back.
    """

    def __init__(self, store: Store | None, settings: Settings) -> None:
        self._store = store
        self._lines = layout(settings)
        self._grace = timedelta(seconds=settings.resume_seconds)
        self._asked: dict[str, float] = {}

    async def find(self, session_id: str) -> EndedSession:
        """The session with this id.

        Raises:
            UnknownSession: there is none that ended lately.
            StoreUnavailable: nobody can tell just now.
        """
        if self._store is None or not session_id or self._just_asked(session_id):
            raise UnknownSession(GONE)
        found: StoredTranscript | None = None
        with anyio.move_on_after(PATIENCE) as patience:
            found = await to_thread.run_sync(
                self._store.read_ended,
                session_id,
                self._grace,
                self._lines.retention,
                abandon_on_cancel=True,
                limiter=looking(),
            )
        if patience.cancelled_caught:
            raise StoreUnavailable(UNREACHABLE)
        if found is None:
            self._asked[session_id] = anyio.current_time()
            raise UnknownSession(GONE)
        return EndedSession(found, self._lines)

    def _just_asked(self, session_id: str) -> bool:
        """Whether it was no ended session a moment ago."""
        since = anyio.current_time() - AGAIN
        for asked, at in list(self._asked.items()):
            if at > since and len(self._asked) <= MOST:
                break
            del self._asked[asked]
        return session_id in self._asked
