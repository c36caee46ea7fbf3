"""Reads the answer of an OpenAI-compatible server about a window of audio. Pure.

The format is the ``verbose_json`` of ``POST /audio/transcriptions``: ``text``, ``language``,
``segments`` and ``words``, of which servers leave out what they please.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from livestt.engines import Job
from livestt.events import Word
from livestt.languages import code_of
from livestt.timebase import from_seconds, to_seconds
from livestt.writing import folded, is_unspaced
from livestt.writing import words as words_of

EXACT = 0.6
"""What a word on the wrong side of the committed audio's end costs, in edits of the text, where
the server gave word times ..."""
GUESSED = 0.2
"""... and where they are spread over a segment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server heard in a window."""

    words: tuple[Word, ...]
    """In session samples, ordered, inside the window."""
    exact: bool
    """Whether the server gave word times."""
    language: str | None
    silent: bool
    """The server doubts that anything was said."""


def read(body: Mapping[str, Any], job: Job) -> Answer:
    """Make words of an answer.

    Args:
        body: the JSON object.
        job: the question it answers.
    """
    language = job.options.language or code_of(body.get("language"))
    if job.options.task == "translate":
        language = "en"
    segments = [s for s in _list(body.get("segments")) if isinstance(s, dict)]
    entries = [w for w in _list(body.get("words")) if isinstance(w, dict)]
    if not entries:
        entries = [w for s in segments for w in _list(s.get("words")) if isinstance(w, dict)]
    spoken = str(body.get("text") or "".join(str(s.get("text", "")) for s in segments))
    entries = [entry for entry in entries if _text_of(entry)]
    exact = bool(entries)
    if exact:
        texts = _spelled([_text_of(w) for w in entries], spoken)
        timed = [
            (text, _number(w.get("start")), _number(w.get("end")), _score(w, segments))
            for text, w in zip(texts, entries, strict=True)
        ]
    else:
        whole = {"text": spoken, "start": 0.0, "end": to_seconds(len(job.audio))}
        timed = [word for s in segments or [whole] for word in _spread(s)]
    words = [
        Word(text, job.start + from_seconds(a), job.start + from_seconds(b), score, language)
        for text, a, b, score in timed
        if text.strip()
    ]
    silent = bool(segments) and all(_is_silence(segment) for segment in segments)
    return Answer(_fitted(words, job.start, job.end), exact, language, silent)


def fresh(answer: Answer, job: Job) -> tuple[Word, ...]:
    """The words after the committed ones, which the server hears again.

    The place to cut is where the words before it read most like the prefix and the times fit.
    """
    words = answer.words
    end = _committed_end(job)
    if not job.prefix:
        skip = 0
        while answer.exact and skip < len(words) and words[skip].end <= end:
            skip += 1
        return words[skip:]
    edits = _edits([folded(w.text) for w in job.prefix], [folded(w.text) for w in words])
    weight = EXACT if answer.exact else GUESSED
    late = [(word.start + word.end) // 2 >= end for word in words]
    costs = [
        edits[cut] + weight * (sum(late[:cut]) + len(words) - cut - sum(late[cut:]))
        for cut in range(len(words) + 1)
    ]
    rest = words[costs.index(min(costs)) :]
    return _fitted([replace(w, start=max(w.start, end)) for w in rest], end, job.end)


def _committed_end(job: Job) -> int:
    last = (job.prefix or job.context)[-1:]
    return last[0].end if last else job.start


def _edits(prefix: Sequence[str], words: Sequence[str]) -> list[int]:
    """For each n, how many words to change to make the first n words the prefix (Levenshtein)."""
    row = list(range(len(words) + 1))
    for i, wanted in enumerate(prefix, 1):
        before, row[0] = row[0], i
        for j, word in enumerate(words, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (wanted != word))
    return row


def _spelled(words: Sequence[str], text: str) -> list[str]:
    """The words as the text has them: with punctuation, and spaces where it has spaces.

    OpenAI's word list has neither. Where text and list differ, each word gets a space.
    """
    spans = _find(words, text)
    if spans is None:
        return [f" {word}" for word in words]
    spelled = []
    opening, space = text[: spans[0][0]].strip(), " "
    for (start, end), (following, _) in zip(spans, [*spans[1:], (len(text), 0)], strict=True):
        gap = text[end:following]
        tail = gap.rstrip() if following == len(text) else gap[: _last_space(gap)].rstrip()
        spelled.append(f"{space}{opening}{text[start:end]}{tail}")
        opening, space = gap[_last_space(gap) :].strip(), " " if " " in gap else ""
    return spelled


def _find(words: Sequence[str], text: str) -> list[tuple[int, int]] | None:
    """Where each word stands in the text; None if the text says more or something else."""
    spans, at = [], 0
    for word in words:
        start = text.casefold().find(word.casefold(), at)
        if start < 0 or any(c.isalnum() for c in text[at:start]):
            return None
        at = start + len(word)
        spans.append((start, at))
    same_length = len(text.casefold()) == len(text)
    return spans if same_length and not any(c.isalnum() for c in text[at:]) else None


def _last_space(gap: str) -> int:
    """What comes before belongs to the word before, e.g. a comma; what follows to the next,
    e.g. an opening quote. Without a space all belongs to the word before."""
    return len(gap) if " " not in gap else gap.rindex(" ")


def _spread(segment: Mapping[str, Any]) -> list[tuple[str, float, float, float]]:
    """A segment's words, each as long as its share of the letters."""
    texts = words_of(str(segment.get("text", "")).strip())
    if texts and not is_unspaced(texts[0]):
        texts[0] = f" {texts[0]}"
    begin, end = _number(segment.get("start")), _number(segment.get("end"))
    per_letter = max(0.0, end - begin) / max(1, sum(len(text) for text in texts))
    score = _probability(segment)
    words = []
    for text in texts:
        words.append((text, begin, begin + len(text) * per_letter, score))
        begin += len(text) * per_letter
    return words


def _fitted(words: Sequence[Word], begin: int, end: int) -> tuple[Word, ...]:
    """In order, without overlap, within ``[begin, end)``, whatever the server said."""
    fitted: list[Word] = []
    for i, word in enumerate(words):
        room = end - (len(words) - 1 - i)
        first = min(max(word.start, begin), room - 1)
        if first < begin:
            break
        begin = max(first + 1, min(word.end, room))
        fitted.append(replace(word, start=first, end=begin))
    return tuple(fitted)


def _text_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("word") or entry.get("text") or "").strip()


def _score(entry: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> float:
    """A word's probability: its own, or else that of its segment."""
    own = entry.get("probability", entry.get("score"))
    if own is not None:
        return _clipped(_number(own))
    middle = (_number(entry.get("start")) + _number(entry.get("end"))) / 2
    for segment in segments:
        if _number(segment.get("start")) <= middle <= _number(segment.get("end")):
            return _probability(segment)
    return 1.0


def _probability(segment: Mapping[str, Any]) -> float:
    logarithm = segment.get("avg_logprob")
    return 1.0 if logarithm is None else _clipped(math.exp(min(0.0, _number(logarithm))))


def _is_silence(segment: Mapping[str, Any]) -> bool:
    """The thresholds are those of OpenAI's ``transcribe.py``."""
    doubt = _number(segment.get("no_speech_prob"))
    return doubt > 0.6 and _number(segment.get("avg_logprob")) < -1.0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _clipped(probability: float) -> float:
    return min(1.0, max(0.0, probability))
