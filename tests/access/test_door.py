"""Credentials, hosts and paths: the parts of the door that need no server."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.access.credentials import echo, presented, without_keys
from livestt.access.hosts import check_host
from livestt.access.keys import Grant, Scope
from livestt.access.rules import check, need, subject
from livestt.errors import HostNotAllowed, MissingScope


@pytest.mark.parametrize(
    ("headers", "subprotocols", "query"),
    [
        ({"authorization": "Bearer K"}, [], ""),
        ({"authorization": "bearer  K "}, [], ""),
        ({"authorization": "Token K"}, [], "token=other"),
        ({"authorization": "TOKEN K"}, [], ""),
        ({"authorization": "Basic abc", "x-api-key": "K"}, [], ""),
        ({"api-key": "K"}, ["token", "other"], ""),
        ({}, ["token", "K"], ""),
        ({}, ["x", "Bearer", "K"], "token=other"),
        ({}, ["realtime", "openai-insecure-api-key.K", "openai-beta.realtime-v1"], ""),
        ({}, [], "language=en&token=K"),
        ({}, [], "api_key=K"),
        ({}, [], "access_token=%4B"),
    ],
)
def test_a_key_is_found_wherever_it_is(
    headers: dict[str, str], subprotocols: list[str], query: str
) -> None:
    assert presented(headers, subprotocols, query) == "K"


@pytest.mark.parametrize(
    ("headers", "subprotocols", "query"),
    [
        ({}, [], ""),
        ({"authorization": "Basic abc"}, [], "token="),
        ({"authorization": "Bearer "}, ["token"], "tokens=K"),
        ({"x-api-key": " "}, ["chat"], "key=K"),
    ],
)
def test_what_is_no_key_is_not_taken_for_one(
    headers: dict[str, str], subprotocols: list[str], query: str
) -> None:
    assert presented(headers, subprotocols, query) is None


def test_the_key_is_never_echoed() -> None:
    assert echo(["token", "K"]) == "token"
    assert echo(["Bearer", "K", "x-session", "1"]) == "Bearer"
    assert echo(["realtime", "openai-insecure-api-key.K"]) is None
    assert echo([]) is None
    assert echo(["token"]) is None


def test_addresses_lose_their_keys_and_nothing_else() -> None:
    query = b"prompt=a%20b&token=K&x&api%5Fkey=K&empty=&access_token=K"
    assert without_keys(query) == b"prompt=a%20b&x&empty="
    assert without_keys(b"") == b""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "localhost:8000",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.168.1.20",
        "livestt:8000",
        "box.localhost",
        "captions.example.org:443",
        "Captions.Example.org.",
        "a.lan.test",
    ],
)
def test_own_names_are_known(host: str) -> None:
    check_host(host, ["captions.example.org", "*.lan.test"])


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example", "lan.test"]
)
def test_other_names_are_not(host: str) -> None:
    with pytest.raises(HostNotAllowed, match="--allow-host"):
        check_host(host, ["captions.example.org", "*.lan.test"])
    check_host(host, ["*"])


@pytest.mark.parametrize(
    ("path", "method", "role", "expected"),
    [
        ("/", "GET", None, "nothing"),
        ("/web/app.js", "GET", None, "nothing"),
        ("/asr", None, None, "transcribe"),
        ("/asr", None, "viewer", "view"),
        ("/asr", None, "Viewer", "view"),
        ("/asr", "GET", "viewer", "view"),
        ("/asr", "GET", None, "transcribe"),
        ("/asr", "POST", "viewer", "transcribe"),
        ("/v1/listen", None, "viewer", "transcribe"),
        ("/sessions", "GET", None, "view"),
        ("/sessions/abc", "DELETE", None, "admin"),
        ("/v1/audio/transcriptions", "POST", None, "transcribe"),
        ("/v1/models/base", "GET", None, "any key"),
        ("/webx", "GET", None, "admin"),
        ("/v1/whatever", "POST", None, "admin"),
        ("", "GET", None, "admin"),
    ],
)
def test_what_paths_need(path: str, method: str | None, role: str | None, expected: str) -> None:
    assert need(path, method, role) == expected


@pytest.mark.parametrize(
    ("path", "method", "query", "expected"),
    [
        ("/asr", None, {"role": "viewer", "session": "s"}, "s"),
        ("/asr", "GET", {"role": "Viewer", "session": "s"}, "s"),
        ("/asr", None, {"session": "s"}, None),
        ("/asr", "POST", {"role": "viewer", "session": "s"}, None),
        ("/v1/listen", None, {"role": "viewer", "session": "s"}, None),
        ("/transcripts/s", "HEAD", {}, "s"),
        ("/transcripts/s", "GET", {"role": "viewer", "session": "t"}, "s"),
        ("/transcripts/s", None, {}, None),
        ("/transcripts/s", "DELETE", {}, None),
        ("/transcripts/s/audio", "GET", {}, None),
        ("/transcripts", "GET", {"q": "s"}, None),
        ("/sessions/s", "GET", {"session": "s"}, None),
    ],
)
def test_which_session_a_request_is_about(
    path: str, method: str | None, query: dict[str, str], expected: str | None
) -> None:
    assert subject(path, method, query) == expected


def test_a_token_for_one_session_opens_nothing_else_whatever_it_allows() -> None:
    scopes: frozenset[Scope] = frozenset({"admin"})
    grant = Grant("alice", scopes, temporary=True, session="s")
    for path, method in (("/transcripts/s", "GET"), ("/access", "GET"), ("/health", "GET")):
        check(grant, path, method, {})
    for path, method in (("/transcripts/t", "GET"), ("/metrics", "GET"), ("/transcripts/s", "PUT")):
        with pytest.raises(MissingScope, match="one session"):
            check(grant, path, method, {})


@given(
    st.dictionaries(st.sampled_from(["authorization", "x-api-key", "api-key"]), st.text()),
    st.lists(st.text()),
    st.text(),
)
def test_any_request_can_be_looked_at(
    headers: dict[str, str], subprotocols: list[str], query: str
) -> None:
    presented(headers, subprotocols, query)
    echo(subprotocols)


@given(st.binary(), st.sampled_from([b"token", b"api_key", b"%74oken"]))
def test_no_key_stays_in_an_address(rest: bytes, name: bytes) -> None:
    query = rest + b"&" + name + b"=geheim&" + rest
    assert b"geheim" not in without_keys(query).replace(rest, b"")


@given(st.text())
def test_any_host_is_judged(host: str) -> None:
    with suppress(HostNotAllowed):
        check_host(host, ["captions.example.org"])
