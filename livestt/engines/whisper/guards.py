"""Signs that Whisper has stopped listening: loops, text from silence, impossible speed.

Each sign was seen in the wild (whisper.cpp issue 1951; Whisper's own ``compression_ratio`` and
``no_speech`` thresholds in ``transcribe.py``). A step that shows one is done again on the full
30 s window without context; if it shows it again, its words are not used.

`FROM_CONTEXT` is the exception: the earlier text led to a word that, judged by the audio alone, is
all but impossible. Such a step is done again without that text, on the window it had.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from livestt.engines import MAX_WORD_TOKENS
from livestt.engines.whisper.prompts import MOST_TOKENS
from livestt.engines.whisper.scripts import compressible, letters

MAX_COMPRESSION = 2.4
MIN_COMPRESSIBLE = 48
"""Bytes; shorter text compresses too erratically to judge."""
MAX_TOKENS_PER_SECOND = 12.0
MAX_LETTERS_PER_SECOND = 25.0
"""Both are too many only together: many tokens may be few letters."""
MIN_SCORE = 0.2
FROM_CONTEXT = "from_context"
TOO_LONG = "too_long"
MIN_HEARD = 0.05
"""Probability of a token below which earlier text, not the audio, has put it there."""
NO_SPEECH = 0.6
NO_SPEECH_SCORE = 0.4
SQUEEZED = 6
SQUEEZED_FRAMES = 2
REPEATS = 4
"""An n-gram this often in a row is a loop."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a decode step gave, past its forced prefix."""

    tokens: tuple[int, ...]
    scores: tuple[float, ...]
    centres: tuple[float, ...]
    """Where each character was heard, or each token that is several, in encoder positions of
    20 ms."""
    text: str
    seconds: float
    """Audio the step could have heard words in."""
    no_speech: float
    hit_limit: bool
    """The answer was cut off at the token limit."""
    final: bool = True
    """Nothing more will be asked about this audio."""
    has_context: bool = False
    """Earlier text was shown to the decoder, and ``scores`` are those without it."""


def fault(step: Step) -> str | None:
    """Name the first sign of trouble, or None."""
    if not step.tokens:
        return None
    mean = sum(step.scores) / len(step.scores)
    if step.no_speech > NO_SPEECH and mean < NO_SPEECH_SCORE:
        return "no_speech"
    if _loops(step.tokens) or _compresses(step.text):
        return "loop"
    if step.hit_limit and (cut := _cut_off(step)) is not None:
        return cut
    if len(step.tokens) > 8 and _too_fast(step):
        return "too_fast"
    if _squeezed(step.centres):
        return "squeezed"
    if mean < MIN_SCORE:
        return "low_score"
    if step.has_context and min(step.scores) < MIN_HEARD:
        return FROM_CONTEXT
    return None


def _cut_off(step: Step) -> str | None:
    """What it means that the end was not written. More than the decoder has places for is no loop,
    and right as far as it goes: the next step goes on from there."""
    if len(step.tokens) < MOST_TOKENS - MAX_WORD_TOKENS:
        return "loop"
    return TOO_LONG if step.final else None


def _too_fast(step: Step) -> bool:
    if len(step.tokens) <= MAX_TOKENS_PER_SECOND * step.seconds:
        return False
    return letters(step.text) > MAX_LETTERS_PER_SECOND * step.seconds


def _compresses(text: str) -> bool:
    data = compressible(text)
    return len(data) >= MIN_COMPRESSIBLE and len(data) / len(zlib.compress(data)) > MAX_COMPRESSION


def _loops(tokens: Sequence[int]) -> bool:
    """Whether the tokens end in the same n-gram `REPEATS` times, for n up to 8."""
    return any(_ends_in_repeats(tokens, n) for n in range(1, 9))


def _ends_in_repeats(tokens: Sequence[int], n: int) -> bool:
    needed = n * max(REPEATS, 8 // n)
    tail = tokens[-needed:]
    return len(tail) == needed and all(tail[i] == tail[i % n] for i in range(needed))


def _squeezed(centres: Sequence[float]) -> bool:
    """Whether many characters in a row claim nearly the same instant."""
    last = SQUEEZED - 1
    return any(
        centres[i + last] - centres[i] <= SQUEEZED_FRAMES for i in range(len(centres) - last)
    )
