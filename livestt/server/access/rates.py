"""How often clients may ask, and how often with a wrong key."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from time import monotonic

from starlette.requests import HTTPConnection

from livestt.access.keys import Grant
from livestt.access.rules import Need
from livestt.access.throttle import Throttle, network
from livestt.errors import TooManyFailures, TooManyRequests
from livestt.server.operations.tally import Tally

log = logging.getLogger(__name__)

MINUTE = 60.0
WRONG_KEYS = 10
"""That an address may send in a minute."""
UNCOUNTED: tuple[Need, ...] = ("nothing", "metrics")
"""What probes, dashboards and the page's own files need."""


class Rates:
    """Counts, and refuses whoever asks too often.

    Args:
        most: requests per minute of one key or address; None for any number.
        on_wrong_key: called when a key is shown that does not count.
        tally: counts refused requests.
    """

    def __init__(self, most: int | None, on_wrong_key: Callable[[], None], tally: Tally) -> None:
        self._most = most
        self._requests = Throttle(most, MINUTE) if most else None
        self._wrong_keys = Throttle(WRONG_KEYS, MINUTE, pause=MINUTE)
        self._on_wrong_key = on_wrong_key
        self._tally = tally

    def count_request(self, request: HTTPConnection, grant: Grant, wanted: Need) -> None:
        """Count a request that may be answered.

        A key counts by its name. Temporary tokens count by address: many people hold them, and
        none of them may use up what the key's owner has.

        Args:
            request: that was sent.
            grant: of whoever sent it.
            wanted: what it needs.

        Raises:
            TooManyRequests: there were too many; says when to come back.
        """
        if self._requests is None or wanted in UNCOUNTED:
            return
        by_key = bool(grant.name) and not grant.temporary
        client = f"key {grant.name}" if by_key else network(_address(request))
        wait = self._requests.count(client, monotonic())
        if wait:
            self._tally.refused[TooManyRequests.code] += 1
            error = TooManyRequests(
                f"this {'key' if by_key else 'address'} may send {self._most} requests per minute, "
                "and has sent more; try again later"
            )
            error.retry_after = float(math.ceil(wait))
            raise error

    def count_wrong_key(self, request: HTTPConnection) -> None:
        """Count a key that is not valid.

        Raises:
            TooManyFailures: there were too many from this address; says when to come back.
        """
        self._on_wrong_key()
        address = _address(request)
        wait = self._wrong_keys.count(network(address), monotonic())
        if wait:
            log.debug("%s keeps sending wrong keys", address)
            error = TooManyFailures("too many wrong keys from this address; wait a minute")
            error.retry_after = float(math.ceil(wait))
            raise error
        log.info("%s sent a wrong key", address)


def _address(request: HTTPConnection) -> str:
    return request.client.host if request.client else "?"
