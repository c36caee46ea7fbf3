"""One door and one set of limits: what holds for a surface holds for all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from livestt.access.rules import RULES, need, rule_of

from .access.test_door import KEYS, ask, bearer, key_file
from .conftest import Serve
from .running import Running

LIVE = {
    "/asr": "encoding=s16le",
    "/v1/listen": "encoding=linear16&sample_rate=16000",
    "/v2/listen": "model=flux-general-en&encoding=linear16&sample_rate=16000",
    "/v1/realtime": "intent=transcription",
}
"""WebSockets that open a session, and what they want to be asked."""


@pytest.fixture(scope="module")
def server(serve_all: Serve, tmp_path_factory: pytest.TempPathFactory) -> Running:
    return serve_all(api_keys_file=str(key_file(tmp_path_factory.mktemp("keys"))))


def requests(routes: list[BaseRoute], name: str = "x") -> list[tuple[str, str]]:
    """A method (``ws`` for a WebSocket) and a path for everything that can be asked.

    Args:
        routes: of the application.
        name: stands where a path has a parameter.
    """
    found = []
    for route in routes:
        if isinstance(route, WebSocketRoute):
            found.append(("ws", route.path))
        elif isinstance(route, Route):
            path = re.sub(r"{[^}]+}", name, route.path)
            found += [(method, path) for method in sorted(route.methods or ())]
        elif isinstance(route, Mount):
            found.append(("GET", f"{route.path}/x"))
    return found


def handshake(server: Running, path: str, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """How a WebSocket is refused."""
    url = f"{server.http.replace('http', 'ws')}{path}"
    with pytest.raises(InvalidStatus) as caught, connect(url, additional_headers=headers):
        pass
    answer = caught.value.response
    found = {name.lower(): value for name, value in answer.headers.raw_items()}
    return answer.status_code, json.loads(answer.body), found


def in_its_own_words(path: str, body: dict[str, Any]) -> bool:
    """Whether a refusal has the shape that clients of this path know."""
    if path in ("/v1/listen", "/v2/listen", "/v1/auth/grant"):
        return "err_code" in body or "category" in body
    if path.startswith("/v1/"):
        return {"message", "type", "code"} <= body["error"].keys()
    return {"code", "message"} <= body.keys()


def test_no_surface_lets_anybody_in_without_a_key(server: Running) -> None:
    asked = requests(server.app.routes)
    assert {path for method, path in asked if method == "ws"} == set(LIVE)
    assert len(asked) > 25
    for method, path in asked:
        if need(path, None if method == "ws" else method, None) == "nothing":
            continue
        answer = handshake(server, path) if method == "ws" else ask(server, method, path)
        status, body, headers = answer
        assert status == 401, (method, path)
        assert headers["www-authenticate"].startswith("Bearer")
        assert "x-request-id" in headers
        assert method == "HEAD" or in_its_own_words(path, body), (path, body)


def test_no_surface_lets_a_key_do_what_it_may_not(server: Running) -> None:
    for method, path in requests(server.app.routes):
        wanted = need(path, None if method == "ws" else method, None)
        if wanted in ("nothing", "any key", "a lasting key", "metrics"):
            continue
        answer = (
            handshake(server, path, Authorization=f"Bearer {KEYS['scraper']}")
            if method == "ws"
            else ask(server, method, path, **bearer("scraper"))
        )
        assert answer[0] == 403, (method, path)
        assert method == "HEAD" or in_its_own_words(path, answer[1])


def test_other_pages_open_no_socket(server: Running) -> None:
    for path in LIVE:
        key = {"Authorization": f"Token {KEYS['talker']}"}
        status, body, _ = handshake(server, path, Origin="https://evil.example", **key)
        assert status == 403
        assert in_its_own_words(path, body)


@pytest.mark.parametrize("path", LIVE)
def test_a_full_server_says_when_to_come_back(serve: Serve, path: str, tmp_path: Path) -> None:
    server = serve(max_sessions=1)
    with connect(server.url(encoding="s16le")) as first:
        assert json.loads(first.recv())["type"] == "config"
        status, body, headers = handshake(server, f"{path}?{LIVE[path]}")
        assert status in (429, 503)
        assert int(headers["retry-after"]) >= 1
        assert in_its_own_words(path, body)


@pytest.mark.parametrize("path", LIVE)
def test_a_key_has_one_limit_for_all_dialects(serve: Serve, path: str, tmp_path: Path) -> None:
    file = key_file(tmp_path, "talker")
    file.write_text(file.read_text().replace("\n", ":max_sessions=1\n"))
    server = serve(api_keys_file=str(file))
    with connect(server.url(encoding="s16le", token=KEYS["talker"])) as first:
        assert json.loads(first.recv())["type"] == "config"
        key = {"Authorization": f"Token {KEYS['talker']}"}
        status, _, headers = handshake(server, f"{path}?{LIVE[path]}", **key)
        assert status in (429, 503)
        assert int(headers["retry-after"]) >= 1


def test_every_rule_is_about_something(server: Running) -> None:
    used = {rule_of(path) for _, path in requests(server.app.routes)}
    assert RULES.keys() - used <= {"/favicon.ico", "/sessions/*"}
