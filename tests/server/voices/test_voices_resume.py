"""A session that goes on in another process: whoever spoke before has the same number again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from speakers.choir import Choir
from websockets.asyncio.client import connect

from livestt.client.state import CaptionState
from livestt.store import Store

from ..conftest import Serve
from ..live.test_resume import first, rest
from ..running import Running, wait_until
from .voices_rig import ADA, CHARLES, EVE, RAW, diarizer, engine, pcm, spoken

SETTINGS = {"diarization": True, "voice_min_seconds": 1.0, "voices": True}


def server_with(serve: Serve, store: Store, *, grace: float) -> Running:
    return serve(
        engine(), kept=store, diarizer=diarizer((0, 1, 2)), embedder=Choir(),
        resume_seconds=grace, **SETTINGS,
    )  # fmt: skip


def test_a_voice_gets_its_former_number(serve: Serve, tmp_path: Path) -> None:
    place = str(tmp_path / "transcripts.db")
    store = Store(place)
    dead = server_with(serve, store, grace=3)

    async def begin() -> str:
        async with connect(dead.url(**RAW), compression=None) as socket:
            config, _ = await first(socket)
            session = config["session"]
            await socket.send(pcm(spoken(ADA, CHARLES, ADA)))
            for known in (
                lambda: len(store.voices.of_session(session, "choir")) == 2,
                lambda: len(store.read(session).segments) >= 3,
            ):
                await asyncio.to_thread(wait_until, known)
            socket.transport.abort()
        return session

    async def go_on(server: Running, session: str) -> CaptionState:
        async with connect(server.url(**RAW, session=session), compression=None) as socket:
            _, state = await first(socket)
            await socket.send(pcm(spoken(CHARLES, EVE, ADA)))
            await socket.send(json.dumps({"type": "close"}))
            return await rest(socket, state)

    session = asyncio.run(begin())
    again = Store(place)
    alive = server_with(serve, again, grace=60)
    state = asyncio.run(go_on(alive, session))
    charles, eve, ada = [line.speaker for line in state.lines if line.text][-3:]
    assert (charles, ada) == (2, 1)
    assert eve not in (0, 1, 2), "somebody who was not there before"
    wait_until(lambda: again.get(session).ended is not None)
    assert again.voices.of_session(session, "choir") == {}, "kept no longer than it is needed"
