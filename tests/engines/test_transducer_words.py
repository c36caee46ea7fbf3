"""A transducer's symbols become words, however few of them come at a time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the transducer engine needs the extra 'torch'")
pytest.importorskip("transformers", reason="the transducer engine needs the extra 'torch'")

from livestt.engines.transducer.words import BOUNDARY, NOTHING, Symbol, heard, within

PIECES = (f"{BOUNDARY}ba", "na", "\u6f22", "\u0e31", "<en-US>", f"{BOUNDARY}", "<unk>")


def spell(tokens: Sequence[int]) -> str:
    """As a tokenizer does, without special tokens."""
    return "".join(PIECES[token].replace(BOUNDARY, " ").replace("<unk>", "") for token in tokens)


def symbols(tokens: Sequence[int]) -> list[Symbol]:
    return [Symbol(t, PIECES[t], i * 100.0, i * 100.0 + 60, 0.5) for i, t in enumerate(tokens)]


@given(
    st.lists(st.integers(0, len(PIECES) - 1), max_size=30),
    st.lists(st.integers(0, 30)),
    st.sampled_from([None, "de"]),
)
def test_the_steps_change_nothing(tokens: list[int], cuts: list[int], language: str | None) -> None:
    whole = symbols(tokens)
    expected = heard(whole, spell, language)
    found = NOTHING
    for cut in sorted(cuts):
        before, found = found, heard(whole[:cut], spell, language, found)
        finished = before.words[: before.finished]
        assert found.words[: before.finished] == finished, "no symbol can change it"
    found = heard(whole, spell, language, found)
    assert (found.words, found.language) == (expected.words, expected.language)


def test_long_speech_is_not_read_again() -> None:
    spelled: list[int] = []

    def counted(tokens: Sequence[int]) -> str:
        spelled.extend(tokens)
        return spell(tokens)

    whole = symbols([0, 1] * 1000)
    found = NOTHING
    for count in range(0, len(whole) + 1, 10):
        found = heard(whole[:count], counted, "en", found)
    assert len(found.words) == 1000
    assert len(spelled) < 1.5 * len(whole)


def test_what_is_written_after_the_end_was_said_before_it() -> None:
    words = heard(symbols([0, 0, 0, 0]), spell, "en").words
    assert [(w.start, w.end) for w in within(words, 1000)] == [
        (0, 60), (100, 160), (200, 260), (300, 360),
    ]  # fmt: skip
    assert [(w.start, w.end) for w in within(words, 201)] == [
        (0, 60), (100, 160), (199, 200), (200, 201),
    ]  # fmt: skip


def test_a_vowel_sign_goes_with_its_letter() -> None:
    assert [word.text for word in heard(symbols([2, 3, 2]), spell, "th").words] == [
        "\u6f22\u0e31", "\u6f22",
    ]  # fmt: skip
