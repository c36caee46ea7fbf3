"""How words of two hypotheses are compared."""

from __future__ import annotations


def folded(text: str) -> str:
    """Letters and digits only, without case: punctuation and casing settle last."""
    return "".join(c for c in text.casefold() if c.isalnum())
