"""Addresses and refusals."""

from __future__ import annotations

import json

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from livestt.client.address import refusal, session_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://host:8000/asr", "ws://host:8000/asr?language=en&words=true"),
        ("ws://host:8000", "ws://host:8000/asr?language=en&words=true"),
        ("http://host/", "ws://host/asr?language=en&words=true"),
        ("https://host/stt/asr", "wss://host/stt/asr?language=en&words=true"),
        ("wss://h/asr?token=a%20b&language=fr", "wss://h/asr?token=a+b&language=en&words=true"),
        ("ws://[::1]:8000/asr#part", "ws://[::1]:8000/asr?language=en&words=true"),
    ],
)
def test_parameters_join_the_address(url: str, expected: str) -> None:
    assert session_url(url, {"language": "en", "mode": None, "words": True}) == expected


def refused(status: int, body: bytes, **headers: str) -> InvalidStatus:
    fields = Headers(**{key.replace("_", "-"): value for key, value in headers.items()})
    return InvalidStatus(Response(status, "", fields, body))


def test_a_refusal_carries_what_the_server_said() -> None:
    body = json.dumps({"code": "too_many_sessions", "message": "full"}).encode()
    error = refusal(refused(429, body, retry_after="5"))
    assert (str(error), error.status, error.retry_after) == ("full", 429, 5.0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"message": null}', b"\xff"])
def test_a_refusal_by_something_else_is_told_by_its_status(body: bytes) -> None:
    error = refusal(refused(502, body, retry_after="Fri, 20 Nov 2026 12:00:00 GMT"))
    assert str(error) == "the server answered 502"
    assert error.retry_after is None
