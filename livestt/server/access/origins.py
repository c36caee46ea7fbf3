"""Which pages may use this server."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from livestt.errors import Forbidden


def check_origin(headers: Headers, scheme: str, allowed: Collection[str]) -> None:
    """Let browsers in only from this server's own pages or from pages the operator named.

    Any web page may try to open a WebSocket to any host, and browsers say truthfully which page
    it was (RFC 6455 section 10.2). Clients other than browsers send no ``Origin``.

    Raises:
        Forbidden: a page of another origin.
    """
    origin = headers.get("origin")
    if origin is None or "*" in allowed or origin in {name.rstrip("/") for name in allowed}:
        return
    if _is_ours(origin, scheme, headers.get("host", "")):
        return
    raise Forbidden(
        f"pages of {origin} may not use this server; its operator can allow them with "
        f"--allow-origin {origin}"
    )


def _is_ours(origin: str, scheme: str, host: str) -> bool:
    """Whether this server serves pages of that origin. Behind a proxy it cannot see the TLS."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    schemes = ("https",) if scheme in ("wss", "https") else ("http", "https")
    return parts.scheme in schemes and parts.netloc != "" and parts.netloc == host
