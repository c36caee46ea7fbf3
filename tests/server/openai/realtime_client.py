"""A client of the OpenAI Realtime dialect that writes down everything it is told."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from livestt.engines.scripted import script_of

from ..running import PATIENCE, Running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TRANSCRIPTION = "conversation.item.input_audio_transcription."
PCM16 = {"type": "audio/pcm", "rate": 16_000}
COMMIT = {"type": "input_audio_buffer.commit"}
CLEAR = {"type": "input_audio_buffer.clear"}


def append(audio: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}


def update(**fields: Any) -> dict[str, Any]:
    """Changes of ``audio.input``, with 16 kHz PCM unless told otherwise."""
    return {
        "type": "session.update",
        "session": {"type": "transcription", "audio": {"input": {"format": PCM16, **fields}}},
    }


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * 16_000) * 2)


MANUAL = update(turn_detection=None)
"""Also what a server without voice detection does by itself."""
SCRIPT = script_of("One two three four five six seven eight.")
"""What the engine hears."""


def short(kind: str) -> str:
    return kind.removeprefix(TRANSCRIPTION).removeprefix("input_audio_buffer.")


@dataclass
class Client:
    """One connection. What it is told is kept in ``told``."""

    socket: ClientConnection
    told: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def at(
        cls, server: Running, path: str = "/v1/realtime?intent=transcription", **more: Any
    ) -> AsyncIterator[Self]:
        """Connected, and greeted."""
        url = f"ws://127.0.0.1:{server.port}{path}"
        async with (
            asyncio.timeout(PATIENCE),
            connect(url, compression=None, max_size=None, **more) as socket,
        ):
            client = cls(socket)
            await client.wait("session.created")
            yield client

    async def send(self, *events: dict[str, Any] | str | bytes) -> None:
        for event in events:
            frame = event if isinstance(event, str | bytes) else json.dumps(event)
            await self.socket.send(frame)

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.recv())
        self.told.append(message)
        return message

    async def wait(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Listen until so many events of this kind have come; the last of them."""
        while len(found := self.of(kind)) < count:
            await self.next()
        return found[count - 1]

    async def to_the_end(self) -> int | None:
        """Listen until the server closes; its close code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            return self.socket.close_code

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.told if short(message["type"]) == kind]

    @property
    def kinds(self) -> list[str]:
        return [short(message["type"]) for message in self.told]

    @property
    def transcripts(self) -> list[str]:
        return [message["transcript"] for message in self.of("completed")]


def said(deltas: Iterable[dict[str, Any]]) -> str:
    return "".join(message["delta"] for message in deltas)
