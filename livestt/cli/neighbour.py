"""What listens on a port that is taken: perhaps another livestt."""

from __future__ import annotations

import json
import ssl
from contextlib import suppress
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

SECONDS = 2.0
"""How long whoever listens there may take to answer."""
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
"""Addresses that one listens on, and where to find who does."""


def livestt_at(host: str, port: int) -> str | None:
    """What the livestt at this address says it is; None if something else, or nothing, is there."""
    name = ANYWHERE.get(host, host)
    address = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    # It is asked what it is, and told nothing: whose certificate it shows does not matter.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trusting))
    for scheme in ("http", "https"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            with opener.open(f"{scheme}://{address}/health", timeout=SECONDS) as answer:
                told = json.loads(answer.read(100_000))
            return f"livestt {told['version']} ({told['backend']} {told['model']})"
    return None
