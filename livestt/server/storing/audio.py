"""``GET /transcripts/ID/audio``: a recording, or the part of it that a player asks for."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from livestt.errors import UnknownSession
from livestt.server.services import services
from livestt.server.storing.browsing import in_turn
from livestt.server.storing.recordings import Recordings

PIECE = 1 << 18
"""Bytes read at a time."""


async def audio(request: Request) -> Response:
    """A recording as WAV: 16 bits, mono, 16 kHz. What of a running session is recorded so far."""
    session = request.path_params["session"]
    served = services(request)
    if served.store is None or served.recordings is None:
        raise UnknownSession("this server keeps no audio")
    await in_turn(served.store.get, session)
    found = await in_turn(_look, served.recordings, session)
    if found is None:
        raise UnknownSession("this session was not recorded, or its recording is gone")
    path, size = found
    headers = {"accept-ranges": "bytes", "content-disposition": f'inline; filename="{path.name}"'}
    asked = request.headers.get("range")
    span = None if asked is None else byte_range(asked, size)
    if span is None:
        headers["content-length"] = str(size)
        return StreamingResponse(_read(path, 0, size), 200, headers, "audio/wav")
    start, end = span
    if start >= end:
        return Response(None, 416, {**headers, "content-range": f"bytes */{size}"})
    headers["content-length"] = str(end - start)
    headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return StreamingResponse(_read(path, start, end), 206, headers, "audio/wav")


def byte_range(asked: str, size: int) -> tuple[int, int] | None:
    """The bytes that a ``Range`` header wants (RFC 9110, section 14.2).

    Args:
        asked: the header.
        size: of the whole, in bytes.

    Returns:
        First byte and the one after the last; nothing lies between them if there are none of those
        that are wanted. None for a header that means nothing here, several ranges among them: then
        the whole is the answer.
    """
    found = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,18})-(\d{0,18})\s*", asked, re.ASCII)
    if found is None or found[0].strip().endswith("=-"):
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else None
    start, end = int(first), size if not last else min(size, int(last) + 1)
    if last and int(last) < start:
        return None
    return start, max(start, end) if start < size else start


def _look(recordings: Recordings, session: str) -> tuple[Path, int] | None:
    """A recording and its size; what is written after this is no part of the answer."""
    path = recordings.find(session)
    return None if path is None else (path, path.stat().st_size)


async def _read(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    while start < end:
        piece = await to_thread.run_sync(_piece, path, start, min(PIECE, end - start))
        if not piece:
            return
        start += len(piece)
        yield piece


def _piece(path: Path, start: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start, os.SEEK_SET)
        return file.read(size)
