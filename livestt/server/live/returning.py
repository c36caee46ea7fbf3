"""Publishers that come back: to a session that runs here, or one that another process left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import anyio
from anyio import to_thread

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.pipeline import Manner, Pipeline, layout
from livestt.server.access import asking
from livestt.server.live.ownership import is_taken
from livestt.server.live.session import LiveSession
from livestt.server.live.sessions import Sessions
from livestt.speakers.heard_voice import HeardVoice
from livestt.store import Asked, Store


class Returning:
    """Finds the session that a publisher wants to go on with.

    Args:
        sessions: those that run here.
        pipeline: settings, and what compares voices.
        store: where other processes leave their sessions; None leaves none.
    """

    def __init__(self, sessions: Sessions, pipeline: Pipeline, store: Store | None) -> None:
        self._sessions = sessions
        self._pipeline = pipeline
        self._store = store
        self._reopening = anyio.Lock()

    async def resume(
        self,
        session_id: str,
        audio: AudioFormat,
        options: StreamOptions,
        manner: Manner | None = None,
        *,
        grace: float,
    ) -> LiveSession | None:
        """The session a publisher comes back to.

        Args:
            session_id: as the publisher knows it.
            audio: what will be pushed; must be what was pushed before, and raw.
            options: what is asked of the engine, if it has to be started again.
            manner: as for `Sessions.open`.
            grace: seconds to wait for a publisher that was lost.

        Returns:
            None if it is over, never was, or was opened with another key. One that ended less than
            the grace time ago is not over: its publisher may have missed the last words.

        Raises:
            LivesttError: there is no room, see `Admission.check_room`.
            StoreUnavailable: nobody can tell just now.
        """
        known = await self._own(session_id)
        if known is None:
            async with self._reopening:
                known = self._sessions.find(session_id)  # somebody else may have been faster
                if known is None:
                    return await self._reopen(session_id, audio, options, manner, grace)
        # This server may have begun to stop meanwhile, and to leave its sessions to others.
        self._sessions.admission.check_running()
        raw = known.audio == audio and audio.encoding != "auto"
        return known if raw and known.owner == asking.grant.get().name else None

    async def _own(self, session_id: str) -> LiveSession | None:
        """The session with this id, if it runs here and, as far as is known, nowhere else."""
        known = self._sessions.find(session_id)
        if known is None or self._store is None:
            return known
        if await is_taken(self._store, session_id, known.epoch):
            known.disown()
            await known.ended.wait()
        return self._sessions.find(session_id)

    async def _reopen(
        self,
        session_id: str,
        audio: AudioFormat,
        options: StreamOptions,
        manner: Manner | None,
        grace: float,
    ) -> LiveSession | None:
        """Go on with a session that another process left in the store."""
        if self._store is None or audio.encoding == "auto" or not grace:
            return None
        self._sessions.admission.check_room()
        asked = Asked(session_id, audio.described(), asking.grant.get().name or None)
        view = layout(self._pipeline.settings).retention
        patience = timedelta(seconds=grace)
        resumed = await to_thread.run_sync(self._store.reopen, asked, patience, view)
        if resumed is None:
            return None
        manner = replace(
            manner or Manner(),
            before=await self._voices_of(session_id),
            people=resumed.speakers,
        )
        return self._sessions.open(audio, options, manner, grace=grace, resumed=resumed)

    async def _voices_of(self, session_id: str) -> Mapping[int, HeardVoice]:
        """What the speakers of a session that another process left sound like."""
        embedder = self._pipeline.embedder
        if embedder is None or self._store is None:
            return {}
        model = embedder.engine.capabilities.model
        return await to_thread.run_sync(self._store.voices.of_session, session_id, model)
