"""Parts of a recording, as players ask for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.server.storing.audio import byte_range


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=100-", (100, 100)),
        ("bytes=-0", (100, 100)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("seconds=0-1", None),
    ],
)
def test_ranges(asked: str, span: tuple[int, int] | None) -> None:
    assert byte_range(asked, 100) == span


@given(st.text(), st.integers(1, 10**6))
def test_any_range_lies_inside(asked: str, size: int) -> None:
    for header in (asked, f"bytes={asked}"):
        span = byte_range(header, size)
        assert span is None or 0 <= span[0] <= span[1] <= size or span[0] == span[1]
