"""A server that speaks the native protocol at a test's word, and keeps what it hears.

It serves the real page under the real content security policy. What it says is up to the test:
`say` puts a message on the newest connection, `drop` cuts it.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from livestt.extension import ORIGIN

from .fake_store import FakeStore
from .fake_voices import FakeVoices

PATIENCE = 60.0
"""Seconds to wait for what must come: a busy machine may stand still for a while."""
WEB = Path(__file__).parents[2] / "web"

POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; "
    "media-src 'self' blob:; style-src 'self'; script-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
)

Message = dict[str, Any]


@dataclass
class Heard:
    """What one connection brought."""

    query: dict[str, str]
    host: str = ""
    offered: list[str] = field(default_factory=list)
    """Subprotocols: the key is among them."""
    frames: list[bytes] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    controls: list[Message] = field(default_factory=list)
    ended: bool = False

    @property
    def pcm(self) -> bytes:
        return b"".join(self.frames)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 32_000

    def types(self) -> list[str]:
        return [control["type"] for control in self.controls]


class FakeServer:
    def __init__(self) -> None:
        self.url = ""
        self.heard: list[Heard] = []
        self.notice: str | None = None
        self.languages = ["de", "en", "fr"]
        self.away = False
        self.stops_at_once = True
        self.resume_from: int | None = None
        """If set, a session asked for again is found, and goes on at this sample."""
        self.resume_lines: list[Message] = []
        self.refusal: tuple[int, Message] | None = (429, {"code": "too_many_sessions"})
        """Why no socket opens while it is away; None if it should."""
        self.key = ""
        """If set, `/access` wants it."""
        self.about: Message = {}
        """What else `/health` and each `config` say."""
        self.store = FakeStore()
        self.voices = FakeVoices()
        self.sessions: list[Message] = []
        """What a page that wants to follow one is told is running."""
        self._socket: WebSocket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # What a test does

    def say(self, **message: Any) -> None:
        """Put a message on the newest connection."""
        socket = self._socket
        assert socket is not None
        self._run(lambda: socket.send_text(json.dumps(message)))

    def drop(self) -> None:
        """Cut the newest connection, as a crash would."""
        socket = self._socket
        assert socket is not None
        self._run(lambda: socket.close(1011))

    @property
    def newest(self) -> Heard:
        return self.heard[-1]

    def start(self) -> None:
        config = uvicorn.Config(
            self._app(), host="127.0.0.1", port=0, log_level="warning", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="fake-server")
        self._thread.start()
        wait_for(lambda: self._server is not None and self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)

    # What a browser meets

    def _app(self) -> Starlette:
        routes = [
            Route("/", self._page),
            Route("/overlay", self._overlay),
            Route("/health", self._health),
            Route("/sessions", self._sessions),
            Route("/access", self._access),
            Route("/tokens", self._tokens, methods=["POST"]),
            Route("/asr", self._admission),
            *self.store.routes(),
            *self.voices.routes(),
            Mount("/web", StaticFiles(directory=WEB)),
            WebSocketRoute("/asr", self._asr),
        ]
        extension = Middleware(
            CORSMiddleware, allow_origins=[ORIGIN], allow_methods=["*"], allow_headers=["*"]
        )
        app = Starlette(routes=routes, middleware=[extension])
        return app

    async def _page(self, request: Request) -> Response:
        return FileResponse(WEB / "index.html", headers={"Content-Security-Policy": POLICY})

    async def _overlay(self, request: Request) -> Response:
        return FileResponse(WEB / "overlay.html", headers={"Content-Security-Policy": POLICY})

    async def _sessions(self, request: Request) -> Response:
        return JSONResponse({"sessions": self.sessions})

    async def _access(self, request: Request) -> Response:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return JSONResponse({"code": "unauthorized", "message": "a key is wanted"}, 401)
        name = "fake" if self.key else ""
        return JSONResponse({"name": name, "scopes": ["transcribe", "view", "admin"]})

    async def _tokens(self, request: Request) -> Response:
        return JSONResponse({"token": "ek_fake"}, 201)

    async def _admission(self, request: Request) -> Response:
        """What a page asks when no socket opens."""
        refusal = self.refusal if self.away else None
        if refusal is None:
            return JSONResponse({})
        status, body = refusal
        return JSONResponse({"type": "error", **body}, status)

    async def _health(self, request: Request) -> Response:
        store = {"status": "ok" if self.store.kept else "off"}
        about = {"status": "ok", "notice": self.notice, "store": store, **self.about}
        return JSONResponse(about)

    async def _asr(self, socket: WebSocket) -> None:
        if self.away:
            await socket.close(1013)
            return
        self._loop = asyncio.get_running_loop()
        offered = socket.scope["subprotocols"]
        await socket.accept(subprotocol=offered[0] if offered else None)
        heard = Heard(dict(socket.query_params), socket.headers["host"], offered)
        await socket.send_text(json.dumps(self._config(heard)))
        self._socket = socket
        self.heard.append(heard)
        if self.resume_from is not None and "session" in heard.query:
            resumed = snapshot(9, self.resume_lines, resume_from_sample=self.resume_from)
            await socket.send_text(json.dumps(resumed))
        try:
            await self._listen(socket, heard)
        except (WebSocketDisconnect, RuntimeError):
            return

    async def _listen(self, socket: WebSocket, heard: Heard) -> None:
        while (event := await socket.receive())["type"] == "websocket.receive":
            if event.get("text") is not None:
                heard.controls.append(json.loads(event["text"]))
            elif event["bytes"]:
                heard.frames.append(event["bytes"])
                heard.arrivals.append(time.monotonic())
            else:
                heard.ended = True
                if self.stops_at_once:
                    await socket.send_text('{"type": "ready_to_stop"}')

    def _session(self, heard: Heard) -> str:
        wanted = heard.query.get("session")
        found = self.resume_from is not None or heard.query.get("role") == "viewer"
        return wanted if wanted and found else f"session-{len(self.heard)}"

    def _config(self, heard: Heard) -> Message:
        return {
            "type": "config",
            "useAudioWorklet": True,
            "mode": "diff",
            "session": self._session(heard),
            "encoding": "s16le",
            "sample_rate": 16000,
            "channels": 1,
            "backend": "fake",
            "model": "fake",
            "language": heard.query.get("language", "auto"),
            "languages": self.languages,
            "notice": self.notice,
            "version": "0.1.0",
            **self.about,
        }

    def _run(self, action: Callable[[], Any]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(action(), self._loop).result(5)


def wait_for(condition: Callable[[], Any], timeout: float = PATIENCE) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "this did not come about in time"
        time.sleep(0.02)


def snapshot(
    seq: int = 1,
    lines: list[Message] | None = None,
    resume_from_sample: int | None = None,
    **fields: Any,
) -> Message:
    return {
        "type": "snapshot",
        "seq": seq,
        "status": "active_transcription",
        "lines": lines or [],
        **({"resume_from_sample": resume_from_sample} if resume_from_sample is not None else {}),
        **live(**fields),
    }


def diff(seq: int, n_lines: int, **fields: Any) -> Message:
    changes: Message = {
        name: fields.pop(name)
        for name in ("new_lines", "updates", "lines_pruned")
        if name in fields
    }
    return {
        "type": "diff",
        "seq": seq,
        "status": "active_transcription",
        "n_lines": n_lines,
        **changes,
        **live(**fields),
    }


def live(
    text: str = "", final: int = 0, received: float = 0.0, lag: float = 0.0, begin: float = 0.0
) -> Message:
    return {
        "buffer_transcription": text,
        "buffer_final_chars": final,
        "buffer_speaker": 1,
        "buffer_diarization": "",
        "buffer_translation": "",
        "remaining_time_transcription": lag,
        "remaining_time_diarization": 0,
        "audio_received": received,
        **({"buffer_begin": begin} if text else {}),
    }


def line(id: int, text: str | None, begin: float, finish: float, speaker: int = 1) -> Message:
    return {
        "id": id,
        "speaker": -2 if text is None else speaker,
        "text": text,
        "start": clock(begin),
        "end": clock(finish),
        "begin": begin,
        "finish": finish,
        "words": evenly(text, begin, finish, speaker) if text else [],
    }


def evenly(text: str, begin: float, finish: float, speaker: int) -> list[Message]:
    words = text.split()
    step = (finish - begin) / len(words)
    return [
        {
            "word": word,
            "start": round(begin + i * step, 3),
            "end": round(begin + (i + 1) * step, 3),
            "probability": 0.9,
            "speaker": speaker,
        }
        for i, word in enumerate(words)
    ]


def clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{rest:05.2f}"
