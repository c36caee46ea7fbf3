from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.unspaced import is_unspaced, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good day", ["Good", " day"]),
        ("今日は good 天気", ["今", "日", "は", " good", " 天", "気"]),
        ("ที่นี่ดี", ["ที่", "นี่", "ดี"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("안녕 하세요", ["안녕", " 하세요"]),
        ("𠮷野", ["𠮷", "野"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    assert "".join(words(text)) == text.rstrip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("語", True), ("ท", True), ("\u0e31", False), ("\u102c", False), ("a", False), ("", False)],
)
def test_a_mark_begins_no_word(text: str, expected: bool) -> None:
    assert is_unspaced(text) is expected
