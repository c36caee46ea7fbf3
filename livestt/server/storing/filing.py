"""Transcripts of files, stored once they are whole."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import anyio

from livestt.engines import StreamOptions
from livestt.events import Event
from livestt.files import file_layout
from livestt.pipeline import Pipeline
from livestt.server.access import asking
from livestt.store import Entry, Opening, Outcome, Store
from livestt.store.recorder import Recorder

PATIENCE = 1.0
"""Seconds for which a file's answer waits for a slow disk; it is stored later all the same."""
FILE: Mapping[str, object] = {"encoding": "file"}
"""What is known of its audio: a session of this kind cannot be taken up again."""


class Filing:
    """Gathers what is said in one file. A file that fails, or whose client goes, is not stored.

    Args:
        store: where to.
        pipeline: settings and the engine.
        options: what was asked of the engine.
        title: its name, if it has one.

    Attributes:
        id: of the transcript.
    """

    def __init__(
        self, store: Store, pipeline: Pipeline, options: StreamOptions, title: str = ""
    ) -> None:
        self.id = secrets.token_urlsafe(12)
        engine = pipeline.engine
        opening = Opening(
            self.id,
            datetime.now(UTC),
            FILE,
            {"language": options.language, "task": options.task},
            asking.grant.get().name or None,
            engine.name,
            engine.model,
            title,
        )
        self._store = store
        self._recorder = Recorder(file_layout(pipeline.settings), opening)
        self._entries: list[Entry] = []
        first = self._recorder.open()
        assert first is not None
        self._entries.append(first)

    def receive_events(self, events: Sequence[Event]) -> None:
        """What the file says, in order."""
        entry = self._recorder.take(events)
        if entry is not None:
            self._entries.append(entry)

    async def finish(self) -> None:
        """The file is whole: store it. Waits, but not long, until it can be found."""
        loop = asyncio.get_running_loop()
        stored = anyio.Event()

        def answer(outcome: Outcome) -> None:
            loop.call_soon_threadsafe(stored.set)

        *before, last = self._entries
        for entry in before:
            self._store.append(entry, _nobody)
        self._store.append(last, answer)
        with anyio.move_on_after(PATIENCE):
            await stored.wait()


def _nobody(outcome: Outcome) -> None:
    """Nobody waits for this one entry."""
