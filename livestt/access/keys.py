"""API keys: what a key allows, how it is written down, and how a key that is sent is recognised.

A key file holds one key per line, ``name:scopes:sha256=HEX`` and perhaps ``:max_sessions=N``,
scopes joined by ``+``. Keys that livestt makes carry 256 bits of chance, so a plain hash hides
them as well as a slow one would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, cast, get_args

from livestt.errors import UnsupportedOption

Scope = Literal["transcribe", "view", "metrics", "admin"]
"""``transcribe``: send audio and get its words. ``view``: read sessions and transcripts of others.
``metrics``: read the server's figures. ``admin``: all of that, and what others own."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
USUAL: tuple[Scope, ...] = ("transcribe", "view")
"""What a key allows unless it says otherwise."""
HASHED = "sha256="
LIMIT = "max_sessions="
SHORTEST = 16
"""Characters of a key that somebody chose."""
NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Grant:
    """What the one who asks may do."""

    name: str
    """Of the key; empty where no key is needed."""
    scopes: frozenset[Scope]
    max_sessions: int | None = None
    """Sessions of this key at once, of all who use it."""
    temporary: bool = False
    """Given by a token rather than by the key itself."""
    session: str | None = None
    """The one session that may be read, and nothing else; None for all that the scopes allow."""
    expires: int | None = None
    """Seconds since 1970 from which on it is worth nothing; None for ever."""

    def allows(self, scope: Scope) -> bool:
        return scope in self.scopes or "admin" in self.scopes


EVERYBODY = Grant("", frozenset(SCOPES))
"""Where no keys are configured."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key as the server knows it."""

    name: str
    scopes: frozenset[Scope]
    digest: str
    """SHA-256 of the key, hexadecimal."""
    max_sessions: int | None = None

    def line(self) -> str:
        """How a key file writes it."""
        scopes = "+".join(scope for scope in SCOPES if scope in self.scopes)
        limit = f":{LIMIT}{self.max_sessions}" if self.max_sessions else ""
        return f"{self.name}:{scopes}:{HASHED}{self.digest}{limit}"

    def grant(self) -> Grant:
        return Grant(self.name, self.scopes, self.max_sessions)


class Keyring:
    """The keys a server accepts. Without any it is open to everybody.

    Raises:
        UnsupportedOption: two keys of one name.
    """

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._keys: dict[str, Key] = {}
        for key in keys:
            if key.name in self._keys:
                raise UnsupportedOption(f"there are two API keys named {key.name}; rename one.")
            self._keys[key.name] = key

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def named(self, name: str) -> Key | None:
        return self._keys.get(name)

    def find(self, presented: str) -> Key | None:
        """The key that this is. Takes as long for a wrong one as for a right one."""
        digest, found = digest_of(presented), None
        for key in self._keys.values():
            if compare_digest(key.digest, digest):
                found = key
        return found


def digest_of(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def parse_file(text: str, where: str) -> list[Key]:
    """The keys of a key file; ``#`` begins a comment. Only hashes may stand there.

    Args:
        text: of the file.
        where: its name, for errors.

    Raises:
        UnsupportedOption: a line that is not a key; names the line, and not what it holds.
    """
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.split("#")[0].strip()
        if entry:
            keys.append(_parse(entry, f"{where}, line {number}", f"key{number}", plain=False))
    return keys


def parse_variable(text: str, where: str) -> list[Key]:
    """The keys of an environment variable, separated by spaces or commas.

    Each is a key alone, ``name:key``, or as in a key file with the key itself or its hash.

    Raises:
        UnsupportedOption: an entry that is no key; gives its place, and not what it holds.
    """
    entries = re.split(r"[\s,;]+", text.strip(" \t\n,;"))
    return [
        _parse(entry, f"{where}, key {number}", f"key{number}", plain=True)
        for number, entry in enumerate(entries, 1)
        if entry
    ]


def parse_scopes(names: Iterable[str], where: str) -> frozenset[Scope]:
    """Scopes by their names.

    Raises:
        UnsupportedOption: a name that is none, or no names at all.
    """
    scopes = set(names)
    if not scopes or not scopes <= set(SCOPES):
        raise UnsupportedOption(f"{where}: scopes are {', '.join(SCOPES)}, joined by +.")
    return frozenset(cast(set[Scope], scopes))


def check_name(name: str, where: str) -> str:
    """Names go into logs and metrics, so they are plain.

    Raises:
        UnsupportedOption: a name of other characters, or too long.
    """
    if not NAME.fullmatch(name):
        raise UnsupportedOption(
            f"{where}: the name of a key is up to 64 letters, digits and . _ @ - characters."
        )
    return name


def _parse(entry: str, where: str, name: str, *, plain: bool) -> Key:
    parts = entry.split(":")
    limit = _limit(parts.pop(), where) if parts[-1].startswith(LIMIT) and len(parts) > 1 else None
    scopes: Iterable[str] = USUAL
    match parts:
        case [secret] if plain:
            pass
        case [name, secret]:
            pass
        case [name, written, secret]:
            scopes = written.split("+")
        case _:
            raise UnsupportedOption(f"{where}: write name:scopes:key, without other colons.")
    return Key(
        check_name(name, where),
        parse_scopes(scopes, where),
        _digest(secret, where, plain=plain),
        limit,
    )


def _digest(secret: str, where: str, *, plain: bool) -> str:
    digest = secret.removeprefix(HASHED).lower()
    if secret.startswith(HASHED) and re.fullmatch("[0-9a-f]{64}", digest):
        return digest
    if not plain or secret.startswith(HASHED):
        raise UnsupportedOption(
            f"{where}: a key is written as {HASHED} and 64 hexadecimal digits; "
            "`livestt key new` writes such a line."
        )
    if len(secret) < SHORTEST:
        raise UnsupportedOption(f"{where}: a key needs at least {SHORTEST} characters.")
    return digest_of(secret)


def _limit(text: str, where: str) -> int:
    number = text.removeprefix(LIMIT)
    if not re.fullmatch("[1-9][0-9]{0,5}", number):
        raise UnsupportedOption(f"{where}: {LIMIT} is followed by a number of at least 1.")
    return int(number)
