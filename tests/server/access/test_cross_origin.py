"""Pages of other origins, as far as the operator lets them: what their browser is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Serve
from ..running import Running
from .test_door import ask, bearer, key_file

SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def server(serve_all: Serve, tmp_path_factory: pytest.TempPathFactory) -> Running:
    keys: Path = key_file(tmp_path_factory.mktemp("keys"))
    return serve_all(api_keys_file=str(keys), allow_origin=(SHOP,))


def preflight(server: Running, path: str, origin: str) -> dict[str, str]:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization, x-stainless-os"
    return ask(server, "OPTIONS", path, **asked)[2]


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/listen", "/asr", "/nothing"])
def test_a_browser_may_send_a_key(server: Running, path: str) -> None:
    told = preflight(server, path, SHOP)
    assert told["access-control-allow-origin"] == SHOP
    assert "authorization" in told["access-control-allow-headers"]
    assert "access-control-allow-origin" not in preflight(server, path, "https://evil.example")


@pytest.mark.parametrize(
    "header", ["Retry-After", "X-Request-Id", "Livestt-Transcript", "Dg-Request-Id", "Dg-Error"]
)
def test_a_page_may_read_what_answers_say_in_headers(server: Running, header: str) -> None:
    _, _, told = ask(server, "GET", "/v1/models", Origin=SHOP, **bearer("root"))
    assert header in told["access-control-expose-headers"].split(", ")
    refused = ask(server, "POST", "/v1/listen", Origin=SHOP)[2]
    assert refused["access-control-allow-origin"] == SHOP
