"""Files that are fetched from a host that is in no hurry."""

from __future__ import annotations

import socket
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
