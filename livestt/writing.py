"""How the world's scripts are written: words without spaces, ends of sentences, widths. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Thai to Burmese, Khmer, kana and Chinese characters; Korean has spaces.
_UNSPACED = (
    r"\u0e00-\u109f\u1780-\u17ff"
    r"\u3005-\u3007\u3040-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_MARKS = "".join(
    character for character in map(chr, range(0x0E00, 0x1800))
    if unicodedata.category(character)[0] == "M"
)  # fmt: skip
_WORDS = re.compile(rf"\s*(?:[{_UNSPACED}][{_MARKS}]*|[^\s{_UNSPACED}]+)")

SENTENCE_ENDS = ".?!…؟۔।॥።։།။។。？！"  # noqa: RUF001 - the full-width forms are data
"""Full stops, question and exclamation marks: of Latin, Arabic, Urdu, Hindi, Amharic, Armenian,
Tibetan, Burmese, Khmer and Chinese."""
PAUSES = ",;:،؛፣、，；：" + SENTENCE_ENDS  # noqa: RUF001
"""Where one may breathe."""
_CLOSING = "\"'”’)»」』）】"  # noqa: RUF001
_BEGINNING = re.compile(rf"(?![{_MARKS}])[{_UNSPACED}]")


def words(text: str) -> list[str]:
    """The words of a text, each with the space before it; in scripts without spaces a character
    with its marks is one. Joined they are the text, but for space at its end."""
    found: list[str] = _WORDS.findall(text)
    return found


def is_unspaced(text: str) -> bool:
    """Whether it begins with a character that is a word, and needs no space before it."""
    return _BEGINNING.match(text) is not None


def ends_sentence(text: str) -> bool:
    """Whether a word that is written like this is the last of its sentence."""
    return text.rstrip(_CLOSING).endswith(tuple(SENTENCE_ENDS))


def folded(text: str) -> str:
    """What two hypotheses' words are compared by: letters with their signs, and digits, without
    case. Punctuation and casing settle last.

    In scripts such as Devanagari and Thai vowels are such signs, and make other words.
    """
    return "".join(c for c in text.casefold() if c.isalnum() or unicodedata.category(c)[0] == "M")


def columns(text: str) -> int:
    """How wide a text is, in Latin letters: a Chinese, Japanese or Korean character is two, an
    accent or a vowel sign over or under a letter none."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


@lru_cache(maxsize=4096)
def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
