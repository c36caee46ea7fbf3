"""Servers behind a load balancer, with one database: what do sessions see when a server fails?

Every session is at the pace of speech. Numbered words (`livestt.engines.spelled`) show every word
that is lost or doubled; real speech shows what a model makes of being moved, against a run of the
same speech that nothing disturbs.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import Process
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from livestt.bench.bad_network import BadNetwork
from livestt.bench.chaos import PATIENCE, PIECE, answers
from livestt.client import connect
from livestt.errors import LivesttError
from livestt.timebase import to_seconds

NOTICED = 1.5
"""Seconds without a new state, of speech that goes on, that count as an interruption."""


@dataclass
class Node:
    """A server process, and what can happen to it.

    Attributes:
        port: where it listens.
        command: starts it.
        log: where it writes.
        network: between it and the database.
    """

    name: str
    port: int
    command: Sequence[str]
    log: Path
    network: BadNetwork
    process: Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await anyio.open_process(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ
            )
        while not await to_thread.run_sync(answers, self.port):
            if self.process.returncode is not None:
                raise RuntimeError(f"server {self.name} ended; {self.log} says why")
            await anyio.sleep(0.05)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it this signal, and wait until it has ended."""
        assert self.process is not None
        self.process.send_signal(number)
        await self.process.wait()

    async def freeze(self, seconds: float) -> None:
        """Cut it off from everything, and let it go on as if nothing had been."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        await anyio.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    async def lose_database(self, seconds: float) -> None:
        self.network.trouble.cut = 1.0
        await anyio.sleep(seconds)
        self.network.trouble.cut = 0.0


@asynccontextmanager
async def node(
    name: str, port: int, command: Callable[[int], Sequence[str]], log: Path, network: BadNetwork
) -> AsyncIterator[Node]:
    """A running server inside the block.

    Args:
        name: for people.
        port: where it shall listen.
        command: given the port of its way to the database, starts it.
        log: where it writes.
        network: between it and the database.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(network.open())
        one = Node(name, port, command(network.port), log, network)
        await one.start()
        try:
            yield one
        finally:
            with anyio.CancelScope(shield=True):
                assert one.process is not None
                if one.process.returncode is None:
                    one.process.send_signal(signal.SIGCONT)
                    await one.stop()


@dataclass
class Told:
    """What one client was told."""

    text: str = ""
    finished: bool = False
    resumed: int = 0
    missing: float = 0.0
    """Seconds of audio that no server had and the client no longer either."""
    rewritten: list[tuple[float, str]] = field(default_factory=list)
    """When words once shown as committed were other words later, and which."""
    pauses: list[tuple[float, float]] = field(default_factory=list)
    """Seconds without news, and when they ended, by the clock of `anyio`."""
    closes: list[str] = field(default_factory=list)
    """How connections ended that were not meant to."""


async def talk(
    url: str,
    audio: bytes,
    context: ssl.SSLContext | None,
    began: Callable[[str], None] = lambda session: None,
) -> Told:
    """A session of livestt's own client, at the pace of speech.

    Args:
        url: of the server, or of the balancer before several.
        audio: 16-bit PCM at 16 kHz.
        context: for TLS.
        began: called with the session's id, with every state.
    """
    told, shown, last = Told(), "", anyio.current_time()
    while True:
        try:
            async with connect(url, reconnect=PATIENCE, ssl=context) as captions:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_speak, captions.send, audio, captions.end)
                    async for state in captions:
                        began(state.config["session"])
                        now, text = anyio.current_time(), state.committed_text
                        if now - last > NOTICED:
                            told.pauses.append((now - last, now))
                        if not text.startswith(shown):
                            told.rewritten.append((now, _apart(shown, text)))
                        shown, last = text, now
                    tasks.cancel_scope.cancel()
                told.text, told.finished = captions.state.committed_text, captions.state.finished
                told.resumed, told.missing = captions.losses, captions.missing
                if not told.finished:
                    told.closes.append(captions.reason)
                return told
        except (OSError, LivesttError):
            await anyio.sleep(0.2)  # nothing was said yet


async def talk_deepgram(
    url: str,
    audio: bytes,
    context: ssl.SSLContext | None,
    began: Callable[[str], None] = lambda session: None,
) -> Told:
    """A Deepgram client that connects again when it must: the dialect has no way to go on, so
    what was said meanwhile, and what was not final yet, is lost."""
    told, at, begin = Told(), 0, anyio.current_time()
    while at < len(audio):
        try:
            async with open_socket(url, ssl=context, compression=None) as socket:

                async def hear() -> None:
                    with suppress(ConnectionClosed):
                        async for message in socket:
                            _note(told, json.loads(message))

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(hear)
                    try:
                        while at < len(audio):
                            due = begin + to_seconds(at // 2)
                            await anyio.sleep(max(0.0, due - anyio.current_time()))
                            await socket.send(audio[at : at + PIECE])
                            at += PIECE
                        await socket.send(json.dumps({"type": "CloseStream"}))
                        told.finished = True
                    except ConnectionClosed as closed:
                        told.closes.append(str(closed))
                        told.resumed += 1
        except (OSError, InvalidHandshake):
            await anyio.sleep(0.2)
            at = max(at, int((anyio.current_time() - begin) * 16_000) // 1600 * PIECE)
    return told


def _apart(shown: str, text: str) -> str:
    """Where a text no longer begins with what was shown."""
    same = next((i for i, (a, b) in enumerate(zip(shown, text, strict=False)) if a != b), len(text))
    return f"...{shown[max(0, same - 20) :][:60]!r} became {text[max(0, same - 20) :][:60]!r}"


def _note(told: Told, message: dict[str, object]) -> None:
    if message.get("type") == "Results" and message["is_final"]:
        text = message["channel"]["alternatives"][0]["transcript"]  # type: ignore[index]
        told.text = f"{told.text} {text}".strip()


async def _speak(
    send: Callable[[bytes], Awaitable[None]], audio: bytes, end: Callable[[], Awaitable[None]]
) -> None:
    begin = anyio.current_time()
    for at in range(0, len(audio), PIECE):
        await anyio.sleep(max(0.0, begin + to_seconds(at // 2) - anyio.current_time()))
        await send(audio[at : at + PIECE])
    await end()


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of one text that another has not, or has otherwise."""

    words: int
    lost: int
    extra: int
    changed: int


def difference(before: str, after: str, language: str | None = "en") -> Difference:
    """How a text differs from what it should be, word by word. Pure."""
    from rapidfuzz.distance import Levenshtein

    from livestt.bench.text import tokens

    wanted = [token.text for token in tokens(before, language)]
    got = [token.text for token in tokens(after, language)]
    kinds = [op.tag for op in Levenshtein.editops(wanted, got)]
    return Difference(
        len(wanted), kinds.count("delete"), kinds.count("insert"), kinds.count("replace")
    )


def chaos_server(port: int, store: str) -> Sequence[str]:
    """Starts a server that reads numbered words."""
    return [sys.executable, "-m", "livestt.bench.chaos_server", str(port), store]


def real_server(port: int, store: str, model: Path) -> Sequence[str]:
    """Starts a server as an operator would."""
    flags = {
        "--port": port,
        "--store": store,
        "--model-path": model,
        "--language": "en",
        "--resume-seconds": 60,
        "--max-sessions": 200,
        "--forwarded-allow-ips": "127.0.0.1",
    }
    given = (str(part) for pair in flags.items() for part in pair)
    return [sys.executable, "-m", "livestt", "serve", *given]
