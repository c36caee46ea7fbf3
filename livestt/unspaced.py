"""Words of scripts that put no spaces between them. Pure."""

from __future__ import annotations

import re
import unicodedata

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

_BEGINNING = re.compile(rf"(?![{_MARKS}])[{_UNSPACED}]")


def words(text: str) -> list[str]:
    """The words of a text, each with the space before it; in scripts without spaces a character
    with its marks is one. Joined they are the text, but for space at its end."""
    found: list[str] = _WORDS.findall(text)
    return found


def is_unspaced(text: str) -> bool:
    """Whether it begins with a character that is a word, and needs no space before it."""
    return _BEGINNING.match(text) is not None
