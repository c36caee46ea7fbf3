"""Where the decoder looked: exact AlignAtt frames and word spans out of cross-attention.

A few heads of Whisper's decoder, its *alignment heads*, look at the audio of the token that is
about to be written. As OpenAI's ``timing.py`` and Simul-Whisper (arXiv 2406.10052) do, their
attention is normalised over tokens, smoothed by a median of seven positions and averaged over
heads. A token's **attended** position is the maximum of its row, and its **span** comes from the
best monotone path through the matrix, as in ``timing.py``.

Two things are livestt's own. Normalising blows up positions that no token looks at, so a token can
only have attended where its attention exceeds that of all tokens together by at least a tenth of
the most it does anywhere. And a path has to put
the silence before a word somewhere, usually into the word, so a span begins where the token's
attention does. docs/engines.md has what both are worth.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from livestt.engines.whisper.alignment import Span, token_spans
from livestt.errors import UnsupportedOption

FloatArray = npt.NDArray[np.float32]

MEDIAN = 7
"""Positions of the median filter."""

# Devillard, "Fast median search", 1998: exchanges that leave the median of seven in the middle.
# fmt: off
_EXCHANGES = (
    (0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6),
    (2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4),
)
# fmt: on

LEAST = 0.1
"""Share of a token's highest attention, less that of all tokens, that makes a position count."""
QUIET = 0.01
"""Share of a span's attention that may lie before its beginning."""

Heads = tuple[tuple[int, int], ...]
"""Alignment heads as (layer, head), both from 0."""


def saliency(weights: FloatArray) -> FloatArray:
    """How much more each token looks at a position than the other tokens do.

    Args:
        weights: cross-attention ``[heads, tokens, positions]``, each row at most 1 in sum.

    Returns:
        ``[tokens, positions]``, about zero on average.
    """
    mean = weights.mean(axis=1, keepdims=True)
    deviation = np.maximum(weights.std(axis=1, keepdims=True), 1e-9)
    normal: FloatArray = np.divide(weights - mean, deviation, dtype=np.float32)
    smooth: FloatArray = median_of_seven(normal).mean(axis=0)
    return smooth


def median_of_seven(values: FloatArray) -> FloatArray:
    """A running median over the last axis; its ends are reflected."""
    half = MEDIAN // 2
    width = values.shape[-1]
    if width <= half:
        return values
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(half, half)], mode="reflect")
    shifted = [padded[..., i : i + width] for i in range(MEDIAN)]
    for low, high in _EXCHANGES:
        shifted[low], shifted[high] = (
            np.minimum(shifted[low], shifted[high]),
            np.maximum(shifted[low], shifted[high]),
        )
    return shifted[half]


def places(weights: FloatArray, skip: int = 0) -> tuple[list[int], list[Span]]:
    """For each token where it looked most, and its stretch of time.

    Args:
        weights: as for `saliency`.
        skip: tokens at the beginning that are normalised over, but not asked for.
    """
    matrix = saliency(weights)[skip:]
    own = weights.mean(axis=0)[skip:]
    more = own - weights.mean(axis=(0, 1))
    looks = more >= LEAST * more.max(axis=1, keepdims=True, initial=0.0)
    attended = np.where(looks, matrix, -np.inf).argmax(axis=1)
    found = token_spans(monotone_path(matrix), len(matrix))
    return [int(p) for p in attended], [_begun(s, row) for s, row in zip(found, own, strict=True)]


def _begun(span: Span, attention: FloatArray) -> Span:
    """The span from where the token begins to look; attention ``[positions]``."""
    share = np.cumsum(attention[span.first : span.last + 1])
    quiet = int(np.searchsorted(share, QUIET * share[-1]))
    return Span(min(span.first + quiet, span.last), span.last)


def monotone_path(matrix: FloatArray) -> list[tuple[int, int]]:
    """The path of most attention from the first token and position to the last (DTW).

    Each step goes to the next token, the next position or both. The costs of a row follow from
    those of the row above without a loop: with ``S`` the running sum of its own costs,
    ``D[j] = S[j] + min over i <= j of (best above[i] - S[i - 1])``.
    """
    tokens, positions = matrix.shape
    if not positions:
        return []
    cost = -matrix.astype(np.float64)
    total = np.empty((tokens, positions))
    total[0] = np.cumsum(cost[0])
    for row in range(1, tokens):
        above = total[row - 1].copy()
        above[1:] = np.minimum(above[1:], total[row - 1, :-1])
        run = np.cumsum(cost[row])
        total[row] = run + np.minimum.accumulate(above - (run - cost[row]))
    return _walk_back(total)


def _walk_back(total: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    row, column = total.shape[0] - 1, total.shape[1] - 1
    path = [(row, column)]
    while row or column:
        steps = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
        allowed = [(r, c) for r, c in steps if r >= 0 and c >= 0]
        row, column = min(allowed, key=lambda at: total[at])
        path.append((row, column))
    return path[::-1]


def parse_heads(text: str, layers: int, heads: int) -> Heads:
    """Alignment heads as people write them: ``1:0,1:1``, or OpenAI's packed form.

    Args:
        text: pairs ``layer:head`` with commas between, or the base 85 string that OpenAI's
            ``whisper/__init__.py`` and fine-tuning scripts give.
        layers: decoder layers of the model.
        heads: heads of each.

    Raises:
        UnsupportedOption: it is neither, or names a head that the model does not have.
    """
    pairs = re.findall(r"(\d+)\s*[:.]\s*(\d+)", text)
    if re.fullmatch(r"\s*\d+\s*[:.]\s*\d+(\s*,\s*\d+\s*[:.]\s*\d+)*\s*", text):
        chosen = tuple(dict.fromkeys((int(layer), int(head)) for layer, head in pairs))
    else:
        chosen = _unpack(text, layers, heads)
    beyond = [f"{layer}:{head}" for layer, head in chosen if layer >= layers or head >= heads]
    if beyond:
        raise UnsupportedOption(
            f"--alignment-heads: the model has no head {', '.join(beyond)}. It has {layers} "
            f"decoder layers of {heads} heads, both counted from 0."
        )
    return tuple(sorted(chosen))


def _unpack(text: str, layers: int, heads: int) -> Heads:
    try:
        packed = gzip.decompress(base64.b85decode(text) or b"nothing")
        flags = np.frombuffer(packed, dtype=np.uint8)
    except (ValueError, binascii.Error, OSError, EOFError) as error:
        raise UnsupportedOption(
            f"--alignment-heads {text}: write layer:head pairs with commas between, such as "
            "3:1,4:2. scripts/find_alignment_heads.py finds them."
        ) from error
    if flags.size != layers * heads or not flags.any():
        raise UnsupportedOption(
            f"--alignment-heads: this packed list is for {flags.size} heads, and the model has "
            f"{layers} x {heads}."
        )
    return tuple((int(a), int(b)) for a, b in np.argwhere(flags.reshape(layers, heads)))


def usual_heads(layers: int, heads: int) -> Heads:
    """What OpenAI falls back on: all heads of the upper half of the decoder."""
    return tuple((layer, head) for layer in range(layers // 2, layers) for head in range(heads))


def by_layer(chosen: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """The chosen heads of each layer that has any."""

    def put(found: dict[int, list[int]], pair: tuple[int, int]) -> dict[int, list[int]]:
        found.setdefault(pair[0], []).append(pair[1])
        return found

    return reduce(put, sorted(chosen), {})
