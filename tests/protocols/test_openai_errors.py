from __future__ import annotations

from livestt.errors import BadRequest, Overloaded, TooManySessions, Unauthorized
from livestt.protocols.openai_errors import error_body


def test_a_field_that_is_wrong_is_named() -> None:
    assert error_body(BadRequest("too loud", param="volume")) == {
        "error": {
            "message": "too loud",
            "type": "invalid_request_error",
            "param": "volume",
            "code": "bad_request",
        }
    }


def test_codes_that_the_sdks_know() -> None:
    assert error_body(Unauthorized("no key"))["error"]["code"] == "invalid_api_key"
    assert error_body(TooManySessions("full"))["error"]["code"] == "rate_limit_exceeded"
    assert error_body(Overloaded("busy"))["error"]["type"] == "server_error"
