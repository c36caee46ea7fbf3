"""Which word is which, and since when it has been there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.bench.alignment import Presence, matches

words = st.lists(st.sampled_from("abcd"), max_size=8)


@pytest.mark.parametrize(
    ("a", "b", "pairs"),
    [
        ("", "a b", []),
        ("a b c", "a b c", [(0, 0), (1, 1), (2, 2)]),
        ("a b c", "a x c", [(0, 0), (2, 2)]),
        ("a c", "a b c", [(0, 0), (1, 2)]),
        ("x a", "a", [(1, 0)]),
    ],
)
def test_matches(a: str, b: str, pairs: list[tuple[int, int]]) -> None:
    assert matches(a.split(), b.split()) == pairs


def replay(final: str, *shown: str) -> Presence:
    """Show texts at 1, 2, 3 ... seconds."""
    presence = Presence(final.split())
    before: list[str] = []
    for at, text in enumerate(shown, 1):
        now = text.split()
        same = next((i for i, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), None)
        presence.see(at, now, min(len(before), len(now)) if same is None else same, len(now))
        before = now
    return presence


def test_words_appear_one_by_one() -> None:
    presence = replay("a b c", "a", "a b", "a b c")
    assert presence.first == presence.since == [1, 2, 3]


def test_a_word_that_was_another_first() -> None:
    presence = replay("a b c", "a x", "a x c", "a b c")
    assert presence.first == presence.since == [1, 3, 2]


def test_a_word_that_goes_and_comes_back() -> None:
    presence = replay("a b", "a b", "a", "a x", "a b")
    assert presence.first == [1, 1]
    assert presence.since == [1, 4]


def test_a_word_put_in_before_does_not_move_those_behind_it() -> None:
    presence = replay("a b c", "a c", "a b c")
    assert presence.first == presence.since == [1, 2, 1]


def test_everything_withdrawn() -> None:
    presence = replay("a b", "a b", "", "a b")
    assert (presence.first, presence.since) == ([1, 1], [3, 3])


def test_only_a_part_counts() -> None:
    presence = Presence(["a", "b"])
    presence.see(1, ["a", "b"], 0, 1)
    presence.see(2, ["a", "b"], 1, 2)
    assert presence.since == [1, 2]


@given(st.lists(words, max_size=6), words)
def test_what_is_there_at_the_end_has_been_there_since_some_time(
    shown: list[list[str]], final: list[str]
) -> None:
    presence = replay(" ".join(final), *(" ".join(text) for text in [*shown, final]))
    assert None not in presence.since
    for first, since in zip(presence.first, presence.since, strict=True):
        assert first is not None
        assert since is not None
        assert 1 <= first <= since <= len(shown) + 1


@given(words, words)
def test_what_is_absent_has_no_time(shown: list[str], final: list[str]) -> None:
    presence = replay(" ".join(final), " ".join(shown))
    known = [i for i, since in enumerate(presence.since) if since is not None]
    assert all(final[i] in shown for i in known)
