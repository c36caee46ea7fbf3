from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.translation.sentences import join, split


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("First. Second? Third!", ["First.", "Second?", "Third!"]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("It costs 3.5 dollars. Really?", ["It costs 3.5 dollars.", "Really?"]),
        ("Ask Dr. Brown and J. Smith. They know.", ["Ask Dr. Brown and J. Smith.", "They know."]),
        ("well... so it goes", ["well... so it goes"]),
        ("早上好。你好吗？", ["早上好。", "你好吗？"]),  # noqa: RUF001
        ("「はい。」と言った。そう？！", ["「はい。」と言った。", "そう？！"]),  # noqa: RUF001
        ("यह अच्छा है। क्या? हाँ।", ["यह अच्छा है।", "क्या?", "हाँ।"]),
        ("كيف الحال؟ بخير.", ["كيف الحال؟", "بخير."]),
        ("ကောင်းတယ်။ဟုတ်တယ်။", ["ကောင်းတယ်။", "ဟုတ်တယ်။"]),
        ("no end", ["no end"]),
        ("", [""]),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@given(st.text(alphabet="ab AB.?! '\"。é", max_size=60))
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


def test_joined_as_the_script_has_it() -> None:
    assert join(["Eins.", "", "Zwei."]) == "Eins. Zwei."
    assert join(["早上好。", "你好吗。"]) == "早上好。你好吗。"
    assert join([]) == ""
