"""How often one client may do something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.access.throttle import LONGEST, MOST_CLIENTS, Throttle, network

CLIENTS = st.sampled_from(["a", "b"])
STEPS = st.floats(0, 100)
MOST = st.integers(1, 20)
SECONDS = st.sampled_from([1.0, 30.0, 60.0])
EPSILON = 1e-6


def test_a_full_bucket_empties_evenly() -> None:
    throttle = Throttle(3, 30)
    assert [throttle.count("a", 0) for _ in range(4)] == [0, 0, 0, 10]
    assert throttle.count("a", 4) == 6
    assert throttle.count("b", 4) == 0
    assert [throttle.count("a", 10) for _ in range(2)] == [0, 10]
    assert [throttle.count("a", 1000) for _ in range(4)] == [0, 0, 0, 10]


def test_one_that_runs_over_is_closed_for_a_while() -> None:
    throttle = Throttle(3, 30, pause=30)
    for _ in range(3):
        assert throttle.count("a", 0) == 0
    for now, left in ((0, 30), (10, 20), (29.5, 0.5)):
        assert throttle.count("a", now) == left
    assert throttle.count("b", 0) == 0
    assert [throttle.count("a", 30) for _ in range(4)] == [0, 0, 0, 30]


def test_now_and_then_is_never_too_often() -> None:
    throttle = Throttle(3, 30, pause=30)
    assert {throttle.count("a", now) for now in range(0, 600, 10)} == {0}


def test_only_so_many_clients_are_remembered() -> None:
    throttle = Throttle(1, 60)
    for number in range(MOST_CLIENTS + 1):
        throttle.count(f"client {number}", 0)
    assert throttle.count(f"client {MOST_CLIENTS}", 0) == 60
    assert throttle.count("client 0", 0) == 0


@given(MOST, SECONDS, st.lists(STEPS, max_size=200))
def test_nobody_does_more_than_is_allowed(most: int, seconds: float, steps: list[float]) -> None:
    throttle, now, times = Throttle(most, seconds), 0.0, []
    for step in steps:
        now += step / 50 * seconds / most
        if not throttle.count("a", now):
            times.append(now)
    for first, begin in enumerate(times):
        for last, end in enumerate(times[first:], first):
            allowed = most + (end - begin) * most / seconds
            assert last - first + 1 <= allowed + EPSILON


@given(MOST, SECONDS, st.lists(STEPS, max_size=100), st.sampled_from([0.0, 60.0]))
def test_who_waits_as_told_is_let_in(
    most: int, seconds: float, steps: list[float], pause: float
) -> None:
    throttle, now = Throttle(most, seconds, pause), 0.0
    for step in steps:
        now += step / 50 * seconds / most
        wait = throttle.count("a", now)
        assert 0 <= wait <= (pause or seconds / most) + EPSILON
        if wait:
            now += wait + EPSILON
            assert throttle.count("a", now) == 0


@given(MOST, SECONDS, st.lists(st.tuples(CLIENTS, STEPS), max_size=100))
def test_nobody_suffers_from_another(
    most: int, seconds: float, asked: list[tuple[str, float]]
) -> None:
    together, alone, now = Throttle(most, seconds), Throttle(most, seconds), 0.0
    for client, step in asked:
        now += step / 100 * seconds / most
        wait = together.count(client, now)
        if client == "a":
            assert wait == alone.count(client, now)


@given(MOST, SECONDS, st.lists(st.floats(1, 3), max_size=100))
def test_an_even_pace_is_never_refused(most: int, seconds: float, steps: list[float]) -> None:
    throttle, now = Throttle(most, seconds), 0.0
    for step in steps:
        now += step * seconds / most + EPSILON
        assert throttle.count("a", now) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("no address", "unknown", False),
    ],
)
def test_neighbours_in_ipv6_are_one(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) == same


@given(st.text() | st.ip_addresses().map(str))
def test_any_address_is_a_short_name(address: str) -> None:
    assert len(network(address)) <= LONGEST
