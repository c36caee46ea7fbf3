from __future__ import annotations

import math

import pytest

from livestt.bench.counters import Counters, Histogram, parse, read

PAGE = """# TYPE livestt_jobs_total counter
livestt_jobs_total{kind="live"} 40.0
livestt_jobs_total{kind="file"} 2.0
# TYPE livestt_job_retries_total counter
livestt_job_retries_total 3.0
# TYPE livestt_job_failures_total counter
livestt_job_failures_total 1.0
# TYPE livestt_audio_unheard_seconds_total counter
livestt_audio_unheard_seconds_total 0.5
"""


def test_counters_are_summed_over_kinds() -> None:
    assert parse(PAGE) == Counters(42, 3, 1, 0.5)


def test_between_two_moments() -> None:
    assert Counters(5, 2, 1, 3.0).since(Counters(4, 2, 0, 1.0)) == Counters(1, 0, 1, 2.0)


def test_how_late_the_event_loop_was() -> None:
    page = PAGE + "# TYPE livestt_event_loop_lag_seconds histogram\n" + "".join(
        f'livestt_event_loop_lag_seconds_bucket{{le="{bound}"}} {count}\n'
        for bound, count in (("0.001", 50.0), ("0.002", 90.0), ("0.01", 100.0), ("+Inf", 100.0))
    )  # fmt: skip
    found = parse(page)
    assert found is not None
    assert found.loop_lag.quantile(0.5) == pytest.approx(0.001)
    assert found.loop_lag.quantile(0.7) == pytest.approx(0.0015)
    assert found.loop_lag.quantile(1) == pytest.approx(0.01)
    assert found.since(found).loop_lag.quantile(0.5) is None
    assert Counters(0, 0, 0, 0).loop_lag.quantile(0.5) is None


def test_readings_beyond_the_last_bound_count_as_it() -> None:
    assert Histogram(((0.01, 1.0), (math.inf, 9.0))).quantile(0.99) == 0.01


def test_another_server_has_other_figures() -> None:
    assert parse("# TYPE up gauge\nup 1\n") is None
    with pytest.raises(ValueError, match="float"):
        parse("<html>{")


def test_nobody_there() -> None:
    assert read("ws://127.0.0.1:9/asr") is None
