"""What is kept of a session, whichever of its words and its audio are."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import numpy as np
import pytest

from livestt.events import Committed, Ended, Event, Warned, Word
from livestt.server.storing.archive import Archive
from livestt.server.storing.recordings import HEADER, Recordings
from livestt.store import Opening, Store
from livestt.store.recorder import Recorder
from livestt.transcript import Layout

SECOND = 16_000
SAID: list[Event] = [Committed((Word(" one", 0, SECOND),)), Ended(SECOND)]


class Session:
    """Whoever has an archive."""

    def __init__(self, store: Store | None = None, recordings: Recordings | None = None) -> None:
        self.told: list[Event] = []
        self.refused = False
        self.archive = Archive(self.told.extend, self.refuse, lambda: None)
        if store is not None:
            opening = Opening("a", datetime.now(UTC), {}, {}, None, "scripted", "x")
            self.archive.keep_words(store, Recorder(Layout(), opening))
        if recordings is not None:
            self.archive.keep_audio(recordings, "a", 0)

    def refuse(self) -> None:
        self.refused = True

    async def speak(self) -> None:
        """A second, and a word in it."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.archive.run)
            if (receive := self.archive.on_audio) is not None:
                receive(np.full(SECOND, 0.5, np.float32))
            self.archive.receive_events(SAID)
            tasks.cancel_scope.cancel()
        await self.archive.finish(complete=True)


@pytest.mark.anyio
async def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    session = Session()
    assert session.archive.on_audio is None
    assert not session.archive.recording
    await session.speak()
    assert session.told == SAID


@pytest.mark.anyio
async def test_words_and_audio_are_kept(tmp_path: Path) -> None:
    with closing(Store(str(tmp_path / "transcripts.db"))) as store:
        recordings = Recordings(tmp_path / "audio", 1_000_000, store)
        session = Session(store, recordings)
        assert session.archive.recording
        await session.speak()
        assert session.told == SAID
        assert [line.text for line in store.read("a").segments] == ["one"]
        path = recordings.find("a")
    assert path is not None
    assert path.stat().st_size == HEADER + 2 * SECOND
    assert not session.refused


@pytest.mark.anyio
async def test_who_reads_along_is_told_that_the_recording_ends(tmp_path: Path) -> None:
    with closing(Store(str(tmp_path / "transcripts.db"))) as store:
        session = Session(store, Recordings(tmp_path / "audio", HEADER, store))
        await session.speak()
    [warning] = [event for event in session.told if isinstance(event, Warned)]
    assert warning.code == "recording_stopped"
    assert not session.archive.recording
