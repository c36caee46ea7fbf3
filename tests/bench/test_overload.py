"""More people than there is room for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from server.running import Running

from livestt.bench.figures import Distribution
from livestt.bench.live import Plan
from livestt.bench.load import Call, Unreachable
from livestt.bench.manifest import read_manifest
from livestt.bench.overload import Besieger, Outcome, Siege
from livestt.testing import decode_file


def besiege(manifest: Path, url: str, capacity: int, seconds: float = 3.0) -> Outcome:
    recordings = [(item, decode_file(item.path)) for item in read_manifest(manifest)]
    plan = Plan(Call(url), recordings, seconds=1.0, gap=0.2, ramp=0.2)
    told: list[str] = []
    outcome = anyio.run(Besieger(Siege(plan, capacity, 3.0, seconds), None).run, told.append)
    assert "6 people, room for 2, 3 s" in told
    return outcome


@pytest.fixture(scope="module")
def outcome(manifest: Path) -> Outcome:
    from livestt.engines.scripted import ScriptedEngine
    from livestt.server.timing import Timing
    from livestt.settings import Settings

    from .conftest import SCRIPT

    settings = Settings(port=0, vad=False, max_sessions=2)
    with Running(ScriptedEngine(script=SCRIPT), settings, Timing()) as server:
        return besiege(manifest, server.url(), 2)


def test_some_are_let_in_and_others_are_told_when_to_come_back(outcome: Outcome) -> None:
    assert outcome.loaded.sessions >= 2
    assert outcome.loaded.failed == 0
    assert outcome.refused >= 4
    assert (outcome.unclear, outcome.unanswered) == (0, 0)
    assert all(text.startswith("429 ") for text in outcome.refusals)
    assert outcome.answer is not None
    assert outcome.answer.count == outcome.refused


def test_it_is_over_afterwards(outcome: Outcome) -> None:
    assert outcome.recovery is not None
    assert outcome.alone.failed == outcome.after.failed == 0
    assert outcome.levels == {0: 1.0}
    assert outcome.faults(60.0) == []


def test_what_is_wrong_is_said(outcome: Outcome) -> None:
    late = replace(outcome.loaded, failed=1, committed=Distribution(1, 4.0, 4.0, 4.0, 4.0))
    bad = replace(outcome, loaded=late, unclear=1, unanswered=2, recovery=None)
    assert len(bad.faults(3.0)) == 5
    assert len(bad.faults(5.0)) == 4


def test_no_server_is_an_error(manifest: Path) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        besiege(manifest, "ws://127.0.0.1:9/asr", 2)
    assert caught.group_contains(Unreachable)
