"""Segments: consecutive words of one speaker, as readers see them, and what their text is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from livestt.events import Translated, Word


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive words of one speaker, or a silence (``words`` empty, ``text`` None)."""

    id: int
    """Stable, from 0, ascending."""
    start: int
    end: int
    text: str | None
    speaker: int | None = None
    """The person, from 1; None if not known. Of a segment that was corrected, who says most."""
    language: str | None = None
    words: tuple[Word, ...] = ()
    translation: Translated | None = None
    """The same in another language, as far as it is known."""

    @property
    def is_silence(self) -> bool:
        return self.text is None


def joined(words: Iterable[Word]) -> str:
    """The text of consecutive words, without the space before the first."""
    return "".join(word.text for word in words).strip()


def main_language(words: Sequence[Word]) -> str | None:
    """The language most of the words are in."""
    languages = Counter(word.language for word in words if word.language)
    return languages.most_common(1)[0][0] if languages else None


def main_speaker(words: Iterable[Word]) -> int | None:
    """Who says most of the words, by time; of equals the first."""
    spoken: Counter[int] = Counter()
    for word in words:
        if word.speaker is not None:
            spoken[word.speaker] += word.end - word.start
    return spoken.most_common(1)[0][0] if spoken else None
