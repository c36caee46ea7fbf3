"""A viewer that follows a session while its servers come and go."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from livestt.client.address import session_url
from livestt.client.state import CaptionState, OutOfSync

SILENCE = 12.0
"""Seconds without a message after which a connection is taken for dead, as livestt's clients do."""
PAUSE = 0.2
"""Seconds between two attempts to connect."""


@dataclass
class Seen:
    """What one viewer saw.

    Attributes:
        text: what was committed at last.
        finished: whether it saw the end.
        joined: connections that were made.
        rewritten: times that a later state did not begin with what was shown before.
        pauses: longest time between two messages, over all connections, in seconds.
    """

    text: str = ""
    finished: bool = False
    joined: int = 0
    rewritten: int = 0
    pauses: list[float] = field(default_factory=list)


async def read_along(
    url: str, session: str, context: ssl.SSLContext | None, over: Callable[[], bool]
) -> Seen:
    """Follow a session until its end, on as many connections as it takes.

    Args:
        url: of the server, or of the balancer before several.
        session: its id.
        context: for TLS.
        over: whether its publisher has done; who is not let in then is not let in any more.
    """
    seen = Seen()
    address = session_url(url, {"session": session, "role": "viewer", "mode": "diff"})
    last = anyio.current_time()
    while not seen.finished:
        late = over()
        try:
            async with open_socket(address, ssl=context, compression=None, max_size=None) as socket:
                seen.joined += 1
                seen.pauses.append(anyio.current_time() - last)
                await _follow(socket, seen)
        except (ConnectionClosed, OutOfSync):
            pass
        except (OSError, InvalidHandshake):  # a TimeoutError is an OSError
            if late:
                break
        last = anyio.current_time()
        await anyio.sleep(PAUSE)
    return seen


async def _follow(socket: ClientConnection, seen: Seen) -> None:
    state = CaptionState()
    while not state.finished:
        with anyio.fail_after(SILENCE):
            message = json.loads(await socket.recv())
        if state.apply(message):
            text = state.committed_text
            seen.rewritten += not text.startswith(seen.text)
            seen.text = text
    seen.finished = True
