"""Keys, tokens, hosts and origins on a real server, over real sockets."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from livestt.access.keys import digest_of
from livestt.access.rules import RULES
from livestt.engines.scripted import script_of
from livestt.server.timing import Timing

from ..conftest import Serve
from ..engines import Watched
from ..running import PATIENCE, Running, wait_until

KEYS = {name: f"{name}-key-0123456789" for name in ("talker", "reader", "scraper", "root")}
SCOPES = {"talker": "transcribe", "reader": "view", "scraper": "metrics", "root": "admin"}


def key_file(folder: Path, *names: str) -> Path:
    path = folder / "keys"
    text = "".join(f"{n}:{SCOPES[n]}:sha256={digest_of(KEYS[n])}\n" for n in names or KEYS)
    path.with_suffix(".new").write_text(text)
    os.replace(path.with_suffix(".new"), path)
    return path


@pytest.fixture(scope="module")
def server(serve_all: Serve, tmp_path_factory: pytest.TempPathFactory) -> Running:
    return serve_all(api_keys_file=str(key_file(tmp_path_factory.mktemp("keys"))))


@pytest.fixture(scope="module")
def open_server(serve_all: Serve) -> Running:
    return serve_all()


def ask(
    server: Running, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of an answer."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = connection.getresponse()
        data = answer.read()
    found = {name.lower(): value for name, value in answer.getheaders()}
    is_json = found.get("content-type", "").startswith("application/json")
    return answer.status, json.loads(data) if is_json and data else data, found


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {KEYS[name]}"}


def refused(url: str, **options: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(InvalidStatus) as caught, connect(url, **options):
        pass
    return caught.value.response.status_code, json.loads(caught.value.response.body)


class TestKeys:
    @pytest.mark.parametrize("path", ["/v1/chat/completions", "/nothing"])
    def test_a_wrong_address_is_not_a_key_s_fault(self, server: Running, path: str) -> None:
        for name in ("talker", "root"):
            status, body, _ = ask(server, "POST", path, **bearer(name))
            assert status == 404
            assert "nothing" in json.dumps(body)

    def test_without_a_key_only_the_page_answers(self, server: Running) -> None:
        for path in ("/", "/overlay", "/web/app.js", "/health"):
            assert ask(server, "GET", path)[0] == 200
            assert ask(server, "GET", f"{path}?token=wrong")[0] == 200
        for path in ("/sessions", "/access", "/nothing", "/web"):
            status, body, headers = ask(server, "GET", path)
            assert (status, body["code"]) == (401, "unauthorized")
            assert headers["www-authenticate"].startswith("Bearer")
            assert headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": f"token {KEYS['talker']}"},
            {"X-API-Key": KEYS["talker"]},
            {"api-key": KEYS["talker"]},
        ],
    )
    def test_a_socket_opens_with_a_key(self, server: Running, headers: dict[str, str]) -> None:
        with connect(server.url(), additional_headers=headers) as socket:
            assert json.loads(socket.recv())["type"] == "config"
            assert socket.subprotocol is None

    def test_a_socket_opens_with_a_key_in_its_address(self, server: Running) -> None:
        assert server.talk(token=KEYS["talker"]).close_code == 1000

    @pytest.mark.parametrize("scheme", ["token", "bearer", "Bearer"])
    def test_browsers_send_keys_as_subprotocols(self, server: Running, scheme: str) -> None:
        with connect(server.url(), subprotocols=[scheme, KEYS["talker"]]) as socket:  # type: ignore[list-item]
            assert json.loads(socket.recv())["type"] == "config"
            assert socket.subprotocol == scheme

    def test_a_socket_is_refused_before_it_opens(self, server: Running) -> None:
        status, body = refused(server.url())
        assert (status, body["type"], body["code"]) == (401, "error", "unauthorized")
        assert "Authorization" in body["message"]
        with pytest.raises(InvalidStatus) as caught, connect(server.url(token="wrong")):
            pass
        headers = caught.value.response.headers
        assert headers["cache-control"] == "no-store"
        assert "default-src 'self'" in headers["content-security-policy"]
        status, body = refused(server.url(token="wrong"))
        assert (status, body["message"]) == (401, "this key is not valid")
        status, body = refused(server.url(token=KEYS["reader"]))
        assert (status, body["code"]) == (403, "missing_scope")
        assert "'transcribe'" in body["message"]

    def test_viewers_need_another_scope(self, server: Running) -> None:
        url = server.url(token=KEYS["reader"], role="viewer", session="nobody")
        assert refused(url)[0] == 404
        url = server.url(token=KEYS["talker"], role="viewer", session="nobody")
        assert refused(url)[0] == 403

    def test_scopes_open_what_they_name(self, server: Running) -> None:
        def statuses(path: str) -> dict[str, int]:
            return {name: ask(server, "GET", path, **bearer(name))[0] for name in KEYS}

        assert statuses("/sessions") == {"talker": 403, "reader": 200, "scraper": 403, "root": 200}
        assert set(statuses("/access").values()) == {200}
        assert set(statuses("/nothing").values()) == {404}

    def test_a_key_can_be_asked_what_it_is(self, server: Running) -> None:
        _, body, headers = ask(server, "GET", "/access", **bearer("reader"))
        assert body == {
            "name": "reader", "scopes": ["view"], "temporary": False, "session": None,
            "expires_at": None, "max_sessions": None,
        }  # fmt: skip
        assert headers["cache-control"] == "no-store"


class TestTokens:
    def test_a_token_stands_in_for_its_key(self, server: Running) -> None:
        status, made, _ = ask(server, "POST", "/tokens", {"seconds": 60}, **bearer("talker"))
        assert (status, made["scopes"]) == (201, ["transcribe"])
        assert server.talk(token=made["token"]).close_code == 1000
        _, body, _ = ask(server, "GET", "/access", authorization=f"Bearer {made['token']}")
        assert (body["name"], body["temporary"]) == ("talker", True)

    def test_deepgrams_clients_ask_in_their_own_way(self, server: Running) -> None:
        headers = {"authorization": f"Token {KEYS['talker']}"}
        status, made, _ = ask(server, "POST", "/v1/auth/grant", {"ttl_seconds": 10}, **headers)
        assert (status, made["expires_in"]) == (200, 10)
        assert server.talk(token=made["access_token"]).close_code == 1000
        status, body, _ = ask(server, "POST", "/v1/auth/grant", {"ttl_seconds": 3601}, **headers)
        assert status == 400
        assert "ttl_seconds" in body["err_msg"]
        status, body, _ = ask(server, "POST", "/v1/auth/grant", **bearer("reader"))
        assert status == 403
        assert "err_code" in body

    def test_a_token_begets_none(self, server: Running) -> None:
        _, made, _ = ask(server, "POST", "/tokens", **bearer("talker"))
        status, body, _ = ask(server, "POST", "/tokens", authorization=f"Token {made['token']}")
        assert (status, body["code"]) == (403, "missing_scope")

    def test_a_token_may_do_less_but_not_more(self, server: Running) -> None:
        status, made, _ = ask(server, "POST", "/tokens", {"scopes": ["view"]}, **bearer("root"))
        assert (status, made["scopes"]) == (201, ["view"])
        assert refused(server.url(token=made["token"]))[0] == 403
        status, body, _ = ask(server, "POST", "/tokens", {"scopes": ["view"]}, **bearer("talker"))
        assert (status, body["code"]) == (403, "missing_scope")

    @pytest.mark.parametrize(
        "body",
        [[], "x", {"seconds": 0}, {"seconds": "1"}, {"seconds": True}, {"scopes": []},
         {"scopes": "view"}, {"scopes": ["all"]}, {"scopes": [[]]}, {"pad": "x" * 70_000}],
    )  # fmt: skip
    def test_a_bad_request_is_answered(self, server: Running, body: Any) -> None:
        status, answer, _ = ask(server, "POST", "/tokens", body, **bearer("root"))
        assert (status, answer["code"]) == (400, "bad_request")

    def test_an_open_server_makes_them_too(self, open_server: Running) -> None:
        status, made, _ = ask(open_server, "POST", "/tokens")
        assert status == 201
        assert open_server.talk(token=made["token"]).close_code == 1000


class TestOpenServer:
    def test_any_key_is_as_good_as_none(self, open_server: Running) -> None:
        assert open_server.talk(token="whatever").close_code == 1000
        assert ask(open_server, "GET", "/access", **bearer("root"))[1]["name"] == ""

    def test_pages_cannot_make_up_a_name_for_it(self, open_server: Running) -> None:
        status, body, _ = ask(open_server, "GET", "/health", host="evil.example:8000")
        assert (status, body["code"]) == (403, "host_not_allowed")
        assert ask(open_server, "GET", "/health", host="livestt:8000")[0] == 200

    def test_other_pages_cannot_make_it_act(self, open_server: Running) -> None:
        status, body, _ = ask(open_server, "POST", "/tokens", origin="http://evil.example")
        assert (status, body["code"]) == (403, "origin_not_allowed")
        assert ask(open_server, "POST", "/tokens", origin=open_server.http)[0] == 201

    def test_names_can_be_allowed(self, serve: Serve) -> None:
        server = serve(allow_host=("captions.example.org",))
        assert ask(server, "GET", "/health", host="captions.example.org")[0] == 200
        assert ask(server, "GET", "/health", host="evil.example")[0] == 403

    def test_keys_make_names_harmless(self, server: Running) -> None:
        assert ask(server, "GET", "/health", host="captions.example.org")[0] == 200

    def test_a_network_without_keys_is_warned_of(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        serve(host="0.0.0.0")
        assert any("livestt key new" in record.message for record in caplog.records)


@pytest.fixture
def listening(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that is logged, by anybody, at any level."""
    names = ("uvicorn", "uvicorn.access", "uvicorn.error", "livestt", "websockets.server")
    before = {name: logging.getLogger(name).level for name in names}
    logging.getLogger("websockets.client").setLevel(logging.WARNING)  # the tests' own
    with caplog.at_level(logging.DEBUG):
        for name in names:
            logging.getLogger(name).setLevel(logging.DEBUG)
            logging.getLogger(name).addHandler(caplog.handler)
        yield caplog
    for name, level in before.items():
        logging.getLogger(name).removeHandler(caplog.handler)
        logging.getLogger(name).setLevel(level)
    logging.getLogger("websockets.client").setLevel(logging.NOTSET)


