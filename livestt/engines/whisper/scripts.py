"""How Whisper's tokens split the world's scripts. Pure.

The vocabulary was learned mostly from Latin, Cyrillic and Chinese text. A word of English is a
token or two; a single letter of Bengali, Georgian or Burmese is two to seven of them. So neither
the length of an answer in tokens nor in bytes says by itself how much was said.
"""

from __future__ import annotations

import unicodedata

TOKENS_PER_SECOND = {
    20: "ar az be el fa he is ja ko ps sd tg ur vi yi",
    40: "ba hi hy kk mn mr ne sa ta th tt yo",
    100: "am as bn bo gu ka km kn lo ml my pa si te",
}
"""Languages that take more tokens than others: at least one and a half times what they need where
the same text takes as long as in English."""

_MORE = {language: rate for rate, some in TOKENS_PER_SECOND.items() for language in some.split()}
_ALPHABETS = range(0x0800, 0x2000)
"""Characters that UTF-8 writes in three bytes although there are few of them."""
_SYLLABLES = 0x3000
"""From here on a character is a syllable or more."""


def tokens_per_second(language: str, usual: float) -> float:
    """Most tokens in which a second of speech is written.

    Args:
        language: ISO 639-1 code.
        usual: the same of most languages.
    """
    return max(usual, _MORE.get(language, 0.0))


def letters(text: str) -> int:
    """How much there is to say, as if all of it were written in an alphabet.

    Accents, vowel signs and spaces are none; a digit, a mark or a character of Chinese, Japanese or
    Korean is two.
    """
    return sum(_weight(c) for c in text)


def compressible(text: str) -> bytes:
    """The text in bytes of which each alphabet takes as many for a letter as Latin does."""
    return "".join(chr(ord(c) & 0x7F) if ord(c) in _ALPHABETS else c for c in text).encode()


def _weight(character: str) -> int:
    kind = unicodedata.category(character)[0]
    if kind in "MZ":
        return 0
    return 1 if kind == "L" and ord(character) < _SYLLABLES else 2
