"""Which host names a browser may address the server by: protection against DNS rebinding.

A page can let its own name point at this machine (DNS rebinding) and is then, to the browser, a
page of this server. Its name is in the ``Host`` header, and it needs a dot: nobody can own a name
without one, nor an address.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

from livestt.errors import HostNotAllowed


def check_host(host: str, allowed: Collection[str]) -> None:
    """Let only those in who call the server by a name that is its own.

    Args:
        host: the ``Host`` header, perhaps with a port; empty where a client sends none.
        allowed: names with a dot; ``*`` for any, ``*.example.org`` for all below one.

    Raises:
        HostNotAllowed: any other name.
    """
    name = _without_port(host).rstrip(".").lower()
    if "." not in name or _is_address(name) or name.endswith(".localhost"):
        return
    for pattern in (entry.lower() for entry in allowed):
        if pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:])):
            return
    raise HostNotAllowed(
        f"this server does not answer to the name {name[:200]}; its operator can allow that name "
        f"with --allow-host, or set up keys"
    )


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
