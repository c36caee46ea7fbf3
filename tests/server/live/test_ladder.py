"""Under load captions get later and plainer, newcomers are kept out, and it passes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from livestt.engines import Hypothesis, Job
from livestt.engines.delays import Delay
from livestt.server.live import ladder as rungs
from livestt.server.live.ladder import (
    DOWN_AFTER,
    NO_NEWCOMERS,
    RUNGS,
    UP_AFTER,
    Ladder,
    eased,
    lateness,
)
from livestt.server.timing import Timing
from livestt.tuning import Tuning

from ..conftest import Serve
from ..engines import Watched
from ..running import wait_until


def climb(ladder: Ladder, wait: float, seconds: float, start: float = 1.0) -> float:
    now = start
    while now < start + seconds:
        ladder.observe(wait, now)
        now += 0.5
    return now


def test_a_moment_of_load_changes_nothing() -> None:
    ladder = Ladder()
    now = climb(ladder, 10.0, UP_AFTER - 0.5)
    climb(ladder, 0.0, 60, now)
    assert ladder.level == 0


def test_it_takes_one_rung_at_a_time_and_climbs_down_again() -> None:
    ladder = Ladder()
    now = climb(ladder, 100.0, UP_AFTER + 0.5)
    assert ladder.level == 1
    now = climb(ladder, 100.0, 10 * UP_AFTER, now)
    assert ladder.level == len(RUNGS) - 1
    now = climb(ladder, 0.0, DOWN_AFTER + 0.5, now)
    assert ladder.level == len(RUNGS) - 2
    climb(ladder, 0.0, 10 * DOWN_AFTER, now)
    assert ladder.level == 0


@pytest.mark.parametrize("level", range(1, len(RUNGS)))
def test_a_steady_load_finds_its_rung_and_stays(level: int) -> None:
    ladder = Ladder()
    now = climb(ladder, RUNGS[level].late, 60)
    assert ladder.level == level
    climb(ladder, RUNGS[level].late * 0.6, 60, now)
    assert ladder.level == level


@given(st.lists(st.floats(0, 20), max_size=200))
def test_it_never_leaves_its_rungs(waits: list[float]) -> None:
    ladder = Ladder()
    for now, wait in enumerate(waits, 1):
        ladder.observe(wait, float(now))
        assert 0 <= ladder.level < len(RUNGS)


def test_each_rung_eases_more() -> None:
    tuning = Tuning()
    eases = [eased(tuning, level) for level in range(len(RUNGS))]
    assert eases[0] == tuning
    assert eases[1].step == 2 * tuning.step
    assert eases[2].max_window < tuning.max_window
    assert not eases[rungs.FINAL_ONLY].partial


def test_a_native_engine_gives_way_only_by_what_helps_it() -> None:
    ladder, levels, now = Ladder(native=True), [0], 0.0
    for late in (100.0, 0.0):
        for _ in range(200):
            now += 0.5
            if ladder.observe(late, now):
                levels.append(ladder.level)
    assert levels == [0, 1, NO_NEWCOMERS, 1, 0]
    tuning = Tuning()
    for level in range(1, len(RUNGS)):
        assert eased(tuning, level, native=True) == replace(tuning, step=2 * tuning.step)


def test_a_native_engine_is_not_overloaded_before_words_are_that_late() -> None:
    ladder = Ladder(native=True)
    climb(ladder, RUNGS[NO_NEWCOMERS].late - 0.1, 60)
    assert ladder.level == 1


def descent(ladder: Ladder, now: float) -> float:
    """Seconds without load until it goes down."""
    begin, level = now, ladder.level
    while ladder.level == level:
        now += 0.5
        ladder.observe(0.0, now)
    return now - begin


def test_who_comes_back_up_soon_waits_longer_before_going_down() -> None:
    ladder = Ladder()
    now, patience = 1.0, []
    for _ in range(8):
        now = climb(ladder, RUNGS[1].late, UP_AFTER + 1, now)
        assert ladder.level == 1
        patience.append(descent(ladder, now))
        now += patience[-1]
    assert patience[0] == pytest.approx(DOWN_AFTER, abs=1)
    assert patience[1] == pytest.approx(2 * DOWN_AFTER, abs=1)
    assert patience[-1] == pytest.approx(rungs.MOST_WARY * DOWN_AFTER, abs=1)
    now = climb(ladder, 0.0, rungs.RELAPSE + 1, now)
    now = climb(ladder, RUNGS[1].late, UP_AFTER + 1, now)
    assert descent(ladder, now) == pytest.approx(DOWN_AFTER, abs=1)


def test_one_climb_makes_it_wary_once() -> None:
    ladder = Ladder()
    now = climb(ladder, 100.0, 10 * UP_AFTER)
    now += descent(ladder, now)
    now = climb(ladder, 100.0, 10 * UP_AFTER, now)
    assert descent(ladder, now) == pytest.approx(2 * DOWN_AFTER, abs=1)


def test_nobody_left_means_no_load() -> None:
    ladder = Ladder()
    climb(ladder, 100.0, 10 * UP_AFTER)
    assert ladder.clear()
    assert not ladder.clear()
    assert ladder.level == 0


def test_a_model_too_slow_for_one_speaker_makes_words_late_although_nobody_waits() -> None:
    assert lateness(Delay(wait=0.0, run=0.9)) == 0.0
    assert lateness(Delay(wait=0.0, run=3.0)) >= RUNGS[2].late
    assert lateness(Delay(wait=0.5, run=0.5)) == 0.5


class Slow(Watched):
    """An engine that takes its time while it is told to."""

    pause = 0.2

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        time.sleep(self.pause)
        return super().run(jobs)


def test_clients_learn_of_it_newcomers_are_refused_and_it_passes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rungs, "UP_AFTER", 0.05)
    monkeypatch.setattr(rungs, "DOWN_AFTER", 600.0)
    quick = [rungs.replace(rung, late=rung.late / 100) for rung in RUNGS]
    monkeypatch.setattr(rungs, "RUNGS", tuple(quick))
    engine = Slow()
    server = serve(engine, Timing(load=0.02))

    async def overload() -> list[str]:
        codes: list[str] = []
        url = server.url(encoding="s16le")
        async with connect(url) as first, connect(url) as second:
            pieces = bytes(32_000)
            while server.sessions.ladder.level < len(RUNGS) - 1:
                await first.send(pieces)
                await second.send(pieces)
                await asyncio.sleep(0.05)
            with pytest.raises(InvalidStatus) as refused:
                async with connect(url):
                    pass
            assert refused.value.response.status_code == 503
            assert json.loads(refused.value.response.body)["code"] == "overloaded"
            engine.pause = 0.0
            monkeypatch.setattr(rungs, "DOWN_AFTER", 0.1)
            for socket in (first, second):
                await socket.send(b"")
            async for text in first:
                message = json.loads(text)
                if message.get("type") == "warning":
                    codes.append(message["code"])
        return codes

    codes = asyncio.run(asyncio.wait_for(overload(), 60))
    assert codes[: len(RUNGS) - 1] == [rung.code for rung in RUNGS[1:]]
    wait_until(lambda: server.sessions.ladder.level == 0)
    asyncio.run(one_session(server.url(encoding="s16le")))


def test_one_speaker_with_a_slow_model_is_eased_too(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs never wait: each is asked when the one before is answered."""
    monkeypatch.setattr(rungs, "UP_AFTER", 0.05)
    monkeypatch.setattr(rungs, "REAL_TIME", 0.01)
    quick = [rungs.replace(rung, late=rung.late / 100) for rung in RUNGS]
    monkeypatch.setattr(rungs, "RUNGS", tuple(quick))
    server = serve(Slow(), Timing(load=0.02))

    async def alone() -> str:
        async with connect(server.url(encoding="s16le")) as socket:
            while True:
                await socket.send(bytes(32_000))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        async for text in socket:
                            message = json.loads(text)
                            if message.get("type") == "warning":
                                return str(message["code"])

    assert asyncio.run(asyncio.wait_for(alone(), 60)) == RUNGS[1].code


def test_who_comes_under_load_is_told(serve: Serve) -> None:
    server = serve(Watched(), Timing(load=600))
    server.sessions.ladder.level = 2

    async def talk() -> list[str]:
        async with connect(server.url(encoding="s16le")) as socket:
            await socket.send(b"")
            told = [json.loads(text) async for text in socket]
        assert told[0]["type"] == "config"
        return [message["code"] for message in told if message.get("type") == "warning"]

    assert asyncio.run(talk()) == [RUNGS[2].code]


async def one_session(url: str) -> None:
    async with connect(url) as socket:
        await socket.send(b"")
        assert [json.loads(text).get("type") async for text in socket][-1] == "ready_to_stop"
