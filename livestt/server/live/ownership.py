"""Whether a session that runs on this server still belongs to it."""

from __future__ import annotations

import anyio
from anyio import to_thread

from livestt.errors import StoreUnavailable
from livestt.limiters import looking
from livestt.store import Store

PATIENCE = 3.0
"""Seconds for which the store is asked, of the ten that clients wait for a handshake."""


async def is_taken(store: Store, session_id: str, epoch: int) -> bool:
    """Whether another server has taken a session over, as far as the store says so in time.

    A server that was cut off, or stood still, does not know. A store that does not answer takes
    nobody's session away.

    Args:
        store: that the servers share.
        session_id: of a session that runs here.
        epoch: with which this server writes to it.
    """
    if store.trouble is not None:
        return False
    taken = False
    with anyio.move_on_after(PATIENCE):
        try:
            taken = await to_thread.run_sync(
                store.is_taken, session_id, epoch, abandon_on_cancel=True, limiter=looking()
            )
        except StoreUnavailable:
            return False
    return taken
