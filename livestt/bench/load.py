"""Many concurrent sessions, each paced like a microphone, in as few tasks as possible."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import anyio

from livestt.bench.encodings import Encoding
from livestt.bench.figures import distribution
from livestt.bench.judge import Score, judge
from livestt.bench.streams import Chunk, Stream, Studio
from livestt.bench.wire import END, Wire
from livestt.bench.witness import Witness
from livestt.client.address import Refused, session_url
from livestt.errors import LivesttError

HANDSHAKE = 30.0
"""Seconds within which a server must have accepted and said its configuration."""
RAW = ("s16le", "f32le", "mulaw", "alaw")


class Unreachable(LivesttError):
    """The server cannot be spoken to."""

    code = "unreachable"


@dataclass(frozen=True, slots=True)
class Call:
    """How every session of a load speaks to the server."""

    url: str
    mode: Literal["full", "diff"] = "full"
    encoding: Encoding | Literal["auto"] = "auto"
    language: str | None = "en"
    patience: float = 60.0
    """Seconds that a transcript may take to end after its audio has."""


@dataclass(slots=True)
class Load:
    """What came of it."""

    scores: list[Score]
    config: dict[str, object]
    """The server's first message, of one session."""
    cpu: float
    """Seconds of CPU that this client used."""


class Caller:
    """One session."""

    def __init__(self, call: Call, studio: Studio, stream: Stream) -> None:
        self._call = call
        self._studio = studio
        self._stream = stream
        self._witness = Witness()
        self._wire = Wire(_address(call), self._receive, self._pump)
        self._configured = anyio.Event()
        encoding: Encoding = "s16le" if call.encoding == "auto" else call.encoding
        self._chunks: deque[Chunk] = deque(studio.chunks(stream, encoding))
        self._timer: asyncio.TimerHandle | None = None
        self._begin = 0.0
        self._waited = False
        self._late: list[float] = []
        self._ended = 0.0

    @property
    def config(self) -> dict[str, object]:
        return dict(self._witness.config or {})

    @property
    def refusal(self) -> Refused | None:
        """Why the server did not take the session, if it did not."""
        return self._wire.refusal

    async def run(self, start: float) -> None:
        """Connect at a time of the monotonic clock, talk, and wait for the end."""
        await anyio.sleep(max(0.0, start - time.monotonic()))
        await self._connect()
        try:
            if self._wire.refusal is None and self._witness.config is not None:
                await self._talk()
        finally:
            self._wire.close()

    def score(self) -> Score:
        """What it amounts to; to be asked when all sessions are over."""
        witness, studio = self._witness, self._studio
        score = judge(
            self._stream.reference,
            witness.sightings,
            witness.text,
            studio.language,
            studio.frame,
        )
        score.rewritten = witness.rewritten
        score.lag = witness.lag
        late = distribution(self._late)
        score.late = late.p99 if late else 0.0
        score.seconds = self._stream.frames * studio.frame
        if witness.finished:
            score.tail = max(0.0, self._ended - score.seconds)
        score.failure = self._failure()
        return score

    async def _connect(self) -> None:
        parts = urlsplit(self._call.url)
        secure = parts.scheme in ("wss", "https")
        try:
            with anyio.fail_after(HANDSHAKE):
                await asyncio.get_running_loop().create_connection(
                    lambda: self._wire,
                    parts.hostname or "127.0.0.1",
                    parts.port or (443 if secure else 80),
                    ssl=ssl.create_default_context() if secure else None,
                )
                await self._wire.answered.wait()
                await self._configured.wait()
        except TimeoutError as error:
            raise Unreachable(f"{self._call.url} does not answer like /asr") from error
        except OSError as error:
            raise Unreachable(f"Cannot connect to {self._call.url}: {error}") from error

    async def _talk(self) -> None:
        if self._call.encoding == "auto" and not self.config.get("useAudioWorklet"):
            self._chunks = deque(self._studio.chunks(self._stream, "wav"))
        self._begin = time.monotonic()
        self._pump()
        length = self._stream.frames * self._studio.frame
        with anyio.move_on_after(length + self._call.patience):
            await self._wire.closed.wait()

    def _pump(self) -> None:
        """Write what is due, and come back for the next."""
        if self._wire.closed.is_set():
            self._configured.set()
        if not (self._chunks and self._wire.writable):
            self._waited = True
            return
        if self._timer is not None:
            self._timer.cancel()
        now = time.monotonic() - self._begin
        if not self._waited:
            self._late.append(max(0.0, now - self._chunks[0][0]))
        self._waited = False
        while self._chunks and self._chunks[0][0] <= now:
            self._wire.write(self._chunks.popleft()[1])
        if self._chunks:
            due = self._begin + self._chunks[0][0]
            self._timer = asyncio.get_running_loop().call_at(due, self._pump)
        else:
            self._wire.write(END)

    def _receive(self, now: float, text: bytes) -> None:
        self._witness.see(now - self._begin, json.loads(text))
        if self._witness.config is not None:
            self._configured.set()
        if self._witness.finished:
            self._ended = now - self._begin
            self._wire.close()

    def _failure(self) -> str | None:
        if self._wire.refusal is not None:
            return str(self._wire.refusal)
        if self._witness.errors:
            return self._witness.errors[-1]
        if not self._witness.finished:
            code = self._wire.close_code
            lost = f"the server closed ({code})" if code else "not finished in time"
            return f"{lost} before everything was transcribed"
        return None


async def put_load(
    call: Call, studio: Studio, streams: Sequence[Stream], numbers: Sequence[int], ramp: float
) -> Load:
    """Run a session for each stream; they begin at different moments within ``ramp`` seconds.

    Args:
        call: how they speak to the server.
        studio: where the streams were made.
        streams: what each says.
        numbers: of the sessions; they decide the moments.
        ramp: seconds.

    Raises:
        ExceptionGroup: of `Unreachable`: there is no server, or it is not one of these.
    """
    callers = [Caller(call, studio, stream) for stream in streams]
    busy = time.process_time()
    start = time.monotonic()
    async with anyio.create_task_group() as tasks:
        for i, caller in zip(numbers, callers, strict=True):
            tasks.start_soon(caller.run, start + ramp * _scattered(i))
    busy = time.process_time() - busy
    return Load([caller.score() for caller in callers], callers[0].config, busy)


def _scattered(i: int) -> float:
    """Points of [0, 1) that are even however many there are: multiples of the golden ratio."""
    return i * 0.6180339887498949 % 1.0


def _address(call: Call) -> str:
    declared = "s16le" if call.encoding == "auto" else call.encoding
    raw = declared in RAW
    parameters: dict[str, object] = {
        "language": call.language,
        "mode": call.mode,
        "encoding": declared if raw else "auto",
        "sample_rate": 16_000 if raw else None,
    }
    return session_url(call.url, parameters)
