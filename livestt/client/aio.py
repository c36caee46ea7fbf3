"""The asyncio client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from livestt.client.address import refusal, session_url
from livestt.client.state import CaptionState, OutOfSync


class Captions:
    """One session as its client sees it. Iterate for states, `send` audio from another task.

    Iteration ends when everything is transcribed or the connection is lost; ``state.finished``
    tells which. Once it is over, sending does nothing.

    Attributes:
        state: the captions as the last message left them.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.state = CaptionState()

    async def send(self, audio: bytes) -> None:
        """Send audio in the encoding that was agreed. Waits while the server is behind."""
        if audio:
            await self._write(audio)

    async def end(self) -> None:
        """Say that no more audio will come; states go on until all of it is transcribed."""
        await self._write(b"")

    async def flush(self, flush_id: str | None = None) -> None:
        """Ask for everything sent so far to be committed."""
        await self._control("flush", id=flush_id)

    async def configure(self, **changes: Any) -> None:
        """Change ``language``, ``prompt`` or ``hotwords`` from now on."""
        await self._control("configure", **changes)

    async def __aiter__(self) -> AsyncIterator[CaptionState]:
        """The state after each change, until the server has finished or closes."""
        with suppress(ConnectionClosed):
            async for text in self._socket:
                if await self._apply(json.loads(text)) or self.state.finished:
                    yield self.state
                if self.state.finished:
                    return

    async def _apply(self, message: dict[str, Any]) -> bool:
        try:
            return self.state.apply(message)
        except OutOfSync:
            await self._control("resync")
            return False

    async def _control(self, kind: str, **fields: Any) -> None:
        await self._write(json.dumps({"type": kind, **fields}))

    async def _write(self, frame: bytes | str) -> None:
        with suppress(ConnectionClosed):
            await self._socket.send(frame)


@asynccontextmanager
async def connect(
    url: str,
    *,
    language: str | None = None,
    encoding: Literal["auto", "s16le", "f32le", "mulaw", "alaw"] = "s16le",
    sample_rate: int = 16_000,
    channels: int = 1,
    mode: Literal["full", "diff"] = "diff",
    words: bool = True,
) -> AsyncIterator[Captions]:
    """Open a session.

    Args:
        url: the server, e.g. ``ws://127.0.0.1:8000/asr``.
        language: ISO 639-1 code or ``auto``; None takes the server's setting.
        encoding: of the audio sent; ``auto`` is a container such as WebM, or WAV.
        sample_rate: Hz, for raw encodings.
        channels: interleaved channels, for raw encodings.
        mode: how the server reports; the states are the same.
        words: whether lines carry their words.

    Raises:
        Refused: the server does not want this session.
        OSError: there is no server at that address.
    """
    parameters: dict[str, object] = {
        "language": language,
        "encoding": encoding,
        "sample_rate": sample_rate,
        "channels": channels,
        "mode": mode,
        "words": words,
    }
    try:
        socket = await open_socket(session_url(url, parameters), compression=None, max_size=None)
    except InvalidStatus as error:
        raise refusal(error) from error
    async with socket:
        yield Captions(socket)
