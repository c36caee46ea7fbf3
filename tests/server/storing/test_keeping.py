"""What a session still owes the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from livestt.server.storing.keeping import Keeper
from livestt.store import Entry, Opening, Outcome
from livestt.store.recorder import Recorder
from livestt.store.writer import Answer
from livestt.transcript import Layout


class Disk:
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def append(self, entry: Entry, answer: Answer) -> None:
        self.answers.append(answer)


def ignore(events: Any = None) -> None:
    """Nobody reads along."""


@pytest.mark.anyio
@pytest.mark.parametrize("outcome", Outcome)
async def test_it_is_done_once_the_store_has_written_all(outcome: Outcome) -> None:
    disk: Any = Disk()
    opening = Opening("a", datetime.now(UTC), {}, {}, None, "scripted", "x")
    keeper = Keeper(disk, Recorder(Layout(), opening), ignore, ignore, patience=0.01)
    await keeper.finish(complete=False)
    assert not keeper.done, "the disk has not answered in time"
    for answer in disk.answers:
        answer(outcome)
    await keeper.finish(complete=True)
    assert keeper.done is (outcome in (Outcome.STORED, Outcome.REFUSED))
