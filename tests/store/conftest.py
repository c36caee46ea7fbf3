"""Stores in files of their own, and sessions to put into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Event

import pytest

from livestt.events import Word
from livestt.segments import Segment, joined
from livestt.store import Entry, Line, Opening, Outcome, Store

PATIENCE = 60
AUDIO = {"encoding": "s16le", "sample_rate": 16_000, "channels": 1}


def opening(session: str, owner: str | None = None) -> Opening:
    return Opening(session, datetime.now(UTC), AUDIO, {"language": "en"}, owner, "scripted", "x")


def words(text: str, first: int = 0) -> tuple[Word, ...]:
    """A word per second of 16,000 samples, half a second long."""
    return tuple(
        Word(f" {word}", 16_000 * (first + i), 16_000 * (first + i) + 8_000, 0.5, "en")
        for i, word in enumerate(text.split())
    )


def line(number: int, said: tuple[Word, ...], first: int) -> Line:
    segment = Segment(number, said[0].start, said[-1].end, joined(said), None, "en", said)
    return Line(segment, first)


def write(store: Store, entry: Entry) -> Outcome:
    """Have it written, and wait for what becomes of it."""
    told: list[Outcome] = []
    done = Event()

    def answer(outcome: Outcome) -> None:
        told.append(outcome)
        done.set()

    store.append(entry, answer)
    assert done.wait(PATIENCE)
    return told[0]


def tell(store: Store, session: str, *texts: str, ended: bool = True, owner: str = "") -> None:
    """A whole session, a line per text."""
    first = 0
    lines, said = [], []
    for number, text in enumerate(texts):
        spoken = words(text, first)
        lines.append(line(number, spoken, first))
        said += spoken
        first += len(spoken)
    entry = Entry(
        session, 1, 0, tuple(said), tuple(lines), 16_000 * first, 16_000 * first, "en",
        opening=opening(session, owner or None), ended=ended,
    )  # fmt: skip
    assert write(store, entry) is Outcome.STORED


Open = Callable[..., Store]


@pytest.fixture
def open_store(place: str) -> Iterator[Open]:
    """``open_store()`` opens the test's own database, as often as asked."""
    with ExitStack() as stack:

        def open_one(other: str = "", **more: float) -> Store:
            store = Store(other or place, **more)  # type: ignore[arg-type]
            stack.callback(store.close)
            return store

        yield open_one


@pytest.fixture
def store(open_store: Open) -> Store:
    return open_store()
