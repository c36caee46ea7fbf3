"""Files that are fetched from a host that is in no hurry."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import anyio
import pytest

from livestt.errors import BadRequest
from livestt.server.files import fetching


def test_a_host_that_drips_does_not_outlast_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LONGEST", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = "{}:{}".format(*listener.getsockname())

        def drip() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(1 << 16)
                peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nabc")
                peer.recv(1)  # until the server gives up

        dripping = Thread(target=drip)
        dripping.start()

        async def fetch() -> None:
            async with fetching.fetched(f"http://{host}/", [host], 1000, 5.0):
                pass

        with pytest.raises(BadRequest, match="took more than"):
            anyio.run(fetch)
        dripping.join()


@contextmanager
def serving(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A host that answers one request so and hangs up: its name, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                asked.append(peer.recv(1 << 16))
                peer.sendall(answer)

        serving = Thread(target=serve)
        serving.start()
        yield "{}:{}".format(*listener.getsockname()), asked
        serving.join()


async def fetch(host: str, path: str = "/") -> bytes:
    async with fetching.fetched(f"http://{host}{path}", [host], 1000, 5.0) as file:
        return file.read()


def test_half_a_file_is_not_taken_for_a_whole_one() -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nabc") as (host, _),
        pytest.raises(BadRequest, match="broke off 96 bytes before the end"),
    ):
        anyio.run(fetch, host)


def test_addresses_as_people_write_them() -> None:
    with serving(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc") as (host, asked):
        assert anyio.run(fetch, host, "/Gespräch 1.mp3?of=%41&b=ü") == b"abc"
    assert asked[0].startswith(b"GET /Gespr%C3%A4ch%201.mp3?of=%41&b=%C3%BC HTTP/1.1\r\n")
