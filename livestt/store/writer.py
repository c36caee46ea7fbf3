"""The thread that writes: everything that waits goes into one transaction.

While a transaction is on its way to the disk the next entries gather, so that the busier the
server is, the more sessions share a transaction; nothing ever waits for a timer.

A disk that fails must not silence anybody. Entries then come back as `Outcome.DEFERRED`: their
words may be shown, they stay here (`livestt.store.backlog`), and they are written as soon as that
works again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from livestt.people import Told
from livestt.store.backlog import Backlog
from livestt.store.database import blames_values, now, writing
from livestt.store.entries import Entry
from livestt.store.outcomes import Answer, Outcome, StoreStats
from livestt.store.transaction import Attempt, touch, write

log = logging.getLogger(__name__)

MAX_WAITING = 100_000
"""Entries that wait for a disk that neither works nor fails."""
MAX_ENTRIES = 2_000
"""Entries in one transaction."""
RETRY = 2.0
"""Seconds between two attempts to write to a disk that fails."""
TOUCH = 5.0
"""Seconds after which sessions that are silent are said to be looked after still."""
AT_LEISURE = 1.0
"""Seconds for a thread to end that has nothing to write."""
STUCK = 3.0
"""Seconds a transaction may take before the store is said to be in trouble."""


_Kept = tuple[Entry, Answer]


class Writer:
    """Thread-safe. `close` writes what waits.

    Args:
        engine: the database.
        check: called before each transaction; an OSError says that the database has gone.
        retry: seconds between attempts while the disk fails.

    Attributes:
        on_lost: told, in the writer's thread, the sessions that turn out to be another server's,
            and the epoch that they had here.
        on_told: told there what other servers were told of the speakers of sessions that are open.
    """

    def __init__(
        self, engine: Engine, check: Callable[[], None] = lambda: None, retry: float = RETRY
    ) -> None:
        self.stats = StoreStats()
        self.on_lost: Callable[[Mapping[str, int]], None] = _nobody_runs
        self.on_told: Callable[[Mapping[str, Sequence[Told]]], None] = _nobody_runs
        self._engine = engine
        self._check = check
        self._retry = retry
        self._wake = threading.Condition()
        self._waiting: deque[_Kept] = deque()
        self._backlog = Backlog(self.stats)
        self._open: dict[str, int] = {}
        self._touched = time.monotonic()
        self._failing: str | None = None
        self._recovering = False
        self._writing_since: float | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="livestt-store", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written just now; None if all is well."""
        since = self._writing_since
        if self._failing is None and since is not None and time.monotonic() - since > STUCK:
            return "the disk does not answer"
        if self._failing is None and not self._thread.is_alive() and not self._closed:
            return "the store's thread has ended; restart the server"
        return self._failing

    @property
    def open(self) -> frozenset[str]:
        """Sessions that are looked after here."""
        with self._wake:
            return frozenset(self._open)

    def owes(self, session: str) -> bool:
        """Whether entries of this session wait."""
        with self._wake:
            waits = any(entry.session == session for entry, _ in self._waiting)
            return waits or self._backlog.holds(session)

    def submit(self, entry: Entry, answer: Answer) -> None:
        """Have an entry written; entries of one session are, in order.

        Args:
            entry: what to write.
            answer: told what became of it, once; in the writer's thread, or at once while the
                disk fails.
        """
        with self._wake:
            well = self._failing is None and not self._closed
            if well and (entry.vital or len(self._waiting) < MAX_WAITING):
                self._waiting.append((entry, answer))
                self._wake.notify()
                return
            outcome = self._backlog.lose(entry) if well else self._backlog.keep(entry)
        answer(outcome)

    def close(self, timeout: float = 10.0) -> bool:
        """Write what waits, and stop; whether all of it was written in time."""
        with self._wake:
            self._closed = True
            self._wake.notify()
            owing = bool(self._waiting or self._backlog)
        self._thread.join(timeout if owing else AT_LEISURE)
        with self._wake:
            return not (self._waiting or self._backlog)

    def _work(self) -> None:
        """Write until closed. What is left then has its last chance."""
        while True:
            with self._wake:
                self._wait()
                if self._closed and not (self._waiting or self._backlog):
                    return
                new = list(islice(self._waiting, MAX_ENTRIES))
                old = self._backlog.oldest(MAX_ENTRIES)
            if new:
                self._write(new)
            elif old and not self._write_again(old) and self._closed:
                log.error("%d words could not be stored", self.stats.backlog)
                return
            if time.monotonic() - self._touched >= TOUCH:
                self._touch()

    def _wait(self) -> None:
        """Until there is something to do, or an attempt is due."""
        if self._failing is not None and not (self._closed or self._recovering):
            self._wake.wait(self._retry)
        elif not (self._waiting or self._backlog or self._closed):
            self._wake.wait(TOUCH)

    def _write(self, new: Sequence[_Kept]) -> None:
        """Write what came, and say what became of it."""
        outcomes = self._outcomes([entry for entry, _ in new])
        with self._wake:
            for _ in new:
                self._waiting.popleft()
            if (done := len(outcomes)) < len(new):
                # Whatever came before the disk was known to fail has to wait too, and stay ahead
                # of what came after.
                new = [*new, *self._waiting]
                self._waiting.clear()
                outcomes += self._backlog.keep_before([entry for entry, _ in new[done:]])
        for (_, answer), outcome in zip(new, outcomes, strict=True):
            _tell(answer, outcome)

    def _write_again(self, old: Sequence[Entry]) -> bool:
        """Try the backlog; whether that worked."""
        done = len(self._outcomes(old, again=True))
        with self._wake:
            self._backlog.drop(done)
            if done < len(old):
                return False
            self._recovering = True
            if len(self._backlog) <= MAX_ENTRIES:
                self._recover()
        return True

    def _recover(self) -> None:
        """The store is well again. What came during the last attempt goes ahead of what comes."""
        rest = self._backlog.oldest(len(self._backlog))
        self._backlog.drop(len(rest))
        self._waiting.extendleft((entry, _nobody) for entry in reversed(rest))
        if self._failing is not None:
            log.warning("transcripts are stored again")
        self._failing = None

    def _outcomes(self, entries: Sequence[Entry], *, again: bool = False) -> list[Outcome]:
        """Write entries, perhaps once more; what became of the first ones, and of all unless the
        disk fails."""
        try:
            refused = self._transaction(entries, again)
        except (SQLAlchemyError, OSError) as error:
            if blames_values(error):
                return self._one_by_one(entries, error, again)
            self._fail(error)
            return []
        except Exception as error:  # the top of a worker: others depend on it
            log.exception("the store failed unexpectedly")
            return self._one_by_one(entries, error, again)
        return [Outcome.REFUSED if i in refused else Outcome.STORED for i in range(len(entries))]

    def _one_by_one(self, entries: Sequence[Entry], error: Exception, again: bool) -> list[Outcome]:
        """Only who has brought what cannot be written suffers from it."""
        if len(entries) == 1:
            [entry] = entries
            log.error("session %s cannot be stored: %s", entry.session, error)
            with self._wake:
                if entry.ended:  # nothing more comes of it: it is for the next who tidies up
                    self._open.pop(entry.session, None)
                return [self._backlog.lose(entry)]
        outcomes: list[Outcome] = []
        for entry in entries:
            outcome = self._outcomes([entry], again=again)
            if not outcome:
                break
            outcomes += outcome
        return outcomes

    def _transaction(self, entries: Sequence[Entry], again: bool) -> set[int]:
        begun = self._writing_since = time.monotonic()
        with self._wake:
            lost = {entry.session: self._backlog.lost_of(entry.session) for entry in entries}
        try:
            self._check()
            with writing(self._engine) as connection:
                refused = write(connection, entries, Attempt(now(connection), lost, again))
        finally:
            self._writing_since = None
        with self._wake:
            self._backlog.told(lost)
        self._follow(entries, refused)
        stats = self.stats
        stats.transactions += 1
        stats.entries += len(entries)
        stats.words += sum(len(entry.words) for entry in entries)
        stats.largest = max(stats.largest, len(entries))
        stats.seconds += time.monotonic() - begun
        return refused

    def _follow(self, entries: Sequence[Entry], refused: set[int]) -> None:
        """Know which sessions are looked after here."""
        with self._wake:
            for i, entry in enumerate(entries):
                if entry.ended or i in refused:
                    self._open.pop(entry.session, None)
                else:
                    self._open[entry.session] = entry.epoch

    def _touch(self) -> None:
        self._touched = time.monotonic()
        if self._look_after(dict(self._open)):
            with self._wake:
                if not self._backlog:
                    self._failing = None

    def _look_after(self, own: Mapping[str, int]) -> bool:
        """Say that these sessions are still looked after, and pass on what has become of them.

        Returns:
            Whether the disk works.
        """
        try:
            self._check()
            with writing(self._engine) as connection:
                touched = touch(connection, own, now(connection))
            with self._wake:
                for session in touched.lost:
                    self._open.pop(session, None)
            if touched.lost:
                self.on_lost(touched.lost)
            if touched.told:
                self.on_told(touched.told)
        except (SQLAlchemyError, OSError) as error:
            self._fail(error)
            return False
        except Exception:  # the top of a worker: others depend on it
            self.stats.failures += 1
            if len(own) > 1:
                return all(self._look_after({session: own[session]}) for session in own)
            log.exception("nobody can say that session %s is looked after", *own)
        return True

    def _fail(self, error: SQLAlchemyError | OSError) -> None:
        self.stats.failures += 1
        reason = str(getattr(error, "orig", None) or error).strip()
        with self._wake:
            before, self._failing, self._recovering = self._failing, reason, False
        if before is None:
            log.error("transcripts cannot be stored: %s", reason)
        # One that was opened while the disk, or the server, could only be read stays so.
        self._engine.dispose()


def _nobody_runs(sessions: Collection[str]) -> None:
    """Nobody runs sessions here."""


def _nobody(outcome: Outcome) -> None:
    """Whoever wrote this has been told already that it waits."""


def _tell(answer: Answer, outcome: Outcome) -> None:
    try:
        answer(outcome)
    except RuntimeError as error:  # its event loop is closed
        log.debug("whoever waited for an entry could not be told: %s", error)
