"""Words that were stored before it was known who said them, and a server that goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from speakers.choir import Choir
from store.conftest import opening, words, write
from websockets.asyncio.client import connect

from livestt.client.state import CaptionState
from livestt.engines.scripted import script_of
from livestt.events import Attributed, Committed, Diarized, Event, Progress, Voice
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn
from livestt.store import Store
from livestt.store.recorder import Recorder
from livestt.timebase import from_seconds
from livestt.transcript import Layout

from ..conftest import Serve
from ..engines import Watched
from ..live.test_resume import first, rest
from ..running import wait_until
from ..voices.voices_rig import ADA, RAW, pcm, spoken


def left_behind(place: Path) -> None:
    """A session of six words, a second each: of the last four it is not known whose they are."""
    store = Store(str(place))
    recorder = Recorder(Layout(), replace(opening("a"), options={}))
    said = words("one two three four five six")
    now = from_seconds(5.5)
    batches: list[list[Event]] = [
        [Diarized(0), Committed(said)],
        [Attributed(0, (Voice(1), Voice(1)))],
        [Progress(now, now, now)],
    ]
    for entry in (recorder.open(), *map(recorder.take, batches)):
        assert entry is not None
        write(store, entry)
    store.close()


@pytest.mark.parametrize("compared", [False, True])
def test_they_get_a_speaker(serve: Serve, tmp_path: Path, compared: bool) -> None:
    left_behind(tmp_path / "transcripts.db")
    store = Store(str(tmp_path / "transcripts.db"))
    before = [w.speaker for s in store.read("a").segments for w in s.words]
    assert before == [1, 1, None, None, None, None]
    server = serve(
        Watched(script_of("seven eight nine ten.")),
        kept=store,
        diarizer=ScriptedDiarizer(turns=[ScriptedTurn(0, 0, from_seconds(9))]),
        embedder=Choir() if compared else None,
        diarization=True,
        voices=compared,
        resume_seconds=60,
    )

    async def go_on() -> CaptionState:
        async with connect(server.url(**RAW, session="a"), compression=None) as socket:
            config, state = await first(socket)
            assert config["resume_from_sample"] > from_seconds(2)
            await socket.send(pcm(spoken(ADA, ADA, ADA)))
            await socket.send(b"")
            return await rest(socket, state)

    state = asyncio.run(go_on())
    assert {line.speaker for line in state.lines} == {1, 2}
    wait_until(lambda: store.get("a").ended is not None)
    after = [w.speaker for s in store.read("a").segments for w in s.words]
    assert set(after) == {1, 2}
    assert after[:3] == [1, 1, 1], "not heard again: as the words before"
    assert set(after[4:]) == {2}, "heard again, by a number that nobody had"
