"""Holds a session's events back until their committed words are stored."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import anyio

from livestt.events import Committed, Ended, Event, Interim, Warned, Word
from livestt.people import Told
from livestt.store import Entry, Outcome, Store
from livestt.store.recorder import Recorder

PATIENCE = 1.0
"""Seconds for which words wait for a slow disk; then they are shown as words that may still change:
if this server goes now, another hears them again, and may hear others."""
LONGEST = 5.0
"""Seconds for which they wait in all; then they are said all the same: not every dialect shows
words that may change."""

MOST_OWED = 16
"""Entries of one session that wait for a disk before its client may cause more of them by telling
something. Words come as fast as people speak, names as fast as a client likes."""

FAILING = Warned(
    "store_failing",
    "captions are shown, but cannot be stored at the moment; "
    "they will be as soon as the store works again",
)
LOSING = Warned("store_losing", "the store has failed for too long: captions are not stored")
RECOVERED = Warned("store_recovered", "captions are stored again")


@dataclass(eq=False, slots=True)
class _Held:
    """Events that wait, or that wait behind others."""

    events: list[Event]
    since: float
    waiting: bool
    early: bool = False
    """Whether they were passed on before the store had them."""


class Keeper:
    """Lets events pass once the store has what must not be lost of them, in their order.

    Whatever holds no committed word passes at once, unless it would overtake one.

    Args:
        store: where to.
        recorder: what of the events is stored.
        forward: called on the event loop with every batch of events.
        refused: called when the session is not this server's any more.
        withheld: called when what is left to say, the end included, is for the next server to say.
        patience: seconds to wait for the disk; None is `PATIENCE`.
        longest: seconds to wait for it in all; None is `LONGEST`.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        forward: Callable[[list[Event]], None],
        refused: Callable[[], None],
        withheld: Callable[[], None],
        patience: float | None = None,
        longest: float | None = None,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._forward = forward
        self._refused = refused
        self._withheld = withheld
        self._patience = PATIENCE if patience is None else patience
        self._longest = LONGEST if longest is None else longest
        self._loop = asyncio.get_running_loop()
        self._held: deque[_Held] = deque()
        self._interim: tuple[Word, ...] = ()  # after what was passed on
        self._previewed = False
        self._ahead = False  # more was shown than what was passed on
        self._timer: asyncio.TimerHandle | None = None
        self._told: Warned | None = None
        self._settled = anyio.Event()
        self._owed = 0
        self._telling: list[Entry] = []
        self._early = 0
        self._owing = False
        self._taken = False
        self._ending = False  # the end was received
        self._ended = False  # and passed on
        self._over = False
        opening = recorder.open()
        if opening is not None:
            self._append(opening, None)

    @property
    def done(self) -> bool:
        """Whether the store has answered for all of it, and nothing waits for a disk that fails."""
        return not (self._owed or self._owing)

    @property
    def telling(self) -> list[Told]:
        """What somebody said here of the speakers, and the store has not answered for."""
        return [event for entry in self._telling for event in entry.told]

    @property
    def trouble(self) -> Warned | None:
        """What anybody who joins now is told: that what is shown may not be stored."""
        return self._told

    def stay_open(self) -> None:
        """The session goes on in another process when it has ended here."""
        self._recorder.stays_open = True

    def receive_events(self, events: list[Event]) -> None:
        """Pass these on, as soon as what is said in them is stored; nothing once the session is
        another server's, which says it all."""
        if self._taken:
            return
        self._ending = self._ending or any(isinstance(event, Ended) for event in events)
        entry = self._recorder.take(events)
        must_wait = entry is not None and bool(entry.words or entry.lines or entry.ended)
        held = _Held(events, self._loop.time(), must_wait)
        self._held.append(held)
        if entry is not None:
            self._append(entry, held)
        self._release()

    async def caught_up(self) -> None:
        """Wait, but not long, until the store has answered for most of what it was given."""
        with anyio.move_on_after(self._patience):
            while self._owed >= MOST_OWED:
                await self._settled.wait()

    def lose(self) -> None:
        """The session is another server's: what waits here is heard, and said, there."""
        self._taken = True
        self._held.clear()
        self._wait()

    async def finish(self, *, complete: bool) -> None:
        """Wait, for a while, until everything is stored.

        Args:
            complete: whether the session has said `livestt.events.Ended`.
        """
        self._over = True
        if not complete:
            self._append(self._recorder.close(), None)
        with anyio.move_on_after(self._patience):
            while self._owed:
                await self._settled.wait()
        if not self._recorder.stays_open:
            self._give_way()

    def _append(self, entry: Entry, held: _Held | None) -> None:
        self._owed += 1
        if entry.told:
            self._telling.append(entry)

        def answer(outcome: Outcome) -> None:
            self._loop.call_soon_threadsafe(self._settle, entry, held, outcome)

        self._store.append(entry, answer)

    def _settle(self, entry: Entry, held: _Held | None, outcome: Outcome) -> None:
        self._owed -= 1
        self._telling = [one for one in self._telling if one is not entry]
        self._owing = outcome in (Outcome.DEFERRED, Outcome.LOST)
        if held is not None:
            held.waiting = self._owing and self._recorder.stays_open and not held.early
            self._early -= held.early
        if outcome is Outcome.REFUSED:
            self._refuse()
        else:
            self._settle_warning({Outcome.DEFERRED: FAILING, Outcome.LOST: LOSING}.get(outcome))
        self._release()
        self._settled.set()
        self._settled = anyio.Event()
        if self._ending and self._held and not self._owed and self._recorder.stays_open:
            self._withheld()

    def _refuse(self) -> None:
        self.lose()
        if not self._over:
            self._refused()

    def _settle_warning(self, warning: Warned | None) -> None:
        """All is well again only when everything that was shown is stored."""
        if warning is not None or not self._early:
            self._warn(warning)

    def _warn(self, warning: Warned | None) -> None:
        """Say when it begins and when it is over, not with every word; ahead of the words, and
        never after the end."""
        if warning is not self._told:
            self._told = warning
            if not self._ended:
                self._forward([warning or RECOVERED])

    def _release(self) -> None:
        """Pass on what waits for nothing any more."""
        while self._held and not self._held[0].waiting:
            self._pass(self._held.popleft().events)
        if self._previewed:
            self._preview()
        self._wait()

    def _pass(self, events: list[Event]) -> None:
        """To whoever was shown more, these events follow what they followed when they were said."""
        before = [Interim(self._interim)] if self._ahead else []
        self._ahead = False
        self._ended = self._ended or any(isinstance(event, Ended) for event in events)
        self._interim = unfinished(events, self._interim)
        self._forward([*before, *events])

    def _preview(self) -> None:
        """Show what waits, as words that may still change."""
        self._previewed = self._ahead = bool(self._held)
        if self._held:
            self._forward([preview([held.events for held in self._held], self._interim)])

    def _wait(self) -> None:
        """Until the first of what waits has waited for too long."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # A session that goes on elsewhere is heard again there from the last word that is stored.
        if self._held and not (self._previewed and self._recorder.stays_open):
            within = self._longest if self._previewed else self._patience
            self._timer = self._loop.call_at(self._held[0].since + within, self._overdue)

    def _overdue(self) -> None:
        """The disk neither works nor fails: readers come first."""
        self._timer = None
        if not self._previewed:
            self._preview()
            self._wait()
        elif not self._recorder.stays_open:
            self._give_way()

    def _give_way(self) -> None:
        """Say what waits, though the store does not have it."""
        if any(held.waiting for held in self._held):
            self._warn(FAILING)
        for held in self._held:
            self._early += held.waiting
            held.early, held.waiting = held.waiting, False
        self._release()


def preview(said: Iterable[list[Event]], interim: tuple[Word, ...]) -> Interim:
    """The words in these batches of events, as words that may still change. Pure.

    Args:
        said: in order.
        interim: such words before.
    """
    committed: list[Word] = []
    for events in said:
        for event in events:
            committed += event.words if isinstance(event, Committed) else ()
        interim = unfinished(events, interim)
    return Interim((*committed, *interim))


def unfinished(events: Iterable[Event], interim: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words that may still change after these events. Pure.

    Args:
        events: as a session says them.
        interim: such words before.
    """
    for event in events:
        match event:
            case Interim(words) | Ended(_, words):
                interim = words
            case Committed():
                interim = ()
            case _:
                pass
    return interim
