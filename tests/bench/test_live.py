"""Whole runs against real sockets. No test asserts a wall-clock time, only what it must exceed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from server.running import Running

from livestt.bench import plot, report
from livestt.bench.figures import Distribution
from livestt.bench.judge import Score
from livestt.bench.live import (
    Bench,
    Plan,
    Run,
    Runner,
    find_most,
    memory_per_session,
    summed_up,
)
from livestt.bench.load import Call, Load, Unreachable
from livestt.bench.manifest import read_manifest
from livestt.bench.watch import Usage
from livestt.testing import decode_file

from .conftest import Other


def plan(manifest: Path, url: str, *, processes: int = 1, **call: Any) -> Plan:
    recordings = [(item, decode_file(item.path)) for item in read_manifest(manifest)]
    return Plan(Call(url, **call), recordings, seconds=1.0, gap=0.2, ramp=0.2, processes=processes)


def run(plan: Plan, sessions: int) -> Run:
    return anyio.run(Runner(plan, None).run, sessions)


@pytest.mark.parametrize("mode", ["full", "diff"])
def test_livestt(mode: str, manifest: Path, livestt_server: Running) -> None:
    found = run(plan(manifest, livestt_server.url(), mode=mode), 2)
    assert (found.sessions, found.failed, found.rewritten) == (2, 0, 0)
    assert found.errors.wer == 0
    assert found.errors.words == 12
    assert found.shown
    assert found.committed
    assert found.shown.count == found.committed.count == 12
    assert 0 < found.shown.p50 <= found.committed.p50
    assert found.first_word
    assert found.last_word
    assert found.fairness
    assert found.tail
    assert found.client_cpu > 0


def test_sessions_that_are_refused_are_failures(manifest: Path, livestt_server: Running) -> None:
    found = run(plan(manifest, livestt_server.url()), 3)
    assert found.failed == 1
    assert "limit of sessions, 2" in found.failures[0]
    assert not found.holds(60.0, "committed")


def test_whisperlivekit(manifest: Path, other_server: Other) -> None:
    url, other = other_server(takes_pcm=True)
    found = run(plan(manifest, url), 2)
    assert (found.failed, found.rewritten, found.errors.wer) == (0, 0, 0)
    assert found.lag == 0.3
    assert found.unstable
    assert found.shown
    assert found.final
    assert found.committed
    assert 0 < found.shown.p50 <= found.final.p50 <= found.committed.p50
    frames = round(found.audio / 2 / 0.06)
    assert other.received == [frames * 1920] * 2


def test_a_server_that_takes_no_pcm_is_sent_wav(manifest: Path, other_server: Other) -> None:
    url, other = other_server(takes_pcm=False)
    found = run(plan(manifest, url), 1)
    assert found.failed == 0
    assert other.received == [44 + round(found.audio / 0.06) * 1920]


def test_several_processes_share_the_sessions(manifest: Path, other_server: Other) -> None:
    url, _ = other_server(takes_pcm=True)
    found = run(plan(manifest, url, processes=2), 3)
    assert (found.sessions, found.failed, found.errors.wer) == (3, 0, 0)


def test_nobody_there(manifest: Path) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        run(plan(manifest, "ws://127.0.0.1:9/asr"), 1)
    assert caught.group_contains(Unreachable, match="Cannot connect to ws://127")


def made_up(sessions: int, p95: float, *, failed: int = 0, rss: int = 0) -> Run:
    score = Score(said="a", heard="a", seconds=10.0, words=1, committed=[p95], tail=0.1)
    scores = [score] * (sessions - failed) + [Score(seconds=10.0, failure="gone")] * failed
    usage = Usage(seconds=10.0, cpu=5.0, idle_rss=100, peak_rss=rss) if rss else None
    return summed_up(Load(scores, {}, 1.0), "en", usage)


@pytest.mark.parametrize(
    ("limit", "ceiling", "most", "tried"),
    [
        (0, 8, 0, [1]),
        (1, 8, 1, [1, 2]),
        (5, 512, 5, [1, 2, 4, 5, 6, 8]),
        (512, 8, 8, [1, 2, 4, 8]),
        (100, 512, 96, [1, 2, 4, 8, 16, 32, 64, 96, 104, 112, 128]),
    ],
)
def test_find_most(limit: int, ceiling: int, most: int, tried: list[int]) -> None:
    async def search() -> tuple[int, list[Run]]:
        async def one(sessions: int) -> Run:
            return made_up(sessions, 1.0 if sessions <= limit else 9.0)

        return await find_most(one, lambda run: run.holds(3.0, "committed"), 1, ceiling)

    found, runs = anyio.run(search)
    assert found == most
    assert [run.sessions for run in runs] == tried


def test_what_holds() -> None:
    assert made_up(2, 1.0).holds(1.0, "committed")
    assert not made_up(2, 1.1).holds(1.0, "committed")
    assert not made_up(2, 1.0, failed=1).holds(1.0, "committed")
    assert not made_up(2, 1.0).holds(1.0, "shown")


def test_memory_per_session() -> None:
    assert memory_per_session([made_up(4, 1, rss=500)]) == 100
    assert memory_per_session([made_up(2, 1, rss=300), made_up(4, 1, rss=400)]) == pytest.approx(50)
    assert memory_per_session([made_up(2, 1)]) is None


def bench(*runs: Run, **more: Any) -> Bench:
    config, machine = {"backend": "scripted", "model": "x"}, {"processor": "CPU", "cores": 2}
    return Bench("ws://x/asr", config, machine, {}, runs, memory_per_session(runs), **more)


def test_report(tmp_path: Path) -> None:
    found = bench(made_up(2, 1.0, rss=300), made_up(4, 9.0, failed=1, rss=400), limit=3.0, most=2)
    said = " ".join(report.remarks(found))
    assert "committed words within 3 s: 2." in said
    assert "With 4 sessions: 1 failed: gone" in said
    [table] = report.tables(found)
    assert [column.header for column in table.columns][1:] == ["2 sessions", "4 sessions"]
    many = report.tables(bench(*(made_up(n, 1.0) for n in range(1, 6))))
    assert [len(table.columns) for table in many] == [4, 3]
    report.write_json(found, tmp_path / "b.json")
    written = json.loads((tmp_path / "b.json").read_text("utf-8"))
    assert written["runs"][0]["committed"]["p95"] == 1.0
    assert written["runs"][1]["scores"][3]["failure"] == "gone"
    assert "heard" not in written["runs"][0]["scores"][0]


def test_report_says_when_the_client_was_at_fault() -> None:
    late = summed_up(Load([Score(seconds=1.0, late=0.5, rewritten=2)], {}, 0.1), "en", None)
    said = " ".join(report.remarks(bench(late)))
    assert "0.50 s late" in said
    assert "rewritten 2 times" in said


def test_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    runs = made_up(1, 0.5, rss=300), made_up(2, 1.0, rss=400), made_up(4, 5.0, failed=4)
    plot.draw(bench(*runs, limit=3.0), tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")


def test_latency_by_name() -> None:
    found = made_up(1, 1.0)
    assert found.latency("committed") == Distribution(1, 1.0, 1.0, 1.0, 1.0)
    assert found.latency("final") is None
