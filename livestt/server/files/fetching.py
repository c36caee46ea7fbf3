"""Audio fetched by URL, only from hosts that the operator allows.

A server that fetches whatever address it is given can be made to read what only it can reach
(server-side request forgery), so nothing is fetched by default, redirects are not followed, and
an address counts only with exactly an allowed host.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from http.client import HTTPException, HTTPMessage
from time import monotonic
from typing import IO, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from anyio import to_thread

from livestt.errors import BadRequest, TooLarge
from livestt.spool import open_spool

READ = 1 << 16
LONGEST = 600.0
"""Seconds that one file may take."""
PLAIN = "%/:?#[]@!$&'()*+,;=~"
"""What an address holds besides letters and digits; people write spaces and other scripts, too."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


@asynccontextmanager
async def fetched(
    address: str, hosts: Collection[str], max_bytes: int, patience: float
) -> AsyncIterator[BinaryIO]:
    """The audio at this address; it lives as long as the block.

    Args:
        address: http or https.
        hosts: from which fetching is allowed, each as ``host`` or ``host:port``.
        max_bytes: size of the largest file that is taken.
        patience: seconds that the other server may pause.

    Raises:
        BadRequest: not an allowed address, or nothing could be fetched from it.
        TooLarge: over ``max_bytes``.
    """
    check_address(address, hosts)
    with open_spool() as file:
        await to_thread.run_sync(_fetch, address, file, max_bytes, patience)
        file.seek(0)
        yield file


def check_address(address: str, hosts: Collection[str]) -> None:
    """Let only allowed hosts through.

    Raises:
        BadRequest: another host, or not an address at all.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise BadRequest("the url is not an address") from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise BadRequest("the url must begin with http:// or https:// and a host")
    allowed = {name.lower() for name in hosts}
    if (f"{host}:{port}" if port else host) not in allowed:
        raise BadRequest(
            f"this server fetches no audio from {host[:100]}: send the audio itself; its operator "
            "can allow the host with --fetch-from"
        )


def _fetch(address: str, file: BinaryIO, max_bytes: int, patience: float) -> None:
    end = monotonic() + LONGEST
    try:
        plain = quote(address, safe=PLAIN)
        with build_opener(_NoRedirects).open(plain, timeout=patience) as answer:
            while data := answer.read1(READ):
                if file.tell() + len(data) > max_bytes:
                    raise TooLarge(f"the file is larger than {max_bytes // 1_000_000} MB")
                file.write(data)
                if monotonic() > end:
                    raise BadRequest(f"the url took more than {LONGEST:.0f} s")
            if answer.length:
                raise BadRequest(f"the url's host broke off {answer.length} bytes before the end")
    except HTTPError as error:
        error.close()
        raise BadRequest(f"the url was answered with {error.code} {error.reason}") from None
    except (URLError, HTTPException, OSError) as error:
        raise BadRequest(f"nothing could be fetched from the url: {error}") from error
