"""A real HTTP server on a loopback port that speaks OpenAI's transcription API.

It answers with what another engine hears, or as a test tells it to.
"""

from __future__ import annotations

import io
import threading
import time
import wave
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livestt.engines import Engine, Job, Samples, StreamOptions

Body = dict[str, Any]
Hear = Callable[["Received"], Body]


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    path: str
    fields: dict[str, list[str]]
    headers: dict[str, str]
    audio: Samples


@dataclass(eq=False, slots=True)
class FakeOpenAI:
    """The server's side. Change ``hear``, or queue ``replies`` that come before it."""

    hear: Hear
    replies: deque[Response] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    delay: float = 0.0
    at_once: int = 0
    """Most requests that were being answered at the same time."""
    url: str = ""
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def answer(self, request: Request) -> Response:
        fields, file = _form(request.headers["content-type"], await request.body())
        received = Received(request.url.path, fields, dict(request.headers), _samples(file))
        return await run_in_threadpool(self._answer, received)

    def _answer(self, received: Received) -> Response:
        with self._lock:
            self.received.append(received)
            reply = self.replies.popleft() if self.replies else None
            self._busy += 1
            self.at_once = max(self.at_once, self._busy)
        time.sleep(self.delay)
        try:
            return JSONResponse(self.hear(received)) if reply is None else reply
        finally:
            with self._lock:
                self._busy -= 1


def says(*words: tuple[str, float, float], **more: Any) -> Hear:
    """Always the same words, with times in seconds."""
    entries = [{"word": text, "start": start, "end": end} for text, start, end in words]
    text = " ".join(entry["word"] for entry in entries)  # type: ignore[misc]
    return lambda _: {"text": text, "language": "english", "words": entries, **more}


def listens(engine: Engine) -> Hear:
    """What an engine hears in the file."""
    lock = threading.Lock()

    def hear(received: Received) -> Body:
        language = received.fields.get("language", ["en"])[0]
        if language not in engine.capabilities.languages:
            language = "en"
        translate = received.path.endswith("/translations")
        options = StreamOptions(language, "translate" if translate else "transcribe")
        with lock:
            stream = engine.open(options)
            [answer] = engine.run([Job(stream, received.audio, 0, True, options)])
            engine.release(stream)
        words = answer.words if answer.rejected is None else ()
        return {
            "task": options.task,
            "language": "english",
            "duration": len(received.audio) / 16_000,
            "text": "".join(word.text for word in words).strip(),
            "segments": [],
            "words": [
                {
                    "word": word.text.strip(" .,!?"),
                    "start": round(word.start / 16_000, 2),
                    "end": round(word.end / 16_000, 2),
                }
                for word in words
            ],
        }

    return hear


@contextmanager
def serving(hear: Hear) -> Iterator[FakeOpenAI]:
    """Run the server in a thread."""
    fake = FakeOpenAI(hear)
    paths = ("/v1/audio/transcriptions", "/v1/audio/translations")
    app = Starlette(routes=[Route(path, fake.answer, methods=["POST"]) for path in paths])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        fake.url = f"http://127.0.0.1:{port}/v1"
        yield fake
    finally:
        server.should_exit = True
        thread.join()


def _form(content_type: str, body: bytes) -> tuple[dict[str, list[str]], bytes]:
    """The fields of a multipart form, and its file."""
    boundary = b"--" + content_type.partition("boundary=")[2].encode()
    fields: dict[str, list[str]] = {}
    file = b""
    for part in body.split(boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        if b'filename="' in head:
            file = content
        else:
            fields.setdefault(name, []).append(content.decode())
    return fields, file


def _samples(file: bytes) -> Samples:
    with wave.open(io.BytesIO(file)) as reader:
        assert (reader.getframerate(), reader.getnchannels()) == (16_000, 1)
        pcm = reader.readframes(reader.getnframes())
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
