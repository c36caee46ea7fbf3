"""What temporary tokens are signed with."""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

log = logging.getLogger(__name__)

VARIABLE = "LIVESTT_TOKEN_SECRET"
"""What servers that accept each other's temporary tokens share."""
FILE = "token-secret"


def token_secret(folder: Path | None = None) -> bytes:
    """The operator's; otherwise this server's own, which it keeps, so that tokens outlive it.

    Args:
        folder: where it is kept; None for where this system keeps a user's data.
    """
    told = os.environ.get(VARIABLE)
    if told:
        return told.encode()
    if folder is None:
        from platformdirs import user_data_path

        folder = user_data_path("livestt", appauthor=False)
    try:
        return _kept(folder)
    except OSError as error:
        log.warning(
            "temporary tokens and shared links end with this server, because %s cannot be kept: %s."
            " Set %s, or let the server write there",
            folder / FILE,
            error.strerror or error,
            VARIABLE,
        )
        return new_secret()


def _kept(folder: Path) -> bytes:
    path = folder / FILE
    with suppress(FileNotFoundError):
        return _read(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder, prefix=FILE) as file:  # readable for its owner alone
        file.write(new_secret())
        file.flush()
        os.fsync(file.fileno())
        # Another server that starts now may have been first: theirs counts.
        with suppress(FileExistsError):
            os.link(file.name, path)
    return _read(path)


def _read(path: Path) -> bytes:
    known = path.read_bytes()
    if len(known) < len(new_secret()):
        raise OSError("it is damaged; delete it")
    return known


def new_secret() -> bytes:
    """One that nobody else has, 64 hexadecimal digits."""
    return secrets.token_hex(32).encode()
