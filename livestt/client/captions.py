"""One session as its client sees it, over as many connections as it takes. Asyncio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from livestt.client.address import Refused, refusal, session_url
from livestt.client.sent import Sent
from livestt.client.state import CaptionState, OutOfSync

SILENCE = 12.0
"""Seconds without a message after which a connection is taken for dead; servers say something
every five."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two attempts to connect again; each pause is twice the one before."""
ELSEWHERE = 8.0
"""Seconds for which a server that asks for audio which is gone is left for another. One that was
cut off does not know for some seconds how far the session has come at another."""
OVER = (1000, 1007, 1008)
"""Close codes of a session that is over; those from 4000 on are too."""
SUPERSEDED = 4409
"""Close code where another connection feeds the session now. That may be one of this client's own,
whose handshake was given up before a server or a balancer that hung came round to it."""
AGAIN = (429, 502, 503, 504)
"""Statuses of a server, or of a balancer before it, that may let a client in later."""
STORED = {"store_failing": False, "store_losing": False, "store_recovered": True}
"""Warnings that say whether what is committed would survive the server."""


class Captions:
    """One session as its client sees it. Iterate for states, `send` audio from another task.

    When the connection is lost while somebody iterates, the session is taken up again where the
    server has got to, and nothing is lost or doubled. Iteration ends when everything is
    transcribed or the session cannot be reached any more; ``state.finished`` tells which. Once it
    is over, sending does nothing.

    Attributes:
        state: the captions as the last message left them.
        losses: how often the connection was lost and the session taken up again.
        missing: seconds of audio that a server needed again when they were gone here. They are
            silence in the transcript; ``state.warnings`` says so.
    """

    def __init__(
        self,
        url: str,
        parameters: dict[str, object],
        sent: Sent,
        *,
        reconnect: float,
        options: Mapping[str, Any],
    ) -> None:
        self.state = CaptionState()
        self.losses = 0
        self.missing = 0.0
        self._url = url
        self._parameters = parameters
        self._sent = sent
        self._reconnect = reconnect
        self._options = options
        self._socket: ClientConnection | None = None
        self._connected = asyncio.Event()
        self._news = asyncio.Event()
        self._moved = asyncio.Event()
        self._ended = False
        self._end_sent = False
        self._over = False
        self._given_up = 0
        self._answered = False
        self._reason = ""
        self._stored = True
        self._configured: dict[str, Any] = {}
        self._flushes: list[str | None] = []

    async def send(self, audio: bytes) -> None:
        """Send audio in the encoding that was agreed. Waits while the server is behind, or away."""
        if audio and not self._over:
            self._sent.put(audio)
            self._news.set()
            mine = self._sent.end
            while self._sent.cursor < mine and not self._over:
                await self._moved.wait()

    async def end(self) -> None:
        """Say that no more audio will come; states go on until all of it is transcribed."""
        self._ended = True
        self._news.set()
        while not (self._end_sent or self._over):
            await self._moved.wait()

    async def flush(self, flush_id: str | None = None) -> None:
        """Ask for everything sent so far to be committed."""
        self._flushes.append(flush_id)
        await self._control("flush", id=flush_id)

    async def configure(self, **changes: Any) -> None:
        """Change language, task, target_language, prompt or hotwords from now on."""
        self._configured |= changes
        await self._control("configure", **changes)

    async def __aiter__(self) -> AsyncIterator[CaptionState]:
        """The state after each change, until the server has finished or is out of reach."""
        try:
            while not self._over:
                async for _ in self._states():
                    yield self.state
                if self.state.finished or not await self._come_back():
                    break
        finally:
            self._give_up()

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            Refused: the server does not want this session.
            OSError: there is no server at that address.
        """
        try:
            self._socket = await self._dial()
        except InvalidStatus as error:
            raise refusal(error) from error
        except InvalidHandshake as error:
            raise ConnectionError(f"no WebSocket server answers: {error}") from error
        self._connected.set()

    async def close(self) -> None:
        """Leave; what was not transcribed by now is lost to this client."""
        if self._socket is not None:
            if not self.state.finished:
                await self._write(b"")  # or the server would wait for us to come back
            self._give_up()
            await self._socket.close()

    async def pump(self) -> None:
        """Send what the server has not got, on whichever connection there is, until it is over."""
        while not self._over:
            await self._connected.wait()
            self._news.clear()
            piece = self._sent.next()
            if piece is not None:
                await self._write(piece)
            elif self._ended and not self._end_sent:
                self._end_sent = await self._write(b"")
            else:
                await self._news.wait()
                continue
            self._moved.set()
            self._moved.clear()

    async def _dial(self) -> ClientConnection:
        url = session_url(self._url, self._parameters)
        return await open_socket(url, compression=None, max_size=None, **self._options)

    async def _states(self) -> AsyncIterator[CaptionState]:
        """The states of one connection."""
        socket = self._socket
        assert socket is not None
        with suppress(ConnectionClosed, TimeoutError):
            while not self.state.finished:
                async with asyncio.timeout(SILENCE):
                    text = await socket.recv()
                self._answered = True
                if await self._apply(json.loads(text)) or self.state.finished:
                    yield self.state

    async def _apply(self, message: dict[str, Any]) -> bool:
        if message.get("type") == "flushed" and message.get("id") in self._flushes:
            self._flushes.remove(message.get("id"))
        if message.get("type") == "warning":
            self._stored = STORED.get(message.get("code", ""), self._stored)
        try:
            changed = self.state.apply(message)
        except OutOfSync:
            await self._control("resync")
            return False
        if changed:
            self._sent.committed(self.state.committed_until, stored=self._stored)
        return changed

    async def _come_back(self) -> bool:
        """Take the session up again on another connection; False if that cannot be."""
        self._connected.clear()
        if not (self._sent.keeps and self._reconnect and self._may_come_back()):
            return False
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        latest = loop.time() + self._reconnect
        settle = loop.time() + min(ELSEWHERE, self._reconnect / 2)
        while loop.time() < latest and not self._over:
            try:
                async with asyncio.timeout_at(min(latest, loop.time() + SILENCE)):
                    return await self._take_up(insist=loop.time() < settle)
            except Refused as refused:
                self._reason = str(refused)
                return False
            except (OSError, ConnectionClosed, InvalidHandshake) as error:
                self._given_up += isinstance(error, TimeoutError)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        self._reason = self._reason or f"no server could be reached for {self._reconnect:g} seconds"
        return False

    def _may_come_back(self) -> bool:
        """Whether the connection was lost, rather than ended for a reason."""
        assert self._socket is not None
        code = self._socket.close_code
        if code is None:
            self._socket.transport.abort()  # silent for too long: whatever it is, it is no help
            return True
        self._reason = f"the server closed the connection: {code} {self._socket.close_reason}"
        if code == SUPERSEDED and self._given_up:
            self._given_up -= 1
            return True
        return code not in OVER and code < 4000

    async def _take_up(self, *, insist: bool) -> bool:
        """Connect and go on where the server says; False if it does not know the session.

        Args:
            insist: whether to take no server that needs audio which is gone.
        """
        self._reason = ""
        session = self.state.config.get("session")
        if session is None and self._answered:
            return False
        if session is not None:
            self._parameters["session"] = session
        try:
            socket = await self._dial()
        except InvalidStatus as error:
            if error.response.status_code in AGAIN:
                raise
            raise refusal(error) from error
        try:
            config = json.loads(await socket.recv())
        except BaseException:
            socket.transport.abort()
            raise
        # Without a word from the server so far, all of it is said again in another session.
        at = 0 if session is None else config.get("resume_from_sample")
        if session not in (None, config.get("session")) or at is None:
            await socket.send(b"")  # or what it opened instead would wait for us
            await socket.close()
            self._reason = "the server does not know the session"
            return False
        gone = self._sent.lacks(at)
        if gone is None or (gone and insist):
            self._reason = f"the server asks for audio from sample {at}, which is gone"
            await socket.close()
            raise ConnectionError(self._reason)
        self._sent.rewind(at)
        self.state.apply(config)
        self._note_missing(gone)
        self._socket = socket
        self.losses += 1
        self._stored = True
        self._end_sent = False
        if self._configured:
            await self._control("configure", **self._configured)
        self._connected.set()
        self._news.set()
        for flush_id in self._flushes:
            await self._control("flush", id=flush_id)
        return True

    def _note_missing(self, seconds: float) -> None:
        if seconds:
            self.missing += seconds
            self.state.warnings.append(f"{seconds:.1f} s of audio were lost with their server")

    @property
    def reason(self) -> str:
        """Why it ended before everything was transcribed, as far as is known; for people."""
        return self._reason

    def _give_up(self) -> None:
        self._over = True
        for event in (self._connected, self._news, self._moved):
            event.set()

    async def _control(self, kind: str, **fields: Any) -> None:
        await self._write(json.dumps({"type": kind, **fields}))

    async def _write(self, frame: bytes | str) -> bool:
        """Send a frame; whether there was a connection to send it on."""
        socket = self._socket
        assert socket is not None
        try:
            await socket.send(frame)
        except ConnectionClosed:
            if socket is self._socket:
                self._connected.clear()
                if self._over:
                    self._connected.set()
            return False
        return True
