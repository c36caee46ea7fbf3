from __future__ import annotations

import pytest

from livestt.bench.counters import Counters, parse, read

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


def test_another_server_has_other_figures() -> None:
    assert parse("# TYPE up gauge\nup 1\n") is None
    with pytest.raises(ValueError, match="float"):
        parse("<html>{")


def test_nobody_there() -> None:
    assert read("ws://127.0.0.1:9/asr") is None
