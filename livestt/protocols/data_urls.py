"""Bytes written as a ``data:`` URL (RFC 2397). Pure."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from livestt.errors import BadRequest


def decoded(url: str) -> bytes:
    """What a data URL holds.

    Raises:
        BadRequest: it is none.
    """
    head, comma, body = url.partition(",")
    if not head.startswith("data:") or not comma:
        raise BadRequest("this is not a data URL such as data:audio/wav;base64,...")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote_to_bytes(body), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("the base64 of this data URL is broken") from None
