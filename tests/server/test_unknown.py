"""Addresses with nothing behind them are refused in the shape of the protocol that lies there."""

from __future__ import annotations

from typing import Any

import pytest

from .access.test_door import ask
from .conftest import Serve
from .running import Running
from .test_every_surface import handshake


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all()


def said(path: str, body: Any) -> str:
    """The message of a refusal, where clients of this path look for it."""
    if path.startswith(("/v1/listen", "/v1/auth/", "/v2/listen")):
        return str(body["err_msg"])
    return str(body["error"]["message"] if path.startswith("/v1/") else body["message"])


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nothing", 404, None),
        ("POST", "/asr/x", 404, None),
        ("GET", "/v2/nothing", 404, None),
        ("GET", "/web/nothing.js", 404, None),
        ("GET", "/v1/auth/nothing", 404, None),
        ("GET", "/v1/chat/completions", 404, None),
        ("GET", "/detect-language", 405, {"POST"}),
        ("GET", "/v1/listen", 405, {"POST"}),
        ("GET", "/v1/auth/grant", 405, {"POST"}),
        ("GET", "/v1/realtime/client_secrets", 405, {"POST"}),
        ("DELETE", "/v1/models", 405, {"GET", "HEAD"}),
        ("PUT", "/health", 405, {"GET", "HEAD"}),
    ],
)
def test_requests(
    server: Running, method: str, path: str, status: int, allow: set[str] | None
) -> None:
    answered, body, headers = ask(server, method, path)
    assert answered == status
    assert path in said(path, body)
    assert method in said(path, body)
    assert (set(headers["allow"].split(", ")) if "allow" in headers else None) == allow


@pytest.mark.parametrize("path", ["/v1/listen", "/v2/listen", "/v1/realtime"])
def test_a_socket_whose_handshake_was_lost_on_the_way(server: Running, path: str) -> None:
    _, body, _ = ask(server, "GET", path)
    assert "opens a WebSocket" in said(path, body)


@pytest.mark.parametrize("path", ["/nothing", "/v1/models", "/v1/nothing", "/v2/listen/x"])
def test_handshakes(server: Running, path: str) -> None:
    status, body, _ = handshake(server, path)
    assert status == 404
    assert path in said(path, body)


def test_a_slash_too_many_is_led_to_the_right_address(server: Running) -> None:
    status, _, headers = ask(server, "GET", "/health/")
    assert status == 307
    assert headers["location"].endswith("/health")
