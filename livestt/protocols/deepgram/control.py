"""What a Deepgram client says in text frames. Pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from livestt.errors import BadRequest
from livestt.protocols.options import MAX_TEXT
from livestt.protocols.untrusted import loads

MAX_ECHO = 1_000
"""Characters of a bad message that its answer repeats."""


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Still there."""


@dataclass(frozen=True, slots=True)
class Finalize:
    """Settle what has been said so far, and go on."""

    channel: int | None = None
    """None for all channels."""


@dataclass(frozen=True, slots=True)
class CloseStream:
    """No more audio comes."""


@dataclass(frozen=True, slots=True)
class ForceEndTurn:
    """Flux: the turn is over."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Change what the session listens for.

    Attributes:
        keyterms: the new list, or None where it stays.
        thresholds: Flux: when turns end, by name; None for null.
        language_hints: Flux: the new list, or None where it stays.
    """

    keyterms: tuple[str, ...] | None = None
    thresholds: dict[str, float | None] | None = None
    language_hints: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something older clients say and need no answer to."""


Control = KeepAlive | Finalize | CloseStream | ForceEndTurn | Configure | Ignored


class BadConfigure(BadRequest):
    """A ``Configure`` that cannot be honoured.

    Attributes:
        failure: what ``ConfigureFailure`` gives as its code.
    """

    def __init__(self, failure: str, message: str) -> None:
        super().__init__(message)
        self.failure = failure


def parse_control(text: str, *, channels: int = 1) -> Control:
    """Read a text frame.

    Raises:
        BadConfigure: a ``Configure`` with a value of the wrong type or length.
        BadRequest: anything else that is not a message of this protocol.
    """
    match _object(text):
        case {"type": "KeepAlive"}:
            return KeepAlive()
        case {"type": "Finalize", **rest}:
            return Finalize(_channel(rest.get("channel"), channels))
        case {"type": "CloseStream"}:
            return CloseStream()
        case {"type": "ForceEndTurn"}:
            return ForceEndTurn()
        case {"type": "Configure", **rest}:
            return Ignored() if "processors" in rest else _configure(rest)
        case _:
            raise BadRequest(
                "Could not deserialize last text message: its type is not KeepAlive, Finalize, "
                "CloseStream or Configure"
            )


def schema_error(text: str, error: BadRequest) -> dict[str, str]:
    """The answer to a text frame that is not of this protocol; the connection goes on."""
    return {
        "type": "Error",
        "variant": "SchemaError",
        "description": str(error),
        "message": text[:MAX_ECHO],
    }


def configure_success(request_id: str, configure: Configure) -> dict[str, Any]:
    """The answer to a ``Configure`` on ``/v1/listen``."""
    answer: dict[str, Any] = {"type": "ConfigureSuccess", "request_id": request_id}
    if configure.keyterms is not None:
        answer["keyterms"] = list(configure.keyterms)
    return answer


def configure_failure(request_id: str, error: BadConfigure) -> dict[str, Any]:
    return {
        "type": "ConfigureFailure",
        "request_id": request_id,
        "code": error.failure,
        "description": str(error),
    }


def _object(text: str) -> dict[str, Any]:
    try:
        message = loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"Could not deserialize last text message: not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadRequest("Could not deserialize last text message: not an object with a 'type'")
    return message


def _channel(value: Any, channels: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < channels:
        return value
    raise BadRequest(
        f"Could not deserialize last text message: channel must be from 0 to {channels - 1}"
    )


def _configure(message: dict[str, Any]) -> Configure:
    return Configure(
        keyterms=_strings(message, "keyterms"),
        thresholds=_thresholds(message.get("thresholds")),
        language_hints=_strings(message, "language_hints"),
    )


def _strings(message: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """A list of strings. An explicit null empties it; a missing one leaves it."""
    if name not in message:
        return None
    value = message[name] or []
    if not isinstance(value, list) or not all(_is_text(item) for item in value):
        raise BadConfigure("CONFIGURE_INTERNAL_ERROR", f"{name} must be a list of strings")
    if sum(map(len, value)) > MAX_TEXT:
        raise BadConfigure(
            "CONFIGURE_KEYTERM_LIMIT_EXCEEDED",
            f"{name} must be at most {MAX_TEXT} characters long together",
        )
    return tuple(item.strip() for item in value if item.strip())


def _is_text(value: Any) -> bool:
    """A string that can be sent back; half a surrogate pair cannot."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _thresholds(value: Any) -> dict[str, float | None] | None:
    if value is None:
        return None
    if isinstance(value, dict) and all(
        number is None or (isinstance(number, int | float) and not isinstance(number, bool))
        for number in value.values()
    ):
        with suppress(OverflowError):  # JSON has integers of any length
            return {
                str(name): None if number is None else float(number)
                for name, number in value.items()
            }
    raise BadConfigure("CONFIGURE_INTERNAL_ERROR", "thresholds must be numbers by name")
