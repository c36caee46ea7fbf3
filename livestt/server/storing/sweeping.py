"""Keeps the store tidy: ends sessions that nobody came back to, forgets old transcripts."""

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
    while True:
        try:
            forgotten = await to_thread.run_sync(store.sweep, grace, keep)
            if recordings is not None:
                await to_thread.run_sync(_forget, recordings, forgotten)
        except StoreUnavailable as error:
            log.warning("%s", error)
        except Exception:  # the top of a worker: the server goes on
            log.exception("the transcripts could not be tidied up")
        else:
            if forgotten:
                log.info("%d transcripts are older than --store-days and gone", len(forgotten))
        await anyio.sleep(EVERY)


def _forget(recordings: Recordings, sessions: list[str]) -> None:
    for session in sessions:
        recordings.delete(session)
    recordings.sweep()
