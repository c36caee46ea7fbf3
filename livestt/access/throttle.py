"""How often one address may send a wrong key before it is told to wait."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from livestt.errors import TooManyFailures

MOST_ADDRESSES = 10_000
"""Addresses remembered; the one that has been quiet longest is forgotten."""


@dataclass(slots=True)
class _Bucket:
    level: float = 0.0
    since: float = 0.0
    """When the level was read."""
    closed_until: float = 0.0


class Throttle:
    """A bucket of wrong keys per address, which empties slowly; one that runs over is closed for a
    while.

    Only wrong keys are refused by it: keys are too long to be guessed, and somebody behind the
    same proxy may hold a right one.

    Args:
        failures: that an address may have at once.
        seconds: in which a full bucket is empty again, and for which one that ran over is closed.
    """

    def __init__(self, failures: int = 10, seconds: float = 60.0) -> None:
        self._most = failures
        self._seconds = seconds
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def fail(self, address: str, now: float) -> None:
        """Count a wrong key.

        Args:
            address: of the client; the /64 of an IPv6 address counts as one.
            now: seconds on any clock that never goes back.

        Raises:
            TooManyFailures: there were too many; says when to come back.
        """
        client = _network(address)
        bucket = self._buckets.pop(client, None) or _Bucket(since=now)
        self._buckets[client] = bucket
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        if now >= bucket.closed_until:
            drained = (now - bucket.since) * self._most / self._seconds
            bucket.level, bucket.since = max(0.0, bucket.level - drained) + 1, now
            if bucket.level <= self._most:
                return
            bucket.level, bucket.closed_until = 0.0, now + self._seconds
        error = TooManyFailures("too many wrong keys from this address; wait a minute")
        error.retry_after = max(1.0, bucket.closed_until - now)
        raise error


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found)
