"""Who answers and how it refuses: what is the same in every Deepgram answer. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from livestt.engines import Capabilities
from livestt.errors import BadAudio, BadRequest, LivesttError

_LEGACY_CODES = {401: "INVALID_AUTH", 413: "PAYLOAD_TOO_LARGE"}
"""Where they differ from the name of the HTTP status."""
MAX_HEADER = 200
"""Characters of an error that go into a header."""
MAX_REASON = 123
"""Bytes of a WebSocket close reason (RFC 6455 section 5.5)."""


class BadBody(BadRequest):
    """What the body of a request says cannot be honoured."""


@dataclass(frozen=True, slots=True)
class About:
    """One request, as its answers speak of it."""

    request_id: str
    """A UUID; also the header ``dg-request-id``."""
    engine: Capabilities
    extra: Mapping[str, str] = field(default_factory=dict)
    """What the client wants repeated."""
    tags: Sequence[str] = ()

    @property
    def model_uuid(self) -> str:
        """The same for the same engine and model, on every server."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.engine.name}:{self.engine.model}"))

    @property
    def model_info(self) -> dict[str, str]:
        return {"name": self.engine.model, "version": "1", "arch": self.engine.name}

    def results_metadata(self) -> dict[str, Any]:
        """The ``metadata`` of a ``Results`` message."""
        metadata: dict[str, Any] = {
            "request_id": self.request_id,
            "model_info": self.model_info,
            "model_uuid": self.model_uuid,
        }
        return {**metadata, "extra": dict(self.extra)} if self.extra else metadata

    def metadata(
        self, *, sha256: str, created: str, duration: float, channels: int
    ) -> dict[str, Any]:
        """What a whole request was about.

        Args:
            sha256: hexadecimal hash of the audio as received.
            created: ISO 8601 time of the request.
            duration: seconds of audio.
            channels: transcribed separately.
        """
        metadata: dict[str, Any] = {
            "transaction_key": "deprecated",
            "request_id": self.request_id,
            "sha256": sha256,
            "created": created,
            "duration": duration,
            "channels": channels,
            "models": [self.model_uuid],
            "model_info": {self.model_uuid: self.model_info},
        }
        if self.extra:
            metadata["extra"] = dict(self.extra)
        if self.tags:
            metadata["tags"] = list(self.tags)
        return metadata


def error_body(error: LivesttError, request_id: str = "") -> dict[str, str]:
    """The body of a refused request or handshake."""
    if isinstance(error, BadAudio):
        code = "Bad Request"
        message = f"Bad Request: failed to process audio: corrupt or unsupported data: {error}"
    elif isinstance(error, BadBody):
        code, message = "Bad Request", f"Bad Request: {error}"
    elif isinstance(error, BadRequest):
        code, message = "INVALID_QUERY_PARAMETER", str(error)
    else:
        status = error.http_status
        code, message = _LEGACY_CODES.get(status, HTTPStatus(status).name), str(error)
    return {"err_code": code, "err_msg": message, "request_id": request_id}


def error_status(error: LivesttError) -> int:
    """The HTTP status of a refusal: clients go by it when they decide whether to try again."""
    return 400 if isinstance(error, BadAudio) else error.http_status


def error_headers(error: LivesttError, request_id: str) -> dict[str, str]:
    return {"dg-error": header_text(str(error)), "dg-request-id": request_id}


def header_text(text: str) -> str:
    """Text as one line of printable ASCII."""
    line = " ".join(text.split())[:MAX_HEADER]
    return "".join(char if " " <= char <= "~" else "?" for char in line)


def close_reason(code: str, text: str) -> str:
    """A close reason that begins with its code, as clients look for it."""
    return f"{code} {text}".encode()[:MAX_REASON].decode("utf-8", "ignore")
