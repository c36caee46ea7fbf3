"""The page, its files, the health route, and the headers around them."""

from __future__ import annotations

import gzip
import http.client
import json

import pytest

from livestt import __version__

from .conftest import Serve
from .running import Running


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all()


def get(
    server: Running, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """As it is written: http.client does not tidy paths."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_health_says_who_answers(server: Running) -> None:
    status, _, body = get(server, "/health")
    health = json.loads(body)
    assert status == 200
    assert (health["status"], health["ready"]) == ("ok", True)
    assert health["backend"] == "scripted"
    assert health["sessions"] == 0
    assert health["version"] == __version__
    assert "demonstration" in health["notice"]


def test_health_of_a_dead_engine(serve: Serve) -> None:
    server = serve()
    server.services.scheduler.close()
    status, _, body = get(server, "/health")
    assert (status, json.loads(body)["status"]) == (503, "error")


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/health", "/nothing", "/web/nothing"])
def test_every_answer_is_guarded(server: Running, path: str) -> None:
    status, headers, _ = get(server, path)
    assert status == (404 if "nothing" in path else 200)
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "microphone=(self)" in headers["permissions-policy"]
    assert "server" not in headers


def test_the_page_and_its_scripts(server: Running) -> None:
    _, headers, body = get(server, "/")
    assert headers["content-type"].startswith("text/html")
    assert headers["cache-control"] == "no-cache"
    assert b"/web/" in body or b"web/" in body
    _, headers, _ = get(server, "/web/app.js")
    assert "javascript" in headers["content-type"]
    assert headers["cache-control"] == "no-cache"


def test_the_page_travels_small_and_is_asked_about_again(server: Running) -> None:
    for path in ("/", "/web/strings/en.js"):
        _, plain_headers, plain = get(server, path)
        assert "content-encoding" not in plain_headers
        _, headers, small = get(server, path, **{"accept-encoding": "gzip, br"})
        assert headers["content-encoding"] == "gzip"
        assert gzip.decompress(small) == plain
    again = {"accept-encoding": "gzip", "if-none-match": headers["etag"]}
    status, _, body = get(server, "/web/strings/en.js", **again)
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/web/../pyproject.toml",
        "/web/%2e%2e/pyproject.toml",
        "/web/..%2fpyproject.toml",
        "/web/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/web//etc/passwd",
        "/web/..\\pyproject.toml",
        "/../pyproject.toml",
        "/web/%00",
        "/web/" + "a" * 5000,
    ],
)
def test_no_way_leads_out_of_the_folder(server: Running, path: str) -> None:
    status, _, body = get(server, path)
    assert status in (400, 404)
    assert b"[project]" not in body
    assert b"root:" not in body


def test_only_get_is_for_pages(server: Running) -> None:
    assert get(server, "/", "POST")[0] == 405
