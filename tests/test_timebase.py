from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.timebase import (
    SAMPLE_RATE,
    clock,
    from_ms,
    from_seconds,
    subtitle_clock,
    to_ms,
    to_seconds,
)

times = st.integers(0, 400 * 3600 * SAMPLE_RATE)


@given(times)
def test_milliseconds_survive_a_round_trip(samples: int) -> None:
    assert abs(from_seconds(to_seconds(samples)) - samples) <= 8
    assert abs(from_ms(to_ms(samples)) - samples) <= 8
    assert to_ms(from_ms(to_ms(samples))) == to_ms(samples)


@given(times)
def test_clocks_say_the_time(samples: int) -> None:
    hours, minutes, seconds = clock(samples).split(":")
    assert re.fullmatch(r"\d\d\.\d\d", seconds)
    assert int(minutes) < 60
    assert float(seconds) < 60
    total = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    assert total == pytest.approx(samples / SAMPLE_RATE, abs=0.00501)


@pytest.mark.parametrize(
    ("samples", "text", "subtitle"),
    [
        (0, "0:00:00.00", "00:00:00,000"),
        (16 * 1234, "0:00:01.23", "00:00:01,234"),
        (59_999 * 16, "0:01:00.00", "00:00:59,999"),
        (SAMPLE_RATE * 3600 * 100, "100:00:00.00", "100:00:00,000"),
    ],
)
def test_examples(samples: int, text: str, subtitle: str) -> None:
    assert clock(samples) == text
    assert subtitle_clock(samples, decimal=",") == subtitle
    assert subtitle_clock(samples, decimal=".") == subtitle.replace(",", ".")
