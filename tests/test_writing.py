from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.writing import columns, ends_sentence, folded, is_unspaced, words


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


@pytest.mark.parametrize(
    "text",
    [" end.", " “end.”", "。」", " है।", " کیا؟", " ہے\u06d4", " ነው።", " է\u0589", "တယ်။", " …"],
)
def test_sentences_end_in_any_script(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", [" end,", " no", "、", " 3:", ""])
def test_others_do_not(text: str) -> None:
    assert not ends_sentence(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc.", 4), ("naïve", 5), ("e\u0301", 1), ("今日は", 6), ("안녕", 4), ("ที่", 1), ("की", 2)],
)
def test_how_wide(text: str, expected: int) -> None:
    assert columns(text) == expected


def test_folded() -> None:
    assert folded(" 'Tis, ÉTÉ!") == "tisété"
    assert folded(" …") == ""
