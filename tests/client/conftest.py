"""A real server for the clients, and a scripted peer for what a real one does not do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from socket import SHUT_RDWR
from typing import Any

import pytest
from server.engines import Watched
from server.running import Running
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_sockets

from livestt.engines.scripted import script_of
from livestt.server.timing import Timing
from livestt.settings import Settings

TEXT = " ".join(f"word{i}" for i in range(20))
AUDIO = [bytes(16_000)] * 18
REST = {
    "status": "active_transcription",
    "buffer_transcription": "",
    "remaining_time_transcription": 0.0,
}


def line(number: int) -> dict[str, Any]:
    return {"id": number, "speaker": 1, "text": f"line {number}", "begin": number, "finish": number}


@pytest.fixture
def server() -> Iterator[Running]:
    settings = Settings(port=0, vad=False, max_sessions=1)
    with Running(Watched(script_of(TEXT)), settings, Timing()) as running:
        yield running


@pytest.fixture
def peer() -> Iterator[Callable[..., str]]:
    """Start a peer that behaves as a function says; gives its address."""
    with ExitStack() as stack:

        def start(behave: Callable[[ServerConnection], None]) -> str:
            peer = stack.enter_context(serve_sockets(behave, "127.0.0.1", 0))
            thread = threading.Thread(target=peer.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(peer.shutdown)
            return f"ws://127.0.0.1:{peer.socket.getsockname()[1]}"

        yield start


def loses_count(socket: ServerConnection) -> None:
    """Sends a diff that does not fit, and then, if asked, a snapshot that does."""
    say(socket, {"type": "snapshot", "seq": 1, "lines": [line(0)], **REST})
    say(socket, {"type": "diff", "seq": 2, "n_lines": 9, "new_lines": [line(1)], **REST})
    for message in socket:
        if isinstance(message, str) and json.loads(message)["type"] == "resync":
            lines = [line(0), line(1), line(2)]
            say(socket, {"type": "snapshot", "seq": 3, "lines": lines, **REST})
            say(socket, {"type": "ready_to_stop"})
            return


def vanishes(socket: ServerConnection) -> None:
    """Is gone once it has all the audio."""
    say(socket, {"type": "snapshot", "seq": 1, "lines": [line(0)], **REST})
    while socket.recv():
        pass
    socket.socket.shutdown(SHUT_RDWR)


def say(socket: ServerConnection, message: dict[str, Any]) -> None:
    socket.send(json.dumps(message))
