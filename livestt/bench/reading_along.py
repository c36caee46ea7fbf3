"""A viewer that follows a session while its servers come and go."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from livestt.client.address import session_url
from livestt.client.state import CaptionState, OutOfSync

SILENCE = 12.0
"""Seconds without a message after which a connection is taken for dead, as livestt's clients do."""
PAUSE = 0.2
"""Seconds between two attempts to connect."""
LONGEST = 60.0
"""Seconds for which servers that do not answer are tried after the end."""
UNKNOWN = 404
MOST_UNKNOWN = 10
"""Times that a server knows nothing of a session that is over, before that is believed."""


@dataclass
class Seen:
    """What one viewer saw.

    Attributes:
        text: what was committed at last.
        finished: whether it saw the end.
        joined: connections that were made.
        rewritten: times that a later state did not begin with what was shown before.
        heard: when the last message came, by the clock of `anyio`.
        pauses: seconds from the last message of one connection to the next connection.
    """

    text: str = ""
    finished: bool = False
    joined: int = 0
    rewritten: int = 0
    pauses: list[float] = field(default_factory=list)
    heard: float = 0.0


async def read_along(
    url: str, session: str, context: ssl.SSLContext | None, over: Callable[[], bool]
) -> Seen:
    """Follow a session until its end, on as many connections as it takes.

    Args:
        url: of the server, or of the balancer before several.
        session: its id.
        context: for TLS.
        over: whether its publisher has finished; a reader who is told then that there is no such
            session leaves.
    """
    seen = Seen(heard=anyio.current_time())
    address = session_url(url, {"session": session, "role": "viewer", "mode": "diff"})
    unknown = 0
    while not seen.finished:
        late = over()
        try:
            async with open_socket(address, ssl=context, compression=None, max_size=None) as socket:
                seen.joined += 1
                seen.pauses.append(anyio.current_time() - seen.heard)
                await _follow(socket, seen)
        except (ConnectionClosed, OutOfSync):
            pass
        except InvalidStatus as refusal:
            unknown += late and refusal.response.status_code == UNKNOWN
            if unknown >= MOST_UNKNOWN:
                break
        except (OSError, InvalidHandshake):  # a TimeoutError is an OSError
            if late and anyio.current_time() - seen.heard > LONGEST:
                break
        await anyio.sleep(PAUSE)
    return seen


async def _follow(socket: ClientConnection, seen: Seen) -> None:
    state = CaptionState()
    while not state.finished:
        with anyio.fail_after(SILENCE):
            message = json.loads(await socket.recv())
        seen.heard = anyio.current_time()
        if state.apply(message):
            text = state.committed_text
            seen.rewritten += not text.startswith(seen.text)
            seen.text = text
    seen.finished = True
