"""Cleans up the store: ends abandoned sessions, deletes old transcripts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
from anyio import to_thread

from livestt.errors import StoreUnavailable
from livestt.server.storing.recordings import Recordings
from livestt.settings import Settings
from livestt.store import Store

log = logging.getLogger(__name__)

EVERY = 600.0
"""Seconds."""
BREATH = 0.2
"""Seconds between two transactions that forget old transcripts, for those who write: SQLite tries
again for a lock every tenth of a second."""
LEAST_GRACE = timedelta(minutes=1)
"""Servers say every few seconds which sessions are theirs; one that is silent this long is gone."""


@asynccontextmanager
async def sweeping(
    store: Store | None, settings: Settings, recordings: Recordings | None = None
) -> AsyncIterator[None]:
    """Tidy up from time to time inside the block."""
    if store is None:
        yield
        return
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_sweep, store, settings, recordings)
        yield
        tasks.cancel_scope.cancel()


async def _sweep(store: Store, settings: Settings, recordings: Recordings | None) -> None:
    grace = max(LEAST_GRACE, timedelta(seconds=2 * settings.resume_seconds))
    keep = timedelta(days=settings.store_days) if settings.store_days else None
    total = 0
    while True:
        forgotten: list[str] = []
        try:
            forgotten = await to_thread.run_sync(store.sweep, grace, keep)
            if recordings is not None:
                await to_thread.run_sync(_forget, recordings, forgotten)
        except StoreUnavailable as error:
            log.warning("%s", error)
        except Exception:  # the top of a worker: the server goes on
            log.exception("old transcripts could not be cleaned up")
        total += len(forgotten)
        if total and not forgotten:
            log.info("%d transcripts were older than --store-days and have been deleted", total)
            total = 0
        await anyio.sleep(BREATH if forgotten else EVERY)


def _forget(recordings: Recordings, sessions: list[str]) -> None:
    for session in sessions:
        recordings.delete(session)
    if not sessions:
        recordings.sweep()
