"""Words that were stored before it was known who said them, and a server that goes on."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from speakers.choir import Choir
from store.conftest import opening, words, write
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from livestt.client.state import CaptionState
from livestt.engines.scripted import script_of
from livestt.engines.spelled import PACE, SpelledEngine, recording
from livestt.events import Attributed, Committed, Diarized, Event, Progress, Voice
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn
from livestt.store import Store
from livestt.store.recorder import Recorder
from livestt.timebase import from_seconds
from livestt.transcript import Layout

from ..conftest import Serve
from ..engines import Watched
from ..live.test_resume import first, rest
from ..running import Running, wait_until
from ..voices.voices_rig import ADA, RAW, pcm, spoken


def left_behind(place: Path, *speakers: int) -> None:
    """A session of six words, a second each, of which it is known whose the first are."""
    store = Store(str(place))
    recorder = Recorder(Layout(), replace(opening("a"), options={}))
    said = words("one two three four five six")
    now = from_seconds(5.5)
    batches: list[list[Event]] = [
        [Diarized(0), Committed(said)],
        [Attributed(0, tuple(map(Voice, speakers)))],
        [Progress(now, now, now)],
    ]
    for entry in (recorder.open(), *map(recorder.take, batches)):
        assert entry is not None
        write(store, entry)
    store.close()


async def go_on(server: Running) -> CaptionState:
    """Feed the session until it ends."""
    async with connect(server.url(**RAW, session="a"), compression=None) as socket:
        config, state = await first(socket)
        assert config["resume_from_sample"] > from_seconds(2)
        await socket.send(pcm(spoken(ADA, ADA, ADA)))
        await socket.send(b"")
        return await rest(socket, state)


@pytest.mark.parametrize("compared", [False, True])
def test_they_get_a_speaker(serve: Serve, tmp_path: Path, compared: bool) -> None:
    left_behind(tmp_path / "transcripts.db", 1, 1)
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

    state = asyncio.run(go_on(server))
    assert {line.speaker for line in state.lines} == {1, 2}
    wait_until(lambda: store.get("a").ended is not None)
    after = [w.speaker for s in store.read("a").segments for w in s.words]
    assert set(after) == {1, 2}
    assert after[:3] == [1, 1, 1], "not heard again: as the words before"
    assert set(after[4:]) == {2}, "heard again, by a number that nobody had"


def test_who_spoke_last_goes_on_with_the_same_number(serve: Serve, tmp_path: Path) -> None:
    left_behind(tmp_path / "transcripts.db", 1, 1, 3, 2, 2, 2)
    store = Store(str(tmp_path / "transcripts.db"))
    server = serve(
        Watched(script_of(" ".join(f"w{i}" for i in range(20)))),
        kept=store,
        diarizer=ScriptedDiarizer(turns=[ScriptedTurn(0, 0, from_seconds(9))]),
        diarization=True,
        resume_seconds=60,
    )
    state = asyncio.run(go_on(server))
    assert "w9" in state.committed_text
    assert [line.speaker for line in state.lines if line.speaker] == [1, 3, 2]
    wait_until(lambda: store.get("a").ended is not None)
    after = [w.speaker for s in store.read("a").segments for w in s.words]
    assert after[:6] == [1, 1, 3, 2, 2, 2]
    assert set(after[6:]) == {2}


def test_a_server_that_stops_leaves_words_and_whose_they_are(serve: Serve, tmp_path: Path) -> None:
    """Those who come back get every word once, with a speaker."""
    stores = [Store(str(tmp_path / "transcripts.db")) for _ in range(2)]
    sound, half = recording(60), PACE * 2 * 30
    said = [f"w{i}" for i in range(1, 61)]

    def server(store: Store) -> Running:
        return serve(
            SpelledEngine(),
            kept=store,
            diarizer=ScriptedDiarizer(turns=[ScriptedTurn(0, 0, len(sound))]),
            diarization=True,
            resume_seconds=60,
        )

    async def talk() -> CaptionState:
        old = server(stores[0])
        async with connect(old.url(**RAW), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(sound[:half])
            with suppress(ConnectionClosed):
                async for text in socket:
                    if state.apply(json.loads(text)) and "w2" in state.committed_text:
                        old.server.should_exit = True
        assert "w29" in state.text
        assert "w29" not in state.committed_text
        assert stores[1].read(config["session"]).text == state.text
        new = server(stores[1])
        async with connect(new.url(**RAW, session=config["session"]), compression=None) as socket:
            config, state = await first(socket)
            await socket.send(sound[config["resume_from_sample"] * 2 :])
            await socket.send(b"")
            return await rest(socket, state)

    state = asyncio.run(talk())
    assert state.committed_text.split() == said
    assert None not in {line.speaker for line in state.lines}
    stored = stores[1].read(stores[1].newest(1)[0].id)
    assert [word.text.strip() for s in stored.segments for word in s.words] == said
    assert all(word.speaker for s in stored.segments for word in s.words)
    for store in stores:
        store.close()
