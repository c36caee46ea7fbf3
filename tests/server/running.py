"""A server in a thread, and a client that writes down everything it is told."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import jiwer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from livestt.client.state import CaptionState
from livestt.engines import Engine
from livestt.server.app import create_app
from livestt.server.live.sessions import Sessions
from livestt.server.run import Server, config
from livestt.server.services import Services
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.speakers import Diarizer
from livestt.speakers.embeddings import Embedder
from livestt.store import Store
from livestt.translation import Translator

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing here takes nearly as long."""


class Errors(logging.Handler):
    """Keeps every record of level ERROR: a client can never cause one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


class Running:
    """A server, from start to stop. Use as a context manager."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        timing: Timing,
        store: Store | None = None,
        diarizer: Diarizer | None = None,
        file_diarizer: Diarizer | None = None,
        embedder: Embedder | None = None,
        translator: Translator | None = None,
    ) -> None:
        self.engine = engine
        models = diarizer, file_diarizer, embedder, translator
        self.app = create_app(engine, settings, timing, store, *models)
        self.server = Server(config(self.app, settings))
        self.errors = Errors()
        self.expects_errors = False
        self._threads = {thread.ident for thread in threading.enumerate()}
        self._thread = threading.Thread(target=self.server.run, name="server under test")

    def __enter__(self) -> Self:
        for name in ("", "uvicorn"):
            logging.getLogger(name).addHandler(self.errors)
        self._thread.start()
        wait_until(lambda: self.server.started or not self._thread.is_alive())
        assert self.server.started
        self.port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.check_idle()
        self.server.should_exit = True
        self._thread.join(PATIENCE)
        for name in ("", "uvicorn"):
            logging.getLogger(name).removeHandler(self.errors)
        assert not self._thread.is_alive()
        if kind is None and not self.expects_errors:
            assert self.errors.records == []
        if kind is None:
            wait_until(lambda: not self._left_over())

    def _left_over(self) -> list[str]:
        """Threads that a session or the server left. Idle workers of an event loop end with it."""
        return [
            thread.name
            for thread in threading.enumerate()
            if thread.ident not in self._threads and thread.name.startswith(("livestt", "AnyIO"))
        ]

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def services(self) -> Services:
        return self.app.state.services

    @property
    def sessions(self) -> Sessions:
        return self.services.sessions

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, **query: Any) -> str:
        query = {key: str(value) for key, value in query.items()}
        return f"ws://127.0.0.1:{self.port}/asr?{urlencode(query)}"

    def listing(self) -> list[dict[str, Any]]:
        """The sessions there are, newest first."""
        with urlopen(f"{self.http}/sessions") as answer:
            return json.load(answer)["sessions"]

    def seconds(self) -> float:
        """Audio received by the newest session."""
        return self.listing()[0]["seconds"]

    def check_idle(self) -> None:
        """No session, no task and no stream of the engine is left."""
        wait_until(lambda: len(self.sessions) == 0)
        wait_until(lambda: not self.server.server_state.tasks)
        streams = getattr(self.engine, "streams", ())
        wait_until(lambda: all(stream.releases for stream in streams))
        assert all(stream.releases == 1 for stream in streams)

    def talk(self, *frames: bytes | str, **query: Any) -> Dialogue:
        """Send all frames at once and listen to the end; the audio is ended for them."""
        return asyncio.run(converse(self.url(**query), [*frames, b""]))


@dataclass
class Dialogue:
    """What the server said, in order, and how it closed."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None

    def of(self, kind: str | None) -> list[dict[str, Any]]:
        return [m for m in self.messages if m.get("type") == kind]

    @property
    def kinds(self) -> list[str]:
        return [m.get("type", "state") for m in self.messages]

    @property
    def state(self) -> CaptionState:
        """The fold of everything said."""
        state = CaptionState()
        for message in self.messages:
            state.apply(message)
        return state

    @property
    def text(self) -> str:
        return self.state.committed_text


async def listen(socket: ClientConnection) -> Dialogue:
    """Everything until the server closes."""
    told = Dialogue()
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                told.messages.append(json.loads(await socket.recv()))
    except ConnectionClosed:
        told.close_code = socket.close_code
    return told


async def converse(
    url: str, frames: Iterable[bytes | str] | AsyncIterable[bytes | str]
) -> Dialogue:
    """Send frames and listen at the same time."""
    async with (
        connect(url, compression=None, max_size=None) as socket,
        asyncio.TaskGroup() as group,
    ):
        hearing = group.create_task(listen(socket))
        try:
            if isinstance(frames, AsyncIterable):
                async for frame in frames:
                    await socket.send(frame)
            else:
                for frame in frames:
                    await socket.send(frame)
        except ConnectionClosed:
            pass
    return hearing.result()


def check_heard(told: str, said: str) -> None:
    """A small model was streamed to: what it heard hangs a little on when its audio came."""
    wrong = jiwer.wer(plain(said), plain(told))
    assert wrong <= 0.35, told


def plain(text: str) -> str:
    return " ".join(word.strip(".,?!").lower() for word in text.split())


def wait_until(condition: Callable[[], object], within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)
