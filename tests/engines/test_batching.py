"""Which jobs go next, and together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines.batching import may_begin, next_batch


@dataclass(frozen=True)
class Ticket:
    deadline: float
    kind: str = "a"
    background: bool = False


def kind(ticket: Ticket) -> str:
    return ticket.kind


TICKETS = st.lists(
    st.builds(Ticket, st.floats(0, 9), st.sampled_from("ab"), st.booleans()), min_size=1
)


@given(TICKETS, st.integers(1, 8), st.integers(1, 4), st.booleans())
def test_a_batch_is_the_most_urgent_and_its_like(
    waiting: list[Ticket], most: int, idle: int, live: bool
) -> None:
    batch = next_batch(waiting, kind, most=most, idle=idle, live=live)
    first = min(waiting, key=lambda ticket: (ticket.background, ticket.deadline))
    assert batch[0] == first
    assert 0 < len(batch) <= most
    assert {(ticket.kind, ticket.background) for ticket in batch} == {
        (first.kind, first.background)
    }
    assert [ticket.deadline for ticket in batch] == sorted(ticket.deadline for ticket in batch)
    assert len(batch) == 1 or not (live and first.background)


def test_what_idle_workers_could_do_is_left_to_them() -> None:
    waiting = [Ticket(deadline) for deadline in range(5)]
    sizes = [len(next_batch(waiting, kind, most=4, idle=n, live=True)) for n in (1, 2, 3, 9)]
    assert sizes == [4, 3, 2, 1]


FILE, SPEECH = Ticket(0, background=True), Ticket(0)


@pytest.mark.parametrize(
    ("waiting", "busy", "workers", "live", "begins"),
    [
        ([], 0, 1, False, False),
        ([SPEECH], 0, 1, True, True),
        ([FILE, SPEECH], 1, 2, True, True),
        ([FILE], 0, 1, True, True),
        ([FILE], 0, 2, True, True),
        ([FILE], 1, 2, True, False),
        ([FILE], 1, 2, False, True),
    ],
)
def test_one_worker_of_several_stays_free_of_files_while_somebody_speaks(
    waiting: list[Ticket], busy: int, workers: int, live: bool, begins: bool
) -> None:
    assert may_begin(waiting, busy=busy, workers=workers, live=live) is begins
