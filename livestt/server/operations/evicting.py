"""Unloads a model that nobody has needed for a while."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio import to_thread

from livestt.residence import Residence
from livestt.resident import Resident

log = logging.getLogger(__name__)

CHECKS = 8
"""How often to look in the time that a model stays idle; that much it may stay longer."""
LONGEST = 15.0
"""Seconds between two checks at most."""


@asynccontextmanager
async def evicting(engine: object, idle: float) -> AsyncIterator[None]:
    """Unload what is idle, inside the block.

    Args:
        engine: unloaded only if it is a `Resident`.
        idle: seconds; 0 keeps it for ever.
    """
    if not idle or not isinstance(engine, Resident):
        yield
        return
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_watch, engine.residence, idle)
        yield
        tasks.cancel_scope.cancel()


async def _watch(residence: Residence, idle: float) -> None:
    while True:
        await anyio.sleep(min(LONGEST, idle / CHECKS))
        try:
            await to_thread.run_sync(residence.evict, idle)
        except Exception:  # the top of a worker: the server goes on
            log.exception("the model could not be unloaded")
