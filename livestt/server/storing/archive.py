"""What outlives a live session: its words in the store, and its audio in a recording."""

from __future__ import annotations

from collections.abc import Callable

from livestt.engines import Samples
from livestt.events import Event, Warned
from livestt.people import Told
from livestt.server.storing.keeping import Keeper
from livestt.server.storing.recordings import Recordings
from livestt.server.storing.tape import Tape
from livestt.store import Store
from livestt.store.recorder import Recorder


class Archive:
    """One session's events and audio on their way to where they are kept, if they are.

    Args:
        forward: called on the event loop with every batch of events, once nothing of them can be
            lost.
        refused: called when the session is not this server's any more.
        withheld: called when what is left to say, the end included, is for the next server to say.
    """

    def __init__(
        self,
        forward: Callable[[list[Event]], None],
        refused: Callable[[], None],
        withheld: Callable[[], None],
    ) -> None:
        self._forward = forward
        self._refused = refused
        self._withheld = withheld
        self._keeper: Keeper | None = None
        self._tape: Tape | None = None

    def keep_words(self, store: Store, recorder: Recorder) -> None:
        """Store what the recorder makes of the events, before anybody sees them."""
        self._keeper = Keeper(store, recorder, self._forward, self._refused, self._withheld)

    def keep_audio(self, recordings: Recordings, session: str, at: int) -> None:
        """Record the session of this id; its first samples will be those from ``at`` on."""
        self._tape = Tape(recordings, session, at, self._warn)

    @property
    def recording(self) -> bool:
        """Whether the audio is kept."""
        return self._tape is not None and self._tape.running

    @property
    def trouble(self) -> Warned | None:
        """What anybody who joins has to know about the store; None if all is well."""
        return None if self._keeper is None else self._keeper.trouble

    @property
    def telling(self) -> list[Told]:
        """What somebody said of the speakers, and is on its way into the store."""
        return [] if self._keeper is None else self._keeper.telling

    @property
    def on_audio(self) -> Callable[[Samples], None] | None:
        """Takes the samples that the session hears; None where none are kept."""
        return None if self._tape is None else self._tape.receive

    def receive_events(self, events: list[Event]) -> None:
        """What the session says, in order."""
        if self._keeper is None:
            self._forward(events)
        else:
            self._keeper.receive_events(events)

    def stay_open(self) -> bool:
        """The session goes on in another process when it has ended here, if its words are kept;
        whether they are."""
        if self._keeper is not None:
            self._keeper.stay_open()
        return self._keeper is not None

    async def caught_up(self) -> None:
        """Wait, but not long, until little of what was said waits to be stored."""
        if self._keeper is not None:
            await self._keeper.caught_up()

    def lose(self) -> None:
        """The session is another server's."""
        if self._keeper is not None:
            self._keeper.lose()

    async def run(self) -> None:
        """Record until cancelled, or until nothing more can be recorded."""
        if self._tape is not None:
            await self._tape.run()

    async def finish(self, *, complete: bool) -> None:
        """Wait, for a while, until everything is kept.

        Args:
            complete: whether the session has said `livestt.events.Ended`.
        """
        if self._keeper is not None:
            await self._keeper.finish(complete=complete)
        if self._tape is not None:
            await self._tape.finish(stored=self._keeper is None or self._keeper.done)

    def _warn(self, warning: Warned) -> None:
        self.receive_events([warning])
