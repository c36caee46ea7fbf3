"""Temporary tokens: a signed grant with an expiry, of which the server stores nothing.

``ek_`` (as clients of OpenAI's API expect of a key for browsers), the claims as JSON, a dot and
their HMAC-SHA256, both in base64url, so that a token fits into a URL and a WebSocket subprotocol.

A token for one session has that session as a sixth claim.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256

from livestt.access.keys import SCOPES, Grant, Key, Keyring, Scope
from livestt.errors import Unauthorized

PREFIX = "ek_"
LONGEST = 4096
"""Characters of a token that is looked at."""
SHARING: Scope = "transcribe"
"""What a key needs to let others read a session of its own."""


def seal(grant: Grant, expires: int, secret: bytes, keys: Keyring, nonce: str = "") -> str:
    """A token that stands for this grant.

    Args:
        grant: what it allows.
        expires: seconds since 1970 from which on it is worth nothing.
        secret: known to the servers that accept it.
        keys: where the grant's own key is.
        nonce: tells tokens apart that are otherwise equal.
    """
    scopes = [scope for scope in SCOPES if scope in grant.scopes]
    mark = _mark(keys.named(grant.name), secret)
    only = [] if grant.session is None else [grant.session]
    parts = [grant.name, scopes, expires, nonce, mark, *only]
    claims = json.dumps(parts, separators=(",", ":")).encode()
    return f"{PREFIX}{_write(claims)}.{_write(_sign(claims, secret))}"


def unseal(token: str, now: float, secret: bytes, keys: Keyring) -> Grant:
    """The grant that a token stands for.

    Args:
        token: as presented.
        now: seconds since 1970.
        secret: the one it was sealed with.
        keys: a token is worth no more than the key it came from is worth now.

    Raises:
        Unauthorized: forged, over, or its key has been revoked.
    """
    claims, _, signature = token[:LONGEST].removeprefix(PREFIX).partition(".")
    try:
        signed = _read(claims)
        genuine = hmac.compare_digest(_read(signature), _sign(signed, secret))
    except ValueError:
        genuine = False
    if not genuine:
        raise Unauthorized("this token was not issued by this server")
    name, scopes, expires, _, mark, *only = json.loads(signed)
    if now >= expires:
        raise Unauthorized("this token has expired; ask for a new one")
    key = keys.named(name)
    if key is None or mark != _mark(key, secret):
        raise Unauthorized("the key that this token was made with is no longer valid")
    own, session = key.grant(), only[0] if only else None
    allowed: frozenset[Scope] = frozenset(
        scope for scope in scopes if own.allows(scope if session is None else SHARING)
    )
    return replace(own, scopes=allowed, temporary=True, session=session, expires=expires)


def looks_like_one(presented: str) -> bool:
    return presented.startswith(PREFIX) and "." in presented


def _mark(key: Key | None, secret: bytes) -> str:
    """Tells a key from another one that has its name later, and says nothing else about it."""
    return "" if key is None else _write(_sign(f"key {key.digest}".encode(), secret)[:9])


def _sign(claims: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, claims, sha256)


def _write(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
