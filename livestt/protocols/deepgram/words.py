"""How Deepgram writes words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from livestt.events import Word
from livestt.segments import joined
from livestt.timebase import to_seconds
from livestt.writing import PAUSES

PUNCTUATION = PAUSES + "\"“”‘’'()[]{}«»—–-¡¿「」『』"  # noqa: RUF001 - data
"""Taken off the ends of a word where a client wants plain words."""


@dataclass(frozen=True, slots=True)
class WordForm:
    """How a client wants its words."""

    punctuated: bool = False
    """Whether ``transcript`` is written with capitals and punctuation."""
    speakers: bool = False
    names: Mapping[int, str] = field(default_factory=dict)
    """Of the speakers who are known, by number."""
    languages: bool = False
    """Whether each word says its language."""
    replacements: Mapping[str, str] = field(default_factory=dict)
    """Plain word to what is written in its place."""
    entities: bool = False
    """Whether ``entities`` is there; livestt finds none."""


def plain(text: str) -> str:
    """A word in lower case without punctuation, but with its own leading space.

    A word of nothing but punctuation stays as it is: no word may vanish.
    """
    stripped = text.strip()
    bare = stripped.strip(PUNCTUATION).lower() or stripped
    return f" {bare}" if text[:1].isspace() else bare


def written(words: Iterable[Word], form: WordForm) -> list[Word]:
    """The words that are told: without blanks, and with the replacements made."""
    told = [word for word in words if word.text.strip()]
    if not form.replacements:
        return told
    return [replace(word, text=_replaced(word.text, form.replacements)) for word in told]


def alternative(words: Sequence[Word], form: WordForm) -> dict[str, Any]:
    """One ``alternatives`` entry: the transcript of these words, and the words."""
    told = written(words, form)
    entry: dict[str, Any] = {
        "transcript": transcript(told, form),
        "confidence": confidence(told),
        "words": [word_entry(word, form) for word in told],
    }
    if form.languages:
        counted = Counter(word.language for word in told if word.language)
        entry["languages"] = [language for language, _ in counted.most_common()]
    return entry


def transcript(told: Sequence[Word], form: WordForm) -> str:
    if form.punctuated:
        return joined(told)
    return "".join(plain(word.text) for word in told).strip()


def confidence(words: Sequence[Word]) -> float:
    """The mean of the words' scores; 0 where nothing was said."""
    return round(sum(word.score for word in words) / len(words), 4) if words else 0.0


def word_entry(word: Word, form: WordForm) -> dict[str, Any]:
    """One ``words`` entry; times in seconds."""
    entry: dict[str, Any] = {
        "word": plain(word.text).strip(),
        "start": to_seconds(word.start),
        "end": to_seconds(word.end),
        "confidence": round(word.score, 4),
        "punctuated_word": word.text.strip(),
    }
    if form.speakers and word.speaker is not None:
        entry["speaker"] = word.speaker - 1
        if word.speaker in form.names:
            entry["speaker_name"] = form.names[word.speaker]
    if form.languages and word.language:
        entry["language"] = word.language
    return entry


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    bare = plain(text).strip()
    wanted = replacements.get(bare)
    if wanted is None:
        return text
    at = text.lower().find(bare)
    return text[:at] + wanted + text[at + len(bare) :]
