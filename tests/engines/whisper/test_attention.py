"""From cross-attention to places in time, on matrices made by hand and by chance."""

from __future__ import annotations

import base64
import gzip
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines.whisper.alignment import Span
from livestt.engines.whisper.attention import (
    FloatArray,
    by_layer,
    median_of_seven,
    monotone_path,
    parse_heads,
    places,
    saliency,
    usual_heads,
)
from livestt.errors import UnsupportedOption

HEADS, TOKENS, POSITIONS, STEP = 3, 8, 100, 12


def attention(sink: float = 0.0, seed: int = 1) -> tuple[FloatArray, list[int]]:
    """Heads whose token ``i`` looks around position ``10 + 12 i``, each a little differently.

    Args:
        sink: share of every row that lies on position 3, as real models do it.
        seed: of the noise.

    Returns:
        ``[heads, tokens, positions]`` with rows that sum to 1, and the true positions.
    """
    rng = np.random.default_rng(seed)
    truth = [10 + STEP * i for i in range(TOKENS)]
    at = np.arange(POSITIONS)
    rows = np.stack([np.exp(-0.5 * ((at - t) / 2.5) ** 2) for t in truth])
    weights = rows[None] + rng.uniform(0, 0.01, (HEADS, TOKENS, POSITIONS))
    weights /= weights.sum(axis=-1, keepdims=True)
    weights *= 1 - sink
    weights[:, :, 3] += sink
    return weights.astype(np.float32), truth


@given(st.integers(4, 40), st.integers(0, 2**32 - 1))
def test_median_is_the_median(width: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(2, 3, width)).astype(np.float32)
    padded = np.pad(values, ((0, 0), (0, 0), (3, 3)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 7, axis=-1)
    assert np.array_equal(median_of_seven(values), np.median(windows, axis=-1))


@pytest.mark.parametrize("width", [0, 1, 3])
def test_what_is_too_short_to_filter_stays(width: int) -> None:
    values = np.arange(width, dtype=np.float32)[None]
    assert np.array_equal(median_of_seven(values), values)


def test_every_token_attends_where_it_looks() -> None:
    weights, truth = attention()
    looked, spans = places(weights)
    assert all(abs(a - b) <= 2 for a, b in zip(looked, truth, strict=True))
    assert all(s.first - 2 <= t <= s.last + 2 for s, t in zip(spans, truth, strict=True))


def test_a_place_that_all_tokens_look_at_says_nothing() -> None:
    weights, truth = attention(sink=0.6)
    assert set(weights.mean(axis=0).argmax(axis=1)) == {3}
    looked, _ = places(weights)
    assert all(abs(a - b) <= 2 for a, b in zip(looked, truth, strict=True))


def test_a_place_that_no_token_looks_at_says_nothing_either() -> None:
    weights, truth = attention()
    weights[:, :, 95:] = 1e-9
    weights[:, 2, 95:] = 1e-7  # a hundred times the others, and nothing
    assert saliency(weights)[2].argmax() >= 95
    assert abs(places(weights)[0][2] - truth[2]) <= 2


def test_a_span_begins_where_the_token_is_heard() -> None:
    weights = np.full((1, 2, 60), 1e-6, np.float32)
    weights[0, 0, 30:34] = 0.25
    weights[0, 1, 45:49] = 0.25
    _, spans = places(weights)
    assert spans[0].first == 30
    assert 40 <= spans[1].first <= 46


def test_skipped_tokens_are_normalised_over_and_left_out() -> None:
    weights, truth = attention()
    looked, spans = places(weights, skip=3)
    assert len(looked) == len(spans) == TOKENS - 3
    assert all(abs(a - b) <= 2 for a, b in zip(looked, truth[3:], strict=True))


@given(st.integers(1, 7), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_path_is_the_best_there_is(tokens: int, positions: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(tokens, positions)).astype(np.float32)
    path = monotone_path(matrix)
    assert path[0] == (0, 0)
    assert path[-1] == (tokens - 1, positions - 1)
    steps = {(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(path)}
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    mine = sum(float(matrix[at]) for at in path)
    assert mine == pytest.approx(_best(matrix), abs=1e-4)


def _best(matrix: FloatArray) -> float:
    """The same by the book."""
    best = np.full(matrix.shape, -np.inf)
    for i, j in np.ndindex(*matrix.shape):
        before = [best[i - a, j - b] for a, b in ((0, 1), (1, 0), (1, 1)) if i >= a and j >= b]
        best[i, j] = matrix[i, j] + (max(before) if before else 0.0)
    return float(best[-1, -1])


def test_no_audio_no_path() -> None:
    assert monotone_path(np.zeros((3, 0), np.float32)) == []


def test_one_position() -> None:
    assert places(np.ones((1, 2, 1), np.float32)) == ([0, 0], [Span(0, 0), Span(0, 0)])


class TestHeads:
    @pytest.mark.parametrize("text", ["1:0,1:1", " 1:1, 1:0 ", "1.0,1.1", "1:0,1:1,1:0"])
    def test_as_people_write_them(self, text: str) -> None:
        assert parse_heads(text, 2, 2) == ((1, 0), (1, 1))

    def test_as_openai_packs_them(self) -> None:
        flags = np.array([[0, 0, 1], [1, 0, 0]], dtype=bool)
        packed = base64.b85encode(gzip.compress(flags.tobytes())).decode()
        assert parse_heads(packed, 2, 3) == ((0, 2), (1, 0))
        with pytest.raises(UnsupportedOption, match="for 6 heads, and the model has 4 x 4"):
            parse_heads(packed, 4, 4)

    @pytest.mark.parametrize("text", ["all", "1:0;1:1", "1", "", "heads.txt"])
    def test_anything_else_is_explained(self, text: str) -> None:
        with pytest.raises(UnsupportedOption, match=r"--alignment-heads .*layer:head pairs"):
            parse_heads(text, 2, 2)

    def test_heads_that_are_not_there(self) -> None:
        with pytest.raises(UnsupportedOption, match=r"no head 2:0. It has 2 decoder layers of 2"):
            parse_heads("1:0,2:0", 2, 2)

    def test_by_layer(self) -> None:
        assert by_layer(((1, 3), (0, 2), (1, 0))) == {0: [2], 1: [0, 3]}
        assert by_layer(usual_heads(3, 2)) == {1: [0, 1], 2: [0, 1]}
