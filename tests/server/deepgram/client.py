"""A client of the Deepgram dialects that writes down everything it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ..running import PATIENCE, Running

PCM = {"encoding": "linear16", "sample_rate": "16000"}
CLOSE = json.dumps({"type": "CloseStream"})
FINALIZE = json.dumps({"type": "Finalize"})


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * 16_000) * 2)


@dataclass
class Told:
    """Messages in order, and how the server closed."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    subprotocol: str | None = None
    code: int | None = None
    reason: str | None = None

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    def finals(self, channel: int = 0) -> list[dict[str, Any]]:
        return [
            message
            for message in self.messages
            if message["type"] == "Results"
            and message["is_final"]
            and message["channel_index"][0] == channel
        ]

    def text(self, channel: int = 0) -> str:
        parts = [m["channel"]["alternatives"][0]["transcript"] for m in self.finals(channel)]
        return " ".join(filter(None, parts))


def address(server: Running, path: str = "/v1/listen", query: Any = ()) -> str:
    return f"ws://127.0.0.1:{server.port}{path}?{urlencode(query, doseq=True)}"


def converse(
    server: Running,
    frames: Iterable[bytes | str],
    query: Any = (),
    *,
    path: str = "/v1/listen",
    subprotocols: list[str] | None = None,
) -> Told:
    """Send frames, listen to the end."""
    return asyncio.run(_converse(address(server, path, query), frames, subprotocols))


async def _converse(
    url: str, frames: Iterable[bytes | str], subprotocols: list[str] | None
) -> Told:
    told = Told()
    async with asyncio.timeout(PATIENCE):
        async with connect(
            url, compression=None, max_size=None, subprotocols=subprotocols
        ) as socket:
            assert socket.response is not None
            told.headers = dict(socket.response.headers.raw_items())
            told.subprotocol = socket.subprotocol
            async with asyncio.TaskGroup() as group:
                group.create_task(_say(socket, frames))
                try:
                    while True:
                        told.messages.append(json.loads(await socket.recv()))
                except ConnectionClosed:
                    told.code, told.reason = socket.close_code, socket.close_reason
    return told


async def _say(socket: Any, frames: Iterable[bytes | str]) -> None:
    try:
        for frame in frames:
            await socket.send(frame)
    except ConnectionClosed:
        pass
