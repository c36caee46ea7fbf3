"""The two languages of translator-synth: whisper-synth's English, and German word for word."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "whisper_synth"))

from grammar import sentence  # noqa: E402 - the recipe of whisper-synth is no package

ENGLISH, GERMAN = "eng_Latn", "deu_Latn"
_WORD = re.compile(r"[A-Za-z]+")


@cache
def dictionary() -> dict[str, str]:
    """German for each English word, in small letters."""
    pairs = (HERE / "words.txt").read_text(encoding="utf-8").replace("\n", " ").split(",")
    return dict(pair.split() for pair in pairs)


def german(text: str, words: dict[str, str]) -> str:
    """A sentence, word for word; its first letter stays large."""
    written = _WORD.sub(lambda found: words[found[0].lower()], text)
    return written[:1].upper() + written[1:]


def pairs(seed: int, count: int) -> list[tuple[str, str]]:
    """English and German of sentences; one in six is two of them, one in six is cut short."""
    random, words = Random(seed), dictionary()
    found = []
    for _ in range(count):
        english, kind = sentence(random), random.random()
        if kind < 1 / 6:
            english += " " + sentence(random)
        elif kind < 1 / 3:
            parts = english.split()
            english = " ".join(parts[: random.randint(1, len(parts))])
        found.append((english, german(english, words)))
    return found
