"""How often one address may show a wrong key before it is told to wait."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network

from livestt.errors import TooManyFailures

MOST_ADDRESSES = 10_000
"""That are remembered; the one that has been quiet longest is forgotten."""


class Throttle:
    """A bucket of wrong keys per address, which empties slowly.

    Only wrong keys are refused by it: keys are too long to be guessed, and somebody behind the
    same proxy may hold a right one.

    Args:
        failures: that an address may have at once.
        seconds: in which a full bucket is empty again.
    """

    def __init__(self, failures: int = 10, seconds: float = 60.0) -> None:
        self._most = failures
        self._drain = failures / seconds
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def fail(self, address: str, now: float) -> None:
        """Count a wrong key.

        Args:
            address: of the client; the /64 of an IPv6 address counts as one.
            now: seconds on any clock that never goes back.

        Raises:
            TooManyFailures: there were too many; says when to come back.
        """
        client = _network(address)
        level, since = self._levels.pop(client, (0.0, now))
        level = max(0.0, level - (now - since) * self._drain)
        full = level + 1 > self._most
        self._levels[client] = (level if full else level + 1, now)
        if len(self._levels) > MOST_ADDRESSES:
            self._levels.popitem(last=False)
        if full:
            error = TooManyFailures("too many wrong keys from this address; wait a moment")
            error.retry_after = max(1.0, (level + 1 - self._most) / self._drain)
            raise error


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found)
