"""A Hugging Face hub on a loopback port, with as much of its protocol as a download uses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """Repositories to serve, and what was asked for."""

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def fetched(self) -> set[str]:
        """Names of the files that were downloaded."""
        return {
            path.rpartition("/")[2]
            for line in self.asked
            if (path := line.removeprefix("GET ")) != line and "/resolve/" in path
        }


@contextmanager
def running(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve a hub until the block ends."""

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: ClassVar[FakeHub]

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        self.served.asked.append(f"{self.command} /{path}")
        parts = path.split("/")
        if not path:
            self._send(200, b"a hub")
        elif parts[:2] == ["api", "models"]:
            self._describe("/".join(parts[2:4]), parts[4:])
        elif "resolve" in parts:
            at = parts.index("resolve")
            self._file("/".join(parts[:at]), "/".join(parts[at + 2 :]))
        else:
            self._send(404, b"")

    def _describe(self, repo: str, rest: list[str]) -> None:
        files = self.served.repos.get(repo)
        if files is None:
            self._send(404, b'{"error": "Repository not found"}', X_Error_Code="RepoNotFound")
        elif rest[:1] == ["tree"]:
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": _etag(data)}
                for name, data in files.items()
            ]
            self._send(200, json.dumps(tree).encode())
        else:
            siblings = [{"rfilename": name} for name in files]
            info = {"id": repo, "sha": COMMIT, "siblings": siblings, "private": False}
            self._send(200, json.dumps(info).encode())

    def _file(self, repo: str, name: str) -> None:
        data = self.served.repos[repo].get(name)
        if data is None:
            self._send(404, b"", X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
        else:
            self._send(200, data, ETag=f'"{_etag(data)}"', X_Repo_Commit=COMMIT)

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
