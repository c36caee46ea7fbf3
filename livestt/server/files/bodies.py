"""Request bodies: forms with a file, and bare files. Large ones go to disk, not to memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

import anyio
from anyio import to_thread
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from livestt.errors import BadRequest, TooLarge, TooSlow
from livestt.spool import IN_MEMORY, finding_room, open_spool

OVERHEAD = 8 << 20
"""Bytes that a form may have besides its file; its fields are kept in memory."""
MAX_FIELDS = 200
MAX_FIELD_BYTES = 4 << 20
"""A reference sample of a voice may come in a field."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a body has to come."""

    patience: float
    """Seconds for which nothing may come."""
    rate: float = 0.0
    """Bytes a second that must come, over as many seconds of waiting for them."""


class Form:
    """The fields of a form, in order, and its file."""

    def __init__(self, data: FormData) -> None:
        self.fields = [
            (name, value) for name, value in data.multi_items() if isinstance(value, str)
        ]
        self._files = [
            (name, value) for name, value in data.multi_items() if isinstance(value, UploadFile)
        ]

    def file(self, name: str) -> BinaryIO:
        """The file of this field.

        Raises:
            BadRequest: there is none.
        """
        return self.files(name)[-1]

    def files(self, name: str) -> list[BinaryIO]:
        """The files of this field, in order.

        Raises:
            BadRequest: there is none.
        """
        found = [value.file for given, value in self._files if given == name]
        if not found:
            given = ", ".join(given for given, _ in self._files) or "none"
            raise BadRequest(
                f"the form has no file in its field {name!r} (files: {given})", param=name
            )
        return found

    def name(self, name: str) -> str:
        """What the client calls the file of this field; empty if it does not say."""
        named = [value.filename or "" for given, value in self._files if given == name]
        return named[-1] if named else ""


class _Multipart(MultiPartParser):
    """A form whose files are not too large, each, nor its other fields together."""

    def __init__(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], max_file_bytes: int
    ) -> None:
        super().__init__(
            headers, stream, max_files=8, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
        )
        self._max_file_bytes = max_file_bytes
        self._in_fields = 0
        self._in_file = 0

    def on_part_begin(self) -> None:
        self._in_file = 0
        super().on_part_begin()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self._in_fields += end - start
            if self._in_fields > OVERHEAD:
                raise _fields_too_large()
        else:
            self._in_file += end - start
            if self._in_file > self._max_file_bytes:
                raise _too_large(self._max_file_bytes)
        super().on_part_data(data, start, end)


@asynccontextmanager
async def received_form(request: Request, max_bytes: int, pace: Pace) -> AsyncIterator[Form]:
    """Read a form; its files live as long as the block.

    Args:
        request: nothing of its body has been read.
        max_bytes: size of the largest file that is taken.
        pace: of its sender.

    Raises:
        BadRequest: not a form, or a broken one.
        TooLarge: over ``max_bytes``, or too much besides the file.
        TooSlow: its sender paused for too long, or sends too slowly.
        DiskFull: the disk is full.
        ClientDisconnect: the client has gone.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    parser: FormParser | MultiPartParser
    if kind == "multipart/form-data":
        too_large = _too_large(max_bytes)
        stream = _limited(request, max_bytes + OVERHEAD, pace, too_large)
        parser = _Multipart(request.headers, stream, max_bytes)
    elif kind == "application/x-www-form-urlencoded":
        stream = _limited(request, OVERHEAD, pace, _fields_too_large())
        parser = FormParser(
            request.headers, stream, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
        )
    else:
        raise BadRequest(f"the body is {kind or 'of no declared type'}: send multipart/form-data")
    try:
        try:
            with finding_room():
                data = await parser.parse()
        except (MultiPartException, FormParserError) as error:
            reason = getattr(error, "message", error)
            raise BadRequest(f"the form cannot be read: {reason}") from error
        yield Form(data)
    finally:
        _close_files(parser)


def _close_files(parser: FormParser | MultiPartParser) -> None:
    """Free what a form has on disk: also files that broke off, which are in no field."""
    for file in getattr(parser, "_files_to_close_on_error", ()):
        with suppress(OSError):  # what did not fit does not fit now either
            file.close()


@asynccontextmanager
async def received_file(request: Request, max_bytes: int, pace: Pace) -> AsyncIterator[BinaryIO]:
    """Read a body that is a file; it lives as long as the block. Raises as `received_form`."""
    with open_spool() as file:
        async for data in _limited(request, max_bytes, pace, _too_large(max_bytes)):
            if file.tell() + len(data) > IN_MEMORY:
                await to_thread.run_sync(file.write, data)
            else:
                file.write(data)
        file.seek(0)
        yield file


async def _limited(
    request: Request, most: int, pace: Pace, too_large: TooLarge
) -> AsyncGenerator[bytes, None]:
    """The body, as long as it has no more bytes than ``most`` and is not too slow."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    taken, body, speed = 0, request.stream(), Speed(pace)
    while True:
        data: bytes | None = None
        asked = anyio.current_time()
        with anyio.move_on_after(pace.patience):
            data = await anext(body, b"")
        if data is None:
            raise TooSlow(f"no data arrived for {pace.patience:.0f} s: send the file again")
        if not data:
            return
        taken += len(data)
        if taken > most:
            raise too_large
        speed.check(len(data), anyio.current_time() - asked)
        yield data


class Speed:
    """Whether enough comes. Time in which nobody waits for the sender does not count."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._came = 0
        self._waited = 0.0

    def check(self, came: int, waited: float) -> None:
        """Count bytes that came, and the seconds for which they were waited for.

        Raises:
            TooSlow: they are too few.
        """
        self._came += came
        self._waited += waited
        if self._waited < self._pace.patience:
            return
        if self._came < self._pace.rate * self._waited:
            raise TooSlow(
                f"in {self._waited:.0f} s only {self._came} bytes came, and this server waits for"
                f" no less than {self._pace.rate:.0f} a second: send the file over a faster line,"
                " or compressed"
            )
        self._came, self._waited = 0, 0.0


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        f"the file is larger than {max_bytes // 1_000_000} MB, which is what this server takes:"
        " send it compressed, or in parts"
    )


def _fields_too_large() -> TooLarge:
    return TooLarge(f"the fields of a form may have {OVERHEAD >> 20} MiB together, without files")