def test_a_key_has_its_own_limit_and_its_own_sessions(serve: Serve, tmp_path: Path) -> None:
    path = key_file(tmp_path, "talker")
    second = "another-key-0123456789"
    line = f"other:transcribe+view:sha256={digest_of(second)}"
    path.write_text(path.read_text().replace("\n", ":max_sessions=1\n") + line)
    server = serve(api_keys_file=str(path), resume_seconds=60)
    with connect(server.url(token=KEYS["talker"], encoding="s16le")) as socket:
        session = json.loads(socket.recv())["session"]
        status, body = refused(server.url(token=KEYS["talker"]))
        assert (status, body["code"]) == (429, "too_many_sessions")
        assert "this key" in body["message"]
        with connect(server.url(token=second, encoding="s16le", session=session)) as stranger:
            assert json.loads(stranger.recv())["session"] != session
            stranger.send(b"")
            for _ in stranger:
                pass
        with connect(server.url(token=KEYS["talker"], encoding="s16le", session=session)) as again:
            assert json.loads(again.recv())["session"] == session
            again.send(b"")
            for _ in again:
                pass
    assert server.talk(token=KEYS["talker"]).close_code == 1000


def test_wrong_keys_are_slowed_down_and_right_ones_are_not(serve: Serve, tmp_path: Path) -> None:
    server = serve(api_keys_file=str(key_file(tmp_path)))
    answers = [ask(server, "GET", "/access", x_api_key=f"guess {n}") for n in range(12)]
    assert [status for status, _, _ in answers[:10]] == [401] * 10
    status, body, headers = answers[-1]
    assert (status, body["code"]) == (429, "too_many_failures")
    assert int(headers["retry-after"]) >= 1
    assert ask(server, "GET", "/access", **bearer("root"))[0] == 200
    assert ask(server, "GET", "/access")[0] == 401


