"""Where clients put their keys: every protocol's SDKs use another place, and all are accepted.

===========================  ==================================================
``Authorization``            ``Bearer K`` or ``Token K``, in any case
``X-API-Key``, ``api-key``   ``K``
WebSocket subprotocols       ``token, K``; ``bearer, K``; ``openai-insecure-api-key.K``
query                        ``token=K``, ``api_key=K``, ``access_token=K``
===========================  ==================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from urllib.parse import parse_qsl, unquote_plus

HEADERS = ("x-api-key", "api-key")
PARAMETERS = ("token", "api_key", "access_token")
SCHEMES = ("bearer", "token")
OPENAI = "openai-insecure-api-key."


def presented(headers: Mapping[str, str], subprotocols: Sequence[str], query: str) -> str | None:
    """The key a client shows, wherever it does; None if it shows none.

    Args:
        headers: of the request; names are looked up in small letters.
        subprotocols: that a WebSocket client offers.
        query: of the address, still encoded.
    """
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() in SCHEMES and key.strip():
        return key.strip()
    for name in HEADERS:
        if key := headers.get(name, "").strip():
            return key
    for first, second in pairwise(subprotocols):
        if first.lower() in SCHEMES:
            return second
    for offered in subprotocols:
        if offered.startswith(OPENAI):
            return offered.removeprefix(OPENAI)
    for name, value in parse_qsl(query):
        if name in PARAMETERS and value.strip():
            return value.strip()
    return None


def echo(subprotocols: Sequence[str]) -> str | None:
    """The subprotocol that the server must choose when the key came with it, never the key.

    Browsers give a connection up whose server chooses none of those they offered.
    """
    for first, _ in pairwise(subprotocols):
        if first.lower() in SCHEMES:
            return first
    return None


def without_keys(query: bytes) -> bytes:
    """A query string without its keys, as it may be written into a log."""
    parts = [part for part in query.split(b"&") if _name(part) not in PARAMETERS]
    return b"&".join(parts)


def _name(part: bytes) -> str:
    return unquote_plus(part.partition(b"=")[0].decode("latin-1"))
