"""Percentiles, spreads, slopes, and texts as they are compared."""

from __future__ import annotations

import pytest

from livestt.bench.figures import Distribution, Spread, distribution, slope, spread
from livestt.bench.text import ErrorRates, Token, error_rates, spelled, tokens


def test_distribution() -> None:
    found = distribution([float(i) for i in range(101)])
    assert found == Distribution(101, 50.0, 95.0, 99.0, 100.0)
    assert distribution([2.0]) == Distribution(1, 2.0, 2.0, 2.0, 2.0)
    assert distribution([]) is None


def test_spread() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    assert spread([]) is None


def test_slope() -> None:
    assert slope([(1, 10), (2, 30), (4, 70)]) == pytest.approx(20.0)
    assert slope([(2, 10), (2, 30)]) is None
    assert slope([]) is None


def test_tokens_know_where_they_end() -> None:
    assert list(tokens("Hello,  wörld! - ok", "en")) == [
        Token("hello", 6),
        Token("wörld", 14),
        Token("ok", 19),
    ]
    assert list(tokens("well-known", None)) == [Token("well", 10), Token("known", 10)]
    assert list(tokens("你好。", "zh")) == [Token("你", 1), Token("好", 2)]


def test_spelling() -> None:
    assert spelled("He's got twenty-one colours.", "en") == "he has got 21 colors"
    assert spelled("Déjà vu!", "fr") == "déjà vu"
    assert spelled("你 好。", "zh") == "你 好"
    assert spelled("ที่นี่", "th") == "ท ี ่ น ี ่"


def test_error_rates_count_words_not_texts() -> None:
    rates = error_rates([("one two three four", "one two three four"), ("five", "six")], "fr")
    assert rates == ErrorRates(5, pytest.approx(0.2), rates.cer, 1, 0, 0)
    assert rates.cer == pytest.approx(3 / 22)
    assert error_rates([("", "noise")], "en") == ErrorRates(0, None, None, 0, 0, 0)
