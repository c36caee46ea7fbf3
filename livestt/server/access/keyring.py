"""The keys of a running server, read from a file and from the environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from livestt.access.keys import Keyring, parse_file, parse_variable
from livestt.errors import SetupError, UnsupportedOption
from livestt.settings import Settings

log = logging.getLogger(__name__)

VARIABLE = "LIVESTT_API_KEYS"
"""Holds keys themselves; not a setting, because a command line is no place for them."""
FOREIGN = "WLK_API_TOKEN"
"""WhisperLiveKit's, which people bring along and take to protect their server."""
REREAD = 1.0
"""Seconds for which the file is not looked at again."""


class Keys:
    """The keys that count now. A file that changes is read again.

    Args:
        path: of the key file, if there is one.
        variable: keys besides those of the file; see `livestt.access.keys.parse_variable`.

    Raises:
        SetupError: the file cannot be read, or holds no keys.
        UnsupportedOption: one of the keys is not written as keys are.
    """

    def __init__(self, path: Path | None, variable: str = "") -> None:
        self._path = path
        self._own = parse_variable(variable, VARIABLE)
        self._seen: tuple[int, int, int] | None = None
        self._next_look = float("-inf")
        self._ring = Keyring(self._own)
        if path is not None:
            self._seen = stamp(path)
            self._ring = self._read(path)
            if not len(self._ring):
                raise SetupError(
                    f"{path} holds no keys: `livestt key new NAME --api-keys-file {path}` adds one."
                )
        self.required = len(self._ring) > 0

    def current(self, now: float) -> Keyring:
        """What counts now. A file that has become unreadable leaves what counted before.

        Args:
            now: seconds on any clock that never goes back.
        """
        if self._path is not None and now >= self._next_look:
            self._next_look = now + REREAD
            try:
                seen = stamp(self._path)
                if seen != self._seen:
                    self._seen = seen
                    self._ring = self._read(self._path)
                    log.info("%s: %d keys are valid now", self._path, len(self._ring))
            except (SetupError, UnsupportedOption) as error:
                log.error("the keys are unchanged: %s", error)
        return self._ring

    def _read(self, path: Path) -> Keyring:
        return Keyring([*self._own, *parse_file(read(path), str(path))])


def configured(settings: Settings, environment: Mapping[str, str] = os.environ) -> Keys:
    """The keys that the operator has set.

    Raises:
        SetupError: they cannot be read.
        UnsupportedOption: one is set where it would not count, and the server would be open.
    """
    path = Path(settings.api_keys_file) if settings.api_keys_file else None
    keys = Keys(path, environment.get(VARIABLE, ""))
    if environment.get(FOREIGN) and not keys.required:
        raise UnsupportedOption(
            f"{FOREIGN} is set, which livestt does not read: put that token into {VARIABLE} (at "
            "least 16 characters), or unset it to let everybody in."
        )
    return keys


def read(path: Path) -> str:
    """The text of a key file.

    Raises:
        SetupError: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"Cannot read the keys in {path}: {error}") from error


def stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file does.

    Raises:
        SetupError: there is no such file.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise SetupError(f"Cannot read the keys in {path}: {error.strerror or error}") from error
    return found.st_mtime_ns, found.st_size, found.st_ino
