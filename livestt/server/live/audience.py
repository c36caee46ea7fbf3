"""The listeners of a live session: what they are told, and how often."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from livestt.errors import LivesttError
from livestt.events import Diarized, Event, Progress
from livestt.server.live.feed import Feed, Listener
from livestt.timebase import from_ms

log = logging.getLogger(__name__)

PROGRESS_STEP = from_ms(400)
"""Audio after which clients are told how far the session is, when there is no other news."""
BUG = "the session failed; the server's log says why"


class Audience:
    """Whoever feeds a session, and the viewers who read along.

    Args:
        session_id: for the log.
        feed: knows who feeds it.
        told: how far everybody knows the session to be.
        orphan: called when what feeds the session has a bug.
    """

    def __init__(
        self, session_id: str, feed: Feed, told: Progress, orphan: Callable[[], None]
    ) -> None:
        self._session_id = session_id
        self._feed = feed
        self._told = told
        self._orphan = orphan
        self._viewers: set[Listener] = set()

    def __len__(self) -> int:
        """How many read along."""
        return len(self._viewers)

    def watch(self, viewer: Listener) -> None:
        """Tell this viewer, too, until `unwatch`."""
        self._viewers.add(viewer)

    def unwatch(self, viewer: Listener) -> None:
        self._viewers.discard(viewer)

    def follow(self, events: Sequence[Event], progress: Progress) -> None:
        """Tell everybody what happened, unless it is too little to be worth it.

        Args:
            events: what happened.
            progress: how far the session is after it.
        """
        told = self._told
        quiet = all(isinstance(event, Progress | Diarized) for event in events)
        caught_up = progress.heard == progress.received and told.heard != told.received
        if not quiet or caught_up or progress.received - told.received >= PROGRESS_STEP:
            self._told = progress
            self.announce(events)

    def announce(self, events: Sequence[Event]) -> None:
        """Tell everybody."""
        for listener in filter(None, (self._feed.publisher, *self._viewers)):
            try:
                listener.receive_events(events)
            except Exception:  # the top of a connection: it fails, others read on
                log.exception("session %s: a listener failed", self._session_id)
                self._give_up(listener)

    def _give_up(self, listener: Listener) -> None:
        """This listener has a bug."""
        self._viewers.discard(listener)
        if listener is self._feed.publisher:
            self._orphan()
        else:
            listener.failed(LivesttError(BUG))
