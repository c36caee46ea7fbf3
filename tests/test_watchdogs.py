"""Decoders that get stuck, engines that hang, threads that die: noticed, mended, told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from server.engines import Gated, Watched
from test_driver import RAW, SECOND, SETTINGS, Taker

from livestt import driver as driving
from livestt.driver import transcribe_live
from livestt.engines import Hypothesis, Job
from livestt.engines.scheduler import Scheduler
from livestt.engines.scripted import script_of
from livestt.events import Ended, UtteranceEnded, Warned

COUNT = 120
TEXT = " ".join(f"word{i}" for i in range(COUNT))
SECONDS = COUNT * 2 // 5 + 2


class Stuck(Watched):
    """Hears nothing any more, until it is reset."""

    def __init__(self, after: int) -> None:
        super().__init__(script_of(TEXT))
        self.stuck = False
        self.resets = 0
        self._after = after

    def reset(self, stream: object) -> None:
        self.stuck = False
        self.resets += 1

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if not self.resets and jobs[0].end > self._after:
            self.stuck = True
        return [Hypothesis(())] * len(jobs) if self.stuck else super().answers(jobs)


def told_by(engine: Watched) -> Taker:
    """What is said while audio comes in pieces of a second."""
    taker = Taker()

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(SECONDS):
            yield SECOND
            await asyncio.sleep(0.01)

    asyncio.run(transcribe_live(chunks(), RAW, engine, SETTINGS, taker))
    return taker


def codes(taker: Taker) -> list[str]:
    return [warning.code for warning in taker.of(Warned)]


def test_a_stuck_decoder_is_reset_and_the_rest_is_heard_again() -> None:
    engine = Stuck(after=16_000 * 10)
    taker = told_by(engine)
    assert engine.resets == 1
    assert codes(taker) == ["no_words"]
    words = taker.text.split()
    assert words == sorted(set(words), key=lambda word: int(word[4:]))
    assert words[0] == "word0"
    assert words[-1] == f"word{COUNT - 1}"
    # The window holds 12 s; of the 20 s in which nothing was heard only what it lost is missing.
    assert COUNT - len(words) <= 10 * 5 // 2 + 3


def test_a_decoder_that_works_is_left_alone() -> None:
    engine = Stuck(after=10**9)
    taker = told_by(engine)
    assert taker.text == TEXT
    assert (engine.resets, codes(taker)) == (0, [])
    assert taker.of(UtteranceEnded)


def test_clients_learn_that_words_are_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "NOTICEABLE", 0.05)
    engine = Gated(script_of("one two three"))
    taker = Taker()

    def opened(events: list) -> None:  # type: ignore[type-arg]
        taker(events)
        if "words_late" in codes(taker):
            engine.gate.set()

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(3):
            yield SECOND

    asyncio.run(transcribe_live(chunks(), RAW, engine, SETTINGS, opened))
    assert codes(taker)[:2] == ["words_late", "words_on_time"]
    assert taker.text == "one two three"


class Deadly(Watched):
    """Ends the thread that runs it, once."""

    def __init__(self) -> None:
        super().__init__(script_of(TEXT))
        self.deaths = 0

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if not self.deaths:
            self.deaths += 1
            raise SystemExit("a library thinks that it is a program")
        return super().answers(jobs)


def test_a_dead_thread_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    schedulers: list[Scheduler] = []

    class Known(Scheduler):
        def __init__(self, engine: Watched) -> None:
            super().__init__(engine)
            schedulers.append(self)

    monkeypatch.setattr(driving, "Scheduler", Known)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    taker = told_by(Deadly())
    assert taker.text == TEXT
    assert taker.of(Ended)
    [scheduler] = schedulers
    assert scheduler.stats.revived == 1
