"""How words of two hypotheses are compared."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Letters with their signs, and digits, without case: punctuation and casing settle last.

    In scripts such as Devanagari and Thai vowels are such signs, and make other words.
    """
    return "".join(c for c in text.casefold() if c.isalnum() or unicodedata.category(c)[0] == "M")
