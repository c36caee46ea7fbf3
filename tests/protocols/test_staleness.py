"""How old what a client shows is: by what it was sent, and what it says it has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livestt.protocols.staleness import APART, MOST, Unseen


def test_the_oldest_state_that_is_still_on_its_way_counts() -> None:
    unseen = Unseen()
    for seq in range(1, 5):
        unseen.sent(seq, float(seq))
    assert unseen.acknowledged(2, 10.0) == 10.0 - 3.0
    assert unseen.acknowledged(2, 11.0) == 11.0 - 3.0
    assert unseen.acknowledged(4, 12.0) == 0
    assert unseen.acknowledged(99, 13.0) == 0


@given(st.lists(st.floats(0, 2), min_size=1, max_size=3 * MOST), st.data())
def test_it_is_right_to_a_fraction_of_a_second(steps: list[float], data: st.DataObject) -> None:
    unseen, now = Unseen(), 0.0
    times = []
    for step in steps:
        now += step
        times.append(now)
        unseen.sent(len(times), now)
    applied = data.draw(st.integers(0, len(times)))
    found = unseen.acknowledged(applied, now)
    really = now - times[applied] if applied < len(times) else 0.0
    if applied == len(times):
        assert found == 0
    elif now - times[applied] < MOST * APART:  # older ones may be forgotten
        assert really <= found < really + APART
