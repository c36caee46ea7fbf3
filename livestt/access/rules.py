"""What each path of the server asks of a key.

One table for every surface, so that none can be forgotten: a path that is not in it is as good as
not there, except for a key with the scope ``admin``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from livestt.access.keys import SCOPES, Grant, Scope
from livestt.errors import MissingScope, UnknownRoute

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


def subject(path: str, method: str | None, query: Mapping[str, str]) -> str | None:
    """The one session whose words a request reads, and nothing else of the server.

    Args:
        path: of the address.
        method: of HTTP; None for a WebSocket.
        query: the parameters, as those who answer read them.

    Returns:
        Its id, or whatever stands in the place of one; None for every other request.
    """
    if method not in (*READING, None):
        return None
    if path == "/asr":
        return query.get("session") if (query.get("role") or "").lower() == "viewer" else None
    name = path.removeprefix("/transcripts/")
    return name if name != path and method is not None and "/" not in name else None


def check(grant: Grant, path: str, method: str | None, query: Mapping[str, str]) -> None:
    """Let a request pass whose key allows it.

    Args:
        grant: of the key that came with it.
        path: of the address.
        method: of HTTP; None for a WebSocket.
        query: the parameters.

    Raises:
        MissingScope: it does not.
        UnknownRoute: the path is not in the table.
    """
    wanted = need(path, method, query.get("role"))
    if wanted == "nothing":
        return
    only = grant.session
    if only is not None and path != "/access" and subject(path, method, query) != only:
        raise MissingScope("this token shows one session, and nothing else of this server")
    if wanted == "a lasting key" and grant.temporary:
        raise MissingScope("temporary tokens cannot make others; use the key itself")
    if rule_of(path) is None and not grant.allows("admin"):
        raise UnknownRoute(f"there is nothing at {path[:200]} that this key may use")
    if wanted in SCOPES and not grant.allows(wanted):
        raise MissingScope(f"this key does not have the scope '{wanted}'")


def check_own(grant: Grant, owner: str | None, what: str) -> None:
    """Let only the key that made a transcript touch it. A temporary token is not that key: those
    who hold one are many people, to whom the key's owner lent it.

    Args:
        grant: of the one who asks.
        owner: name of the key that made the transcript.
        what: is to be done with it, for errors.

    Raises:
        MissingScope: it is another one.
    """
    if grant.allows("admin"):
        return
    if owner != grant.name:
        raise MissingScope(
            f"only the key that made a transcript, or one with 'admin', may {what} it"
        )
    if grant.temporary:
        raise MissingScope(f"a temporary token may not {what} a transcript; use the key itself")


def rule_of(path: str) -> str | None:
    """The entry of `RULES` that a path falls under; a name for what it belongs to."""
    if path in RULES:
        return path
    fitting = [rule for rule in RULES if rule.endswith("*") and path.startswith(rule[:-1])]
    return max(fitting, key=len) if fitting else None
