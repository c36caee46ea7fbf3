"""What each path of the server asks of a key.

One table for every surface, so that none can be forgotten: a path that is not in it needs a key
with the scope ``admin``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from livestt.access.keys import Scope

Need = Scope | Literal["nothing", "any key", "a lasting key"]
"""``nothing``: everybody may. ``any key``: whatever it allows. ``a lasting key``: any but a
temporary token, which may not beget others."""

READING = ("GET", "HEAD")

RULES: Mapping[str, Need] = {
    "/": "nothing",
    "/overlay": "nothing",
    "/web/*": "nothing",
    "/favicon.ico": "nothing",
    "/health": "nothing",
    "/ready": "nothing",
    "/metrics": "metrics",
    "/queue-metrics": "metrics",
    "/access": "any key",
    "/tokens": "a lasting key",
    "/sessions": "view",
    "/sessions/*": "view",
    "/transcripts": "view",
    "/transcripts/*": "view",
    "/voices": "transcribe",
    "/voices/*": "transcribe",
    "/asr": "transcribe",
    "/detect-language": "transcribe",
    "/v1/audio/*": "transcribe",
    "/v1/models": "any key",
    "/v1/models/*": "any key",
    "/v1/realtime": "transcribe",
    "/v1/realtime/client_secrets": "a lasting key",
    "/v1/realtime/transcription_sessions": "a lasting key",
    "/v1/listen": "transcribe",
    "/v2/listen": "transcribe",
    "/v1/auth/grant": "a lasting key",
}
"""Path, or beginning of a path before ``*``, and what it needs. The longest that fits counts."""


def need(path: str, method: str | None, role: str | None) -> Need:
    """What a request needs.

    Args:
        path: of the address.
        method: of HTTP; None for a WebSocket.
        role: the query's ``role``: viewers of a session only read.
    """
    rule = rule_of(path)
    found = RULES[rule] if rule else "admin"
    if (
        found == "transcribe"
        and path == "/asr"
        and method in (*READING, None)
        and (role or "").lower() == "viewer"
    ):
        return "view"
    if rule == "/transcripts/*" and method in ("PATCH", "DELETE"):
        return "transcribe"  # and it must be one's own
    if found == "view" and method not in (*READING, None):
        return "admin"
    return found


def rule_of(path: str) -> str | None:
    """The entry of `RULES` that a path falls under; a name for what it belongs to."""
    if path in RULES:
        return path
    fitting = [rule for rule in RULES if rule.endswith("*") and path.startswith(rule[:-1])]
    return max(fitting, key=len) if fitting else None
