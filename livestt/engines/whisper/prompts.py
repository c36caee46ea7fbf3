"""The token sequences Whisper is prompted with.

::

    <|startofprev|> context   <|startoftranscript|> <|en|> <|transcribe|> <|notimestamps|> prefix
    └ one parallel pass, cheap ┘                                          └ one step per token ┘

All rows of a batch need the start token at the same place, so the transcript in the context is
cut to a multiple of `CONTEXT_STEP` tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from livestt.engines.whisper.scripts import tokens_per_second
from livestt.events import Word

CONTEXT_STEP = 16
MAX_PROMPT = 48
"""Most tokens of the user's own prompt and hotwords; they never scroll away."""
TOKENS_PER_SECOND = 10
"""Most languages are not spoken faster than this, so a longer answer is a loop; see `scripts`."""
SPARE_TOKENS = 10
MOST_TOKENS = 220
"""In one answer: half the positions of the decoder, less a few."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One row's prompt, in parts."""

    context: tuple[int, ...]
    start: tuple[int, ...]
    prefix: tuple[int, ...]

    def ids(self, start_of_previous: int) -> list[int]:
        previous = [start_of_previous, *self.context] if self.context else []
        return [*previous, *self.start, *self.prefix]


def context_tokens(prompt: Sequence[int], history: Sequence[int], most: int) -> tuple[int, ...]:
    """The user's prompt, then the newest of the transcript in whole steps of `CONTEXT_STEP`.

    Args:
        prompt: tokens of the user's prompt; the newest `MAX_PROMPT` are used.
        history: tokens of the transcript so far, oldest first.
        most: tokens of history that may be used.
    """
    count = min(most, len(history)) // CONTEXT_STEP * CONTEXT_STEP
    return (*prompt[-MAX_PROMPT:], *(history[-count:] if count else ()))


def word_tokens(words: Iterable[Word], encode: Callable[[str], tuple[int, ...]]) -> tuple[int, ...]:
    """The tokens of words; those of words that come out of a store are made of their texts."""
    return tuple(token for word in words for token in word.tokens or encode(word.text))


def hotwords_prompt(prompt: str, hotwords: Sequence[str]) -> str:
    """One text that biases spelling: the hotwords as a glossary, then the prompt."""
    glossary = f"Glossary: {', '.join(hotwords)}." if hotwords else ""
    return " ".join(part for part in (glossary, prompt.strip()) if part)


def max_new_tokens(seconds: float, language: str = "en") -> int:
    """How many tokens may be written for audio not yet transcribed.

    Args:
        seconds: of the audio.
        language: ISO 639-1 code of what is written.
    """
    rate = tokens_per_second(language, TOKENS_PER_SECOND)
    return min(MOST_TOKENS, int(seconds * rate) + SPARE_TOKENS)
