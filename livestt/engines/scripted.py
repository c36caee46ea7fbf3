"""An engine without a model: it "hears" a fixed script wherever there is audio.

It drives demos and tests: the words, their times and the way a hypothesis changes while a word
is still being spoken are known in advance. Give it your own script, or let it speak the default
one for ever at an even pace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job
from livestt.engines.modelless import ModellessEngine
from livestt.events import Word
from livestt.timebase import from_ms

DEFAULT_TEXT = (
    "The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs. "
    "How vexingly quick daft zebras jump! Captions appear while you speak, and committed words "
    "never change."
)
PACE = from_ms(400)
"""From the start of one default word to the start of the next."""
SPOKEN = from_ms(320)
"""How long a default word lasts."""


@dataclass(frozen=True, slots=True)
class ScriptedWord:
    """A word and when it is said, in session samples."""

    text: str
    start: int
    end: int


class ScriptedEngine(ModellessEngine):
    """Answers with the words of a script whose times lie inside a job's audio.

    A word that is cut by the end of the audio is answered half, as real engines do, so that
    interims flicker and policies have something to hold back.
    """

    def __init__(
        self, settings: EngineSettings | None = None, script: Sequence[ScriptedWord] | None = None
    ) -> None:
        self._script = script
        self.capabilities = Capabilities(
            name="scripted",
            model="scripted",
            streaming="window",
            languages=frozenset({"en", "fr", "de", "es"}),
            detects_language=True,
            translates=True,
            attends=True,
            max_batch=8,
            notice="Scripted engine: these captions are a demonstration, not what you said.",
        )

    def answer(self, job: Job) -> Hypothesis:
        language = job.options.language or "en"
        begin = max([job.start, *(word.end for word in job.prefix)])
        words = tuple(
            _heard(word, job.end, language)
            for word in self._words(until=job.end)
            if word.start >= begin
        )
        return Hypothesis(words, tuple(word.end for word in words), language=language)

    def _words(self, until: int) -> Iterator[ScriptedWord]:
        script = default_script() if self._script is None else iter(self._script)
        for word in script:
            if (word.start + word.end) // 2 > until:
                return
            yield word


def default_script() -> Iterator[ScriptedWord]:
    """The default text, word after word, without end."""
    for i, text in enumerate(cycle(DEFAULT_TEXT.split())):
        yield ScriptedWord(f" {text}", i * PACE, i * PACE + SPOKEN)


def script_of(
    text: str, *, start: int = 0, pace: int = PACE, spoken: int = SPOKEN
) -> list[ScriptedWord]:
    """A script that says the words of a text at an even pace.

    Args:
        text: words separated by white space.
        start: session sample of the first word.
        pace: samples from word start to word start.
        spoken: samples a word lasts.
    """
    return [
        ScriptedWord(f" {word}", start + i * pace, start + i * pace + spoken)
        for i, word in enumerate(text.split())
    ]


def _heard(word: ScriptedWord, end: int, language: str) -> Word:
    if word.end <= end:
        return Word(word.text, word.start, word.end, 0.9, language)
    half = word.text[: max(2, len(word.text) // 2)]
    return Word(half, word.start, max(end, word.start + 1), 0.5, language)
