"""What a session has to say, in order and each change once. Pure."""

from __future__ import annotations

from livestt.events import Committed, Event, Interim, Progress, Word


class Report:
    """The events of one session on their way to its owner.

    Attributes:
        interim: the words last said to be uncommitted.
        progress: how far the session last said to be.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self.interim: tuple[Word, ...] = ()
        self.progress = Progress(0, 0, 0)

    def say(self, *events: Event) -> None:
        self._events += events

    def settle(self, committed: tuple[Word, ...], interim: tuple[Word, ...]) -> None:
        """Words committed now, and the words still open."""
        if committed:
            self.say(Committed(committed))
            self.interim = ()
        if interim != self.interim:
            self.say(Interim(interim))
            self.interim = interim

    def reach(self, received: int, heard: int, committed: int) -> None:
        """How far the session is. What it has said to be done stays done."""
        heard = max(self.progress.heard, min(received, heard))
        committed = max(self.progress.committed, min(heard, committed))
        progress = Progress(received, heard, committed)
        if progress != self.progress:
            self.progress = progress
            self.say(progress)

    def take(self) -> list[Event]:
        """Everything said since the last call."""
        events, self._events = self._events, []
        return events
