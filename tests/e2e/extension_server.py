"""The real server in a process of its own, which can be killed, and what clients sent to it.

Run as a program, it keeps every byte of audio that comes in, a file for each connection.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .fake_server import wait_for

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True)
class Connection:
    """One session of a client, as the server heard it."""

    query: Mapping[str, str]
    origin: str
    pcm: Path

    @property
    def seconds(self) -> float:
        return self.pcm.stat().st_size / 32_000


class ServerProcess:
    """A server on a port of its own. It can be killed and started again."""

    def __init__(self, kept: Path, port: int, *options: str) -> None:
        self.kept = kept
        self.url = f"http://127.0.0.1:{port}/"
        module = "tests.e2e.extension_server"
        self._command = [sys.executable, "-m", module, str(kept), "--port", str(port), *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=ROOT)
        wait_for(lambda: self.answers() or not self._runs(), timeout=120)
        assert self._runs(), "the server ended"

    def freeze(self) -> None:
        """What comes now is taken by the system, and lost if the process dies."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Without any goodbye."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(20)

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}health", timeout=5):
                return True
        except OSError:
            return False

    @property
    def heard(self) -> list[Connection]:
        """In the order in which they came."""
        found = []
        for path in sorted(self.kept.glob("*.json")):
            told = json.loads(path.read_text())
            found.append(Connection(told["query"], told["origin"], path.with_suffix(".pcm")))
        return found


class Keep:
    """ASGI middleware that writes down what comes in by WebSocket."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        number = len(list(self._folder.glob("*.pcm")))
        told = {
            "query": dict(parse_qsl(scope["query_string"].decode())),
            "origin": dict(scope["headers"]).get(b"origin", b"").decode(),
        }
        with (self._folder / f"{number:03}.pcm").open("wb", buffering=0) as file:
            (self._folder / f"{number:03}.json").write_text(json.dumps(told))

            async def receive_and_keep() -> Message:
                message: Any = await receive()
                file.write(message.get("bytes") or b"")
                return message

            await self._app(scope, receive_and_keep, send)


def main(folder: str, *options: str) -> None:
    from livestt.cli.serve import command
    from livestt.server import app as server

    create_app = server.create_app

    def create_keeping_app(*args: Any, **more: Any) -> Any:
        app = create_app(*args, **more)
        app.add_middleware(Keep, folder=Path(folder))
        return app

    server.create_app = create_keeping_app
    command.main([*options, "--log-level", "warning"], standalone_mode=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    main(*sys.argv[1:])
