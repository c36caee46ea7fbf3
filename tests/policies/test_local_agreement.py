from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import Hypothesis
from livestt.events import Word
from livestt.policies import LocalAgreement


def decide(policy: LocalAgreement, text: str, *, final: bool = False) -> int:
    words = tuple(Word(f" {w}", i, i + 1) for i, w in enumerate(text.split()))
    return policy.decide(Hypothesis(words), 1_000, final=final)


def test_two_in_a_row_must_agree() -> None:
    policy = LocalAgreement()
    assert decide(policy, "the cat sat") == 0
    assert decide(policy, "the cat ran") == 2


def test_case_and_punctuation_do_not_matter() -> None:
    policy = LocalAgreement()
    decide(policy, "Hello, WORLD straße")
    assert decide(policy, "hello world! STRASSE") == 3


def test_another_vowel_sign_is_another_word() -> None:
    policy = LocalAgreement()
    decide(policy, "वह की")
    assert decide(policy, "वह को") == 1


def test_committed_words_are_dropped_from_what_is_compared() -> None:
    policy = LocalAgreement()
    decide(policy, "a b c")
    assert decide(policy, "a b d e") == 2
    assert decide(policy, "d e f") == 2  # words after those committed
    assert decide(policy, "f") == 1


def test_a_flicker_delays_and_an_empty_answer_agrees_on_nothing() -> None:
    policy = LocalAgreement()
    assert decide(policy, "a b") == 0
    assert decide(policy, "") == 0
    assert decide(policy, "a b") == 0
    assert decide(policy, "a b") == 2


def test_three_in_a_row() -> None:
    policy = LocalAgreement(3)
    assert [decide(policy, t) for t in ("a b c", "a b d", "a b c", "c")] == [0, 0, 2, 0]


def test_the_final_answer_is_committed_whole_and_ends_the_memory() -> None:
    policy = LocalAgreement()
    decide(policy, "a b")
    assert decide(policy, "x y z", final=True) == 3
    assert decide(policy, "x y z") == 0


def test_reset_forgets() -> None:
    policy = LocalAgreement()
    decide(policy, "a b")
    policy.reset()
    assert decide(policy, "a b") == 0


@given(st.lists(st.text("ab ", max_size=8), max_size=12), st.integers(2, 3))
def test_whatever_is_committed_was_said_by_the_last_n(texts: list[str], n: int) -> None:
    """With an oracle that keeps whole transcripts, as if nothing was ever cut off."""
    policy = LocalAgreement(n)
    committed: list[str] = []
    whole: list[list[str]] = []
    for text in texts:
        count = decide(policy, text)
        words = text.split()
        assert count <= len(words)
        whole.append([*committed, *words])
        committed += words[:count]
        if count:
            assert all(said[: len(committed)] == committed for said in whole[-n:])
            assert len(whole) >= n
