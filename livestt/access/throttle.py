"""How often one client may do something before it is told to wait."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

MOST_CLIENTS = 10_000
"""Clients remembered; the one that has been quiet longest is forgotten."""
LONGEST = 45
"""Characters of an address."""


@dataclass(slots=True)
class _Bucket:
    level: float = 0.0
    since: float = 0.0
    """When the level was read."""
    closed_until: float = 0.0


class Throttle:
    """A leaky bucket per client, which empties evenly. What would make it run over is refused and
    not counted, so whoever waits as long as they are told is let in.

    Args:
        most: that a client may do at once.
        seconds: in which a full bucket is empty again.
        pause: seconds for which a bucket that would run over is closed, ``seconds / most`` or more;
            0 for as long as there is no room.
    """

    def __init__(self, most: int, seconds: float, pause: float = 0.0) -> None:
        self._most = most
        self._step = seconds / most
        self._pause = pause
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def count(self, client: str, now: float) -> float:
        """Count one, if there is room for it.

        Args:
            client: whose it is.
            now: seconds on any clock that never goes back.

        Returns:
            Seconds to wait; 0 if it was counted.
        """
        bucket = self._of(client, now)
        if now < bucket.closed_until:
            return bucket.closed_until - now
        level = max(0.0, bucket.level - (now - bucket.since) / self._step)
        if level + 1 <= self._most:
            bucket.level, bucket.since = level + 1, now
            return 0.0
        wait = self._pause or (level + 1 - self._most) * self._step
        bucket.closed_until = now + wait
        return wait

    def _of(self, client: str, now: float) -> _Bucket:
        bucket = self._buckets.pop(client, None) or _Bucket(since=now)
        self._buckets[client] = bucket
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return bucket


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:LONGEST]  # whatever a trusted proxy says
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return f"{int(found) >> 64:x}::/64"
    return str(found)