def test_no_key_gets_into_the_log(
    serve: Serve, tmp_path: Path, listening: pytest.LogCaptureFixture
) -> None:
    server = serve(api_keys_file=str(key_file(tmp_path)), log_level="debug")
    ask(server, "GET", f"/access?token={KEYS['root']}&x=1")
    ask(server, "GET", "/access?access_token=wrong-key-in-query")
    ask(server, "GET", "/access", **bearer("root"))
    server.talk(token=KEYS["talker"])
    refused(server.url(token="wrong-key-of-a-socket"))
    with connect(server.url(), subprotocols=["token", KEYS["talker"]]):  # type: ignore[list-item]
        pass
    wait_until(lambda: "sent a wrong key" in listening.text)
    assert not [secret for secret in KEYS.values() if secret in listening.text]
    assert "wrong-key" not in listening.text


def test_nothing_that_is_said_gets_into_the_log(
    serve: Serve, listening: pytest.LogCaptureFixture
) -> None:
    server = serve(Watched(script_of("confidential words")), log_level="debug")
    words = {"prompt": "unspeakable", "hotwords": "unmentionable"}
    configure = json.dumps({"type": "configure", **words})
    told = server.talk(configure, bytes(64_000), encoding="s16le", **words)
    assert told.text == "confidential words"
    server.check_idle()
    for secret in ("confidential", "unspeakable", "unmentionable"):
        assert secret not in listening.text


def test_every_route_says_what_it_needs(server: Running) -> None:
    def known(path: str) -> bool:
        return path in RULES or any(
            rule.endswith("*") and path.startswith(rule[:-1]) for rule in RULES
        )

    paths = [f"{r.path}/" if isinstance(r, Mount) else r.path for r in server.app.routes]  # type: ignore[attr-defined]
    assert [path for path in paths if not known(path)] == []


def test_a_body_that_does_not_come_is_not_waited_for(serve: Serve, tmp_path: Path) -> None:
    server = serve(timing=Timing(upload=0.1), api_keys_file=str(key_file(tmp_path)))
    key = bearer("talker")["authorization"]
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        head = ["POST /tokens HTTP/1.1", "host: x", f"authorization: {key}", "content-length: 9"]
        client.sendall("\r\n".join([*head, "", '{"a":']).encode())
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")
