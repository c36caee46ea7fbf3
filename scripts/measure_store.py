"""What storing words before they are shown costs: the wait of each entry, and how many fit.

python scripts/measure_store.py --sessions 72 [--store postgresql://...]
"""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import numpy as np

from livestt.events import Word
from livestt.segments import Segment, joined
from livestt.store import Entry, Line, Opening, Outcome, Store

AUDIO = {"encoding": "s16le", "sample_rate": 16_000, "channels": 1}
WORDS = 2
"""Per entry; five entries make a line."""


class Session:
    """Somebody who speaks without pause."""

    def __init__(self) -> None:
        self._id = secrets.token_urlsafe(12)
        self._said: list[Word] = []
        self._lines = 0
        self._first = 0

    def entry(self) -> Entry:
        n = self._first + len(self._said)
        new = [Word(" transcribed", 6400 * i, 6400 * i + 5000, 0.9, "en") for i in (n, n + 1)]
        self._said += new
        opening = Opening(self._id, datetime.now(UTC), AUDIO) if n == 0 else None
        lines: tuple[Line, ...] = ()
        if len(self._said) == 5 * WORDS:
            said = tuple(self._said)
            segment = Segment(self._lines, said[0].start, said[-1].end, joined(said), words=said)
            lines = (Line(segment, self._first),)
            self._first, self._lines, self._said = self._first + len(said), self._lines + 1, []
        return Entry(self._id, 1, n, tuple(new), lines, new[-1].end, new[-1].end, opening=opening)


def paced(store: Store, sessions: int, seconds: float) -> list[float]:
    """Each session commits two words every 0.8 s; how long each entry waits."""
    waits: list[float] = []
    crowd = [Session() for _ in range(sessions)]
    done = threading.Semaphore(0)

    def answer(begun: float, outcome: Outcome) -> None:
        assert outcome is Outcome.STORED
        waits.append(time.monotonic() - begun)
        done.release()

    begin, count = time.monotonic(), 0
    while (due := begin + count * 0.8 / sessions) < begin + seconds:
        time.sleep(max(0.0, due - time.monotonic()))
        store.append(crowd[count % sessions].entry(), partial(answer, time.monotonic()))
        count += 1
    for _ in range(count):
        done.acquire()
    return waits


def flooded(store: Store, sessions: int, entries: int) -> float:
    """Entries per second when all sessions write without pause."""
    crowd = [Session() for _ in range(sessions)]
    done = threading.Semaphore(0)
    begin = time.monotonic()
    for i in range(entries):
        store.append(crowd[i % sessions].entry(), lambda _: done.release())
    for _ in range(entries):
        done.acquire()
    return entries / (time.monotonic() - begin)


@click.command()
@click.option("--sessions", default=72, show_default=True)
@click.option("--seconds", default=15.0, show_default=True)
@click.option("--store", "place", default="", help="A file in a temporary folder unless given.")
def main(sessions: int, seconds: float, place: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(place or str(Path(folder) / "transcripts.db"))
        paced(store, sessions, 2.0)
        waits = np.array(paced(store, sessions, seconds)) * 1000
        stats = store.stats
        click.echo(
            f"{sessions} sessions, {len(waits)} entries: each waits "
            f"p50 {np.percentile(waits, 50):.1f} ms, p99 {np.percentile(waits, 99):.1f} ms, "
            f"at most {waits.max():.1f} ms; {stats.entries / stats.transactions:.1f} share a "
            "transaction"
        )
        rate = flooded(store, sessions, 20_000)
        click.echo(
            f"without pause: {rate:.0f} entries/s, enough for {rate * 0.8:.0f} sessions; "
            f"{store.stats.largest} in the largest transaction"
        )
        store.close()


if __name__ == "__main__":
    main()
