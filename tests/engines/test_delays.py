"""How long jobs are kept, as a mean that forgets with time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines.delays import MEMORY, QUIET, Delays

seconds = st.floats(0, 100)


@given(st.lists(st.tuples(st.floats(0, 10), seconds), min_size=1), st.lists(seconds))
def test_it_is_a_mean(taken: list[tuple[float, float]], still: list[float]) -> None:
    delays, now = Delays(), 0.0
    for pause, took in taken:
        now += pause
        delays.add(took, now)
    mean = delays.mean(now, still)
    values = [took for _, took in taken] + still
    assert min(values) - 1e-9 <= mean <= max(values) + 1e-9


def test_what_is_long_ago_hardly_counts() -> None:
    delays = Delays()
    for _ in range(100):
        delays.add(10.0, 0.0)
    delays.add(1.0, 10 * MEMORY)
    assert delays.mean(10 * MEMORY) == pytest.approx(1.0, abs=0.1)


def test_a_few_slow_ones_count_as_much_as_many_quick_ones() -> None:
    """A model that takes three seconds is known to after three answers, not after a hundred."""
    delays = Delays()
    for now in (3.0, 6.0, 9.0):
        delays.add(3.0, now)
    assert delays.mean(9.5) == pytest.approx(3.0)


def test_one_that_hangs_is_noticed_before_it_is_over() -> None:
    delays = Delays()
    delays.add(0.1, 0.0)
    assert delays.mean(0.5, [0.05]) == pytest.approx(0.1)
    assert delays.mean(20.0, [20.0]) > 19
    assert Delays().mean(5.0, [5.0]) == 5.0


def test_quiet_is_no_load() -> None:
    delays = Delays()
    delays.add(5.0, 0.0)
    assert delays.mean(QUIET) == 5.0
    assert delays.mean(QUIET + 0.1) == 0.0
    assert Delays().mean(0.0) == 0.0
