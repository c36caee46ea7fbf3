"""Who may open a live session: limits of the server and of keys, the load, a server that stops."""

from __future__ import annotations

from collections.abc import Collection

from livestt.access.keys import Grant
from livestt.errors import LivesttError, Overloaded, ServerRestart, TooManySessions
from livestt.server.access import asking
from livestt.server.live.ladder import NO_NEWCOMERS, Ladder
from livestt.server.live.session import LiveSession
from livestt.server.operations.tally import Tally


class Admission:
    """Decides whether there is room for one more session.

    Args:
        most: concurrent sessions of this server.
        running: the sessions that run, kept up to date by whoever runs them.
        ladder: the load.
        tally: counts refusals.

    Attributes:
        draining: whether the server is about to stop.
    """

    def __init__(
        self, most: int, running: Collection[LiveSession], ladder: Ladder, tally: Tally
    ) -> None:
        self.draining = False
        self._most = most
        self._running = running
        self._ladder = ladder
        self._tally = tally

    def check_running(self) -> None:
        """Admit nobody to a server that is about to stop.

        Raises:
            ServerRestart: it is.
        """
        if self.draining:
            raise ServerRestart("this server is about to stop; try again in a moment")

    def check_room(self, *, counted: bool = True) -> None:
        """Find out whether whoever asks (`asking.grant`) could open a session now.

        Args:
            counted: whether a refusal is counted; it is not if somebody only asks why.

        Raises:
            ServerRestart: the server is about to stop.
            Overloaded: the engine is too far behind.
            TooManySessions: the limit of the server, or of the key that asks, is reached.
        """
        try:
            self.check_running()
            self._check_load()
            self._check_share(asking.grant.get())
        except LivesttError as error:
            if counted:
                self._tally.refused[error.code] += 1
            raise

    def _check_load(self) -> None:
        if self._ladder.level >= NO_NEWCOMERS:
            raise Overloaded("the server is overloaded; try again later")
        if len(self._running) >= self._most:
            raise TooManySessions(
                f"this server has reached its limit of sessions, {self._most}; try again later"
            )

    def _check_share(self, grant: Grant) -> None:
        """Keep a key to its own limit."""
        most = grant.max_sessions
        if most is None:
            return
        if sum(session.owner == grant.name for session in self._running) >= most:
            raise TooManySessions(
                f"this key has reached its limit of sessions, {most}; try again later"
            )
