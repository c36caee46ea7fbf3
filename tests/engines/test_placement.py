"""The least loaded device goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livestt.engines.placement import Placement


def test_idle_devices_take_turns() -> None:
    placement = Placement((1, 1, 1))
    seen = []
    for _ in range(6):
        seen.append(placement.take())
        placement.give_back(seen[-1], failed=False)
    assert sorted(seen[:3]) == sorted(seen[3:]) == [0, 1, 2]


def test_room_counts_not_just_numbers() -> None:
    placement = Placement((4, 1))
    assert [placement.take() for _ in range(5)] == [0, 1, 0, 0, 0]


def test_a_failing_device_is_left_alone_while_another_has_room() -> None:
    placement = Placement((1, 1))
    broken = placement.take()
    placement.give_back(broken, failed=True)
    for _ in range(5):
        sound = placement.take()
        assert sound != broken
        placement.give_back(sound, failed=False)


def test_a_failing_device_is_tried_again_when_the_others_are_busy() -> None:
    placement = Placement((1, 1))
    broken = placement.take()
    placement.give_back(broken, failed=True)
    sound = placement.take()
    assert placement.take() == broken
    placement.give_back(broken, failed=False)
    placement.give_back(sound, failed=False)
    assert {placement.take(), placement.take()} == {broken, sound}


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 99))),
)
def test_no_device_gets_more_than_it_has_room_for(
    room: tuple[int, ...], moves: list[tuple[bool, bool, int]]
) -> None:
    placement = Placement(room)
    running: list[int] = []
    for begin, failed, which in moves:
        if begin and len(running) < sum(room):
            running.append(placement.take())
        elif running:
            placement.give_back(running.pop(which % len(running)), failed=failed)
        assert placement.running == tuple(running.count(i) for i in range(len(room)))
        assert all(n <= most for n, most in zip(placement.running, room, strict=True))
