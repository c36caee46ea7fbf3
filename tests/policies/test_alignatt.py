from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import Hypothesis
from livestt.events import Word
from livestt.policies import AlignAtt
from livestt.policies.alignatt import FINAL_THRESHOLD, FRAME, SURE
from livestt.timebase import from_seconds

END = from_seconds(10)
OLD = END - 25 * FRAME
"""What attends to this sample or before is old enough."""


def word(text: str, end: int = OLD, *, score: float = 0.9, length: int = 4_000) -> Word:
    return Word(text, end - length, end, score)


def hypothesis(*words: Word, attended: tuple[int, ...] | None = None) -> Hypothesis:
    return Hypothesis(words, tuple(w.end for w in words) if attended is None else attended)


def decide(*words: Word, final: bool = False, policy: AlignAtt | None = None) -> int:
    return (policy or AlignAtt()).decide(hypothesis(*words), END, final=final)


class TestCut:
    def test_what_attends_to_new_audio_waits_and_all_after_it(self) -> None:
        words = word(" a", OLD - 9_000), word(" b", OLD + 1), word(" c", OLD)
        assert decide(*words) == 1

    def test_the_threshold_counts_positions(self) -> None:
        assert decide(word(" a", OLD - 5_000), word(" b", OLD), word(" c", END)) == 2
        policy = AlignAtt(frame_threshold=26)
        assert decide(word(" a", OLD - 5_000), word(" b", OLD), word(" c", END), policy=policy) == 1

    def test_attention_is_what_counts_and_not_the_end_of_the_word(self) -> None:
        words = word(" a", END), word(" b", END)
        assert AlignAtt().decide(hypothesis(*words, attended=(OLD, END)), END, final=False) == 1

    def test_the_last_word_waits_until_its_end_is_old(self) -> None:
        last = word(" last", OLD + 1)
        attended = hypothesis(word(" a", OLD - 9_000), last, attended=(OLD, OLD))
        assert AlignAtt().decide(attended, END, final=False) == 1
        assert decide(word(" a", OLD - 9_000), word(" last", OLD)) == 2

    def test_without_attention_nothing_is_committed_before_the_end(self) -> None:
        bare = Hypothesis((word(" a", 5_000), word(" b", 9_000)))
        assert AlignAtt().decide(bare, END, final=False) == 0
        assert AlignAtt().decide(bare, END, final=True) == 2


class TestFinal:
    def test_all_but_the_very_end_is_committed(self) -> None:
        limit = END - FINAL_THRESHOLD * FRAME
        assert decide(word(" a", OLD + 1), word(" b", limit), final=True) == 2
        assert decide(word(" a", OLD + 1), word(" b", limit + 1), final=True) == 1

    def test_no_second_opinion_is_asked_for(self) -> None:
        assert decide(word(" a", score=0.1), final=True) == 1


class TestSecondOpinion:
    @pytest.mark.parametrize(
        ("score", "length", "count"),
        [(SURE, 4_000, 1), (SURE - 0.01, 4_000, 0), (0.99, FRAME, 0), (0.99, FRAME + 1, 1)],
    )
    def test_who_needs_one(self, score: float, length: int, count: int) -> None:
        doubtful = word(" a", OLD - 9_000, score=score, length=length)
        assert decide(doubtful, word(" b", END)) == count

    def test_the_hypothesis_before_gives_it(self) -> None:
        policy = AlignAtt()
        assert decide(word(" Maybe", score=0.3), word(" b", END), policy=policy) == 0
        assert decide(word(" maybe,", score=0.3), word(" b", END), policy=policy) == 1

    def test_it_must_be_in_the_same_place(self) -> None:
        policy = AlignAtt()
        assert decide(word(" x", score=0.3), word(" y", score=0.3), policy=policy) == 0
        assert decide(word(" y", score=0.3), word(" b", END), policy=policy) == 0

    def test_places_are_counted_after_what_is_committed(self) -> None:
        policy = AlignAtt()
        first = word(" sure", OLD - 9_000), word(" maybe", OLD, score=0.3), word(" z", END)
        assert decide(*first, policy=policy) == 1
        assert decide(*first[1:], policy=policy) == 1

    def test_it_is_forgotten_with_the_utterance(self) -> None:
        policy = AlignAtt()
        decide(word(" maybe", score=0.3), word(" b", END), policy=policy)
        policy.reset()
        assert decide(word(" maybe", score=0.3), word(" b", END), policy=policy) == 0


@given(
    st.lists(st.tuples(st.integers(0, END), st.floats(0, 1), st.integers(1, 9_000))),
    st.booleans(),
    st.data(),
)
def test_it_commits_words_it_was_given_and_no_more_than_it_may(
    rows: list[tuple[int, float, int]], final: bool, data: st.DataObject
) -> None:
    words = tuple(Word(f" {i}", at, at + n, score) for i, (at, score, n) in enumerate(rows))
    attended = tuple(data.draw(st.integers(0, END)) for _ in words)
    count = AlignAtt().decide(Hypothesis(words, attended), END, final=final)
    assert 0 <= count <= len(words)
    limit = END - FINAL_THRESHOLD * FRAME if final else OLD
    assert all(at <= limit for at in attended[:count])
    more = AlignAtt().decide(Hypothesis(words, attended), END, final=True)
    assert more >= count
