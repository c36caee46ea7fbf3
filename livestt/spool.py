"""Files of clients while they are needed: small ones in memory, others in the folder of ``TMPDIR``.

Blocking. That folder may be small, and all sessions and requests share it: whose file does not fit
is told so, and nobody else.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile, gettempdir
from types import TracebackType
from typing import Any, BinaryIO, cast

from livestt.errors import DiskFull

log = logging.getLogger(__name__)

IN_MEMORY = 1 << 20
"""Bytes beyond which a file is on disk."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def finding_room() -> Iterator[None]:
    """Say what it means for a client that a disk is full.

    Raises:
        DiskFull: it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        log.warning("no room for a client's file in %s", gettempdir())
        raise DiskFull(
            "the server has no room for this file at the moment: try again later, or send it in"
            " parts or compressed"
        ) from error


class _Spool(SpooledTemporaryFile[bytes]):
    """Says at once, not when it is read or closed, that it does not fit."""

    def write(self, data: Any) -> int:
        with finding_room():
            written = super().write(data)
            self.flush()
        return written

    def rollover(self) -> None:
        with finding_room():
            super().rollover()

    def close(self) -> None:
        with suppress(OSError):  # what did not fit does not fit now either
            super().close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_spool() -> BinaryIO:
    """An empty file that is gone once it is closed. Its ``write`` raises `DiskFull`."""
    return cast(BinaryIO, _Spool(max_size=IN_MEMORY))
