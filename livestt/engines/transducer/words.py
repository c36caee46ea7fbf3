"""From a transducer's symbols to timed words. Pure.

The symbols are SentencePiece pieces: one that begins with ``▁`` begins a word, any other goes on
with the one before. A symbol's time is the encoder frame at which it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from livestt.events import Word
from livestt.writing import is_unspaced

BOUNDARY = "\u2581"
"""Begins a piece that begins a word."""
_TAG = re.compile(r"<([a-z]{2,3})(-[A-Za-z]{2,4})?>")
"""What multilingual models write to say which language they hear."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A piece the model wrote, in session samples."""

    token: int
    piece: str
    start: float
    end: float
    score: float


@dataclass(frozen=True, slots=True)
class Heard:
    """All words of an utterance so far."""

    words: tuple[Word, ...] = ()
    finished: int = 0
    """How many leading words no further symbol can change."""
    language: str | None = None
    """What the model said it hears, if it says so."""
    read: int = 0
    """How many leading symbols need not be read again."""


NOTHING = Heard()


def heard(
    symbols: Sequence[Symbol],
    spell: Callable[[Sequence[int]], str],
    language: str | None,
    before: Heard = NOTHING,
) -> Heard:
    """Read an utterance.

    Args:
        symbols: in order of time.
        spell: the text of some tokens, without special ones.
        language: as asked for; None reads it from the symbols.
        before: what was read of the first of them, so that long speech is not read from its
            beginning at each step.
    """
    language = language or before.language
    words: list[Word] = []
    finished, at, read = 0, before.read, before.read
    for group in _groups(symbols[read:]):
        text = spell([symbol.token for symbol in group]).strip()
        tag = _TAG.fullmatch(text) or _TAG.fullmatch(group[0].piece.lstrip(BOUNDARY))
        if tag is not None:
            finished, read = len(words), at + len(group)
            language = language or tag[1]
        elif text:
            finished, read = len(words), at
            words.append(_word(group, text, language))
        at += len(group)
    done = before.words[: before.finished]
    return Heard((*done, *words), len(done) + finished, language, read)


def within(words: Sequence[Word], end: int) -> tuple[Word, ...]:
    """The words within the audio, which ends here: what was written after its end had been said
    before it.

    Args:
        words: in order and without overlap.
        end: session sample.
    """
    fitted: list[Word] = []
    kept = len(words)
    while kept and words[kept - 1].end > end:
        kept -= 1
        word = words[kept]
        first = min(word.start, end - 1)
        fitted.append(replace(word, start=first, end=end))
        end = first
    return (*words[:kept], *reversed(fitted))


def _groups(symbols: Sequence[Symbol]) -> list[list[Symbol]]:
    """The symbols of each word or tag."""
    groups: list[list[Symbol]] = []
    alone = True
    for symbol in symbols:
        bare = symbol.piece.lstrip(BOUNDARY)
        tag = _TAG.fullmatch(bare) is not None
        if alone or tag or symbol.piece.startswith(BOUNDARY) or is_unspaced(bare):
            groups.append([])
        groups[-1].append(symbol)
        alone = tag
    return groups


def _word(group: Sequence[Symbol], text: str, language: str | None) -> Word:
    spaced = group[0].piece.startswith(BOUNDARY) or not is_unspaced(text)
    return Word(
        f" {text}" if spaced else text,
        round(group[0].start),
        round(group[-1].end),
        sum(symbol.score for symbol in group) / len(group),
        language,
    )
