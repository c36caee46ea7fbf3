"""What is kept for a disk that fails, whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.store import Entry, Outcome, StoreStats, backlog
from livestt.store.backlog import Backlog

from .conftest import line, opening, words

ENTRIES = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=30)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_BACKLOG", 7)
    monkeypatch.setattr(backlog, "MAX_KEPT", 4)


@given(ENTRIES, ENTRIES)
@pytest.mark.usefixtures("small")
def test_every_word_is_kept_or_counted(
    later: list[tuple[int, bool, bool]], before: list[tuple[int, bool, bool]]
) -> None:
    """No more are kept than there is room for, and no session is left without beginning or end."""
    stats = StoreStats()
    kept = Backlog(stats)

    def entry(count: int, begins: bool, ends: bool) -> Entry:
        made = opening("a") if begins else None
        return Entry("a", 1, 0, words("x " * count), opening=made, ended=ends)

    new, old = [entry(*one) for one in later], [entry(*one) for one in before]
    outcomes = [kept.keep(one) for one in new]
    outcomes = [*kept.keep_before(old), *outcomes]
    all_of_them = [*old, *new]
    found = kept.oldest(len(kept))
    assert [one for one in found if one.vital] == [
        one if outcome is Outcome.DEFERRED else stripped(one)
        for one, outcome in zip(all_of_them, outcomes, strict=True)
        if one.vital
    ]
    waiting = sum(len(one.words) for one in found)
    assert stats.backlog == waiting <= 7
    assert sum(not one.vital for one in found) <= 4
    assert waiting + stats.lost_words == sum(len(one.words) for one in all_of_them)
    assert kept.lost_of("a") == stats.lost_words
    kept.told({"a": stats.lost_words})
    assert kept.lost_of("a") == 0
    kept.drop(len(found))
    assert (len(kept), stats.backlog) == (0, 0)


def stripped(entry: Entry) -> Entry:
    """What is left of one that there was no room for."""
    return Entry("a", 1, len(entry.words), opening=entry.opening, ended=entry.ended)


@pytest.mark.usefixtures("small")
def test_an_end_without_room_leaves_the_numbers_of_words_and_lines() -> None:
    kept, said = Backlog(StoreStats()), words("a b c d e f g h", 3)
    end = Entry("a", 1, 3, said, (line(2, said, 3),), 9, 9, ended=True, next_line=2)
    assert kept.keep(end) is Outcome.LOST
    assert kept.oldest(1) == [Entry("a", 1, 11, (), (), 9, 9, ended=True, next_line=2)]
