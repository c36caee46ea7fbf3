"""From tokens and their DTW path to timed words.

CTranslate2's ``align`` gives one dynamic-time-warping path over the alignment heads' attention
(as OpenAI's ``timing.py`` does): pairs of (token index, encoder position). A token's place is
the *centre* of its span; against true attention the start commits too early and the end too
late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from livestt.engines.whisper.windows import TOKEN_FRAME
from livestt.events import Word

MAX_SCORE = 0.99
"""Alignment scores ignore the end token, which makes them a little too sure of themselves."""
REPLACEMENT = "\ufffd"
PREPENDED = "\"'“¿([{-"
APPENDED = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - the full-width forms are data


@dataclass(frozen=True, slots=True)
class Span:
    """Where one token was heard, in encoder positions of 20 ms, both inclusive."""

    first: int
    last: int

    @property
    def centre(self) -> float:
        return (self.first + self.last) / 2


@dataclass(frozen=True, slots=True)
class Piece:
    """The tokens of one written word."""

    text: str
    tokens: tuple[int, ...]


def token_spans(path: Sequence[tuple[int, int]], n_tokens: int) -> list[Span]:
    """Spans of tokens 0..n_tokens-1 out of a monotone path; a token off the path gets the
    position of the one before it."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for token, frame in path:
        first.setdefault(token, frame)
        last[token] = frame
    spans: list[Span] = []
    for i in range(n_tokens):
        before = spans[-1].last if spans else 0
        spans.append(Span(first.get(i, before), last.get(i, before)))
    return spans


def merge_punctuation(pieces: Sequence[Piece]) -> list[Piece]:
    """Attach punctuation marks, which Whisper's tokenizer splits off, to their words."""
    merged: list[Piece] = []
    opening: Piece | None = None
    for piece in pieces:
        if opening is not None:
            piece = Piece(opening.text + piece.text, opening.tokens + piece.tokens)
            opening = None
        bare = piece.text.strip()
        if bare and bare in PREPENDED and piece.text.startswith(" "):
            opening = piece
        elif bare and bare in APPENDED and merged and not piece.text.startswith(" "):
            merged[-1] = Piece(merged[-1].text + piece.text, merged[-1].tokens + piece.tokens)
        else:
            merged.append(piece)
    return merged if opening is None else [*merged, opening]


def timed_words(
    pieces: Sequence[Piece],
    spans: Sequence[Span],
    scores: Sequence[float],
    at: Callable[[int], int],
    language: str | None,
) -> tuple[tuple[Word, ...], tuple[int, ...]]:
    """Words and, for each, the last sample its tokens attended to.

    Args:
        pieces: consecutive words; their tokens together are the tokens of ``spans``.
        spans: one per token.
        scores: one probability per token.
        at: session sample index of an encoder position.
        language: ISO 639-1 code stamped on each word.
    """
    words: list[Word] = []
    attended: list[int] = []
    i = 0
    for piece in pieces:
        mine = range(i, i + len(piece.tokens))
        i = mine.stop
        if not mine or REPLACEMENT in piece.text:
            break
        spoken = _spoken(piece, mine, spans)
        # Two tokens may share a position; their words do not.
        start = max(at(spoken[0].first), words[-1].end if words else 0)
        end = at(spoken[-1].last + 1)
        score = min(MAX_SCORE, sum(scores[j] for j in mine) / len(mine))
        words.append(
            Word(piece.text, start, max(end, start + TOKEN_FRAME), score, language,
                 tokens=piece.tokens)
        )  # fmt: skip
        attended.append(at(round(max(s.centre for s in spoken))))
    if words:
        _draw_back(words, at(max(span.last for span in spans) + 1))
    return tuple(words), tuple(attended)


def _draw_back(words: list[Word], limit: int) -> None:
    """Let no word end after the audio does, which several in its last position would."""
    for i in reversed(range(len(words))):
        if words[i].end <= limit:
            break
        words[i] = replace(words[i], start=min(words[i].start, limit - 1), end=limit)
        limit = words[i].start


def _spoken(piece: Piece, mine: range, spans: Sequence[Span]) -> list[Span]:
    """Spans of the tokens that are heard: trailing punctuation lies in the pause after."""
    count = len(mine)
    letters = piece.text.rstrip(APPENDED)
    if count > 1 and letters != piece.text and any(c.isalnum() for c in letters):
        count -= min(count - 1, len(piece.text) - len(letters))
    return [spans[j] for j in mine[:count]]
