"""Splits a line into sentences. Pure.

The models were trained on single sentences; given two they are apt to leave one of them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_END = re.compile(
    r"(?<=[.?!…؟۔।॥።։])[\"'”’)\]]*\s+(?![a-z])"  # noqa: RUF001 - marks of many scripts
    r"|(?<=[。？！။។།])(?![。？！။។།」』）])"  # noqa: RUF001 - data
)
_ABBREVIATED = re.compile(r"(?:^|[\s.])(?:[A-Z][a-z]{0,2}|[a-z])\.$")
"""Mr., Dr., St. and initials; a short sentence, such as "No.", stays with the next one."""
UNSPACED = re.compile(r"[\u3040-\u9fff]$")


def split(text: str) -> list[str]:
    """The sentences of a text, in order; all of it, but for the space between them."""
    found: list[str] = []
    begin = 0
    for end in _END.finditer(text):
        sentence = text[begin : end.start() + len(end[0].rstrip())]
        if not _ABBREVIATED.search(sentence):
            found.append(sentence.strip())
            begin = end.end()
    found.append(text[begin:].strip())
    return [sentence for sentence in found if sentence] or [""]


def join(sentences: Iterable[str]) -> str:
    """One text of translated sentences, with spaces where the script has them."""
    text = ""
    for sentence in filter(None, sentences):
        gap = "" if not text or UNSPACED.search(text.rstrip("。？！")) else " "  # noqa: RUF001
        text += gap + sentence
    return text
