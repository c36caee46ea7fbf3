"""The form in which words of two texts are compared. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

SPACELESS = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages written without spaces: their characters are compared instead of words."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is compared: a word in lower case without punctuation, or a character."""

    text: str
    end: int
    """Characters of the text up to and including the word as written."""


def tokens(text: str, language: str | None) -> Iterator[Token]:
    """The tokens of a text, in order."""
    if language in SPACELESS:
        for i, letter in enumerate(text):
            if letter.isalnum() or unicodedata.category(letter)[0] == "M":  # or Thai had no vowels
                yield Token(letter.lower(), i + 1)
        return
    for match in re.finditer(r"\S+", text):
        for part in _parts(match.group()):
            yield Token(part, match.end())


@lru_cache(maxsize=1 << 16)
def _parts(word: str) -> tuple[str, ...]:
    return tuple(_basic()(word).split())


def spelled(text: str, language: str | None) -> str:
    """A whole text as error rates compare it, by the normalisers of OpenAI's Whisper."""
    if language in SPACELESS:
        return " ".join(token.text for token in tokens(text, language))
    normalise = _english() if language == "en" else _basic()
    return str(normalise(text)).strip()


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Errors of many texts together, so that long ones weigh more."""

    words: int
    """Words of the references."""
    wer: float | None
    """None without references."""
    cer: float | None
    substituted: int
    deleted: int
    inserted: int


def error_rates(pairs: Sequence[tuple[str, str]], language: str | None) -> ErrorRates:
    """Word and character error rates.

    Args:
        pairs: what was said and what was heard, as written.
        language: ISO 639-1 code; chooses the normaliser.
    """
    import jiwer

    said, heard = [], []
    for reference, hypothesis in pairs:
        if normal := spelled(reference, language):
            said.append(normal)
            heard.append(spelled(hypothesis, language))
    if not said:
        return ErrorRates(0, None, None, 0, 0, 0)
    counted = jiwer.process_words(said, heard)
    return ErrorRates(
        counted.hits + counted.substitutions + counted.deletions,
        float(counted.wer),
        float(jiwer.cer(said, heard)),
        counted.substitutions,
        counted.deletions,
        counted.insertions,
    )


@cache
def _basic() -> Any:
    from whisper_normalizer.basic import BasicTextNormalizer

    return BasicTextNormalizer()


@cache
def _english() -> Any:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()
