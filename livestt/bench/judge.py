"""From what a client saw to the figures of its session. Pure.

The definitions, with all times on the clock of the client:

- A sample is **sent** when the frame that holds it is due, that is, when a microphone would
  have filled it. If the server stops reading, the waiting counts as its latency.
- A word is **shown** when it first stands in the text at its place, **final** from when it
  stands there for good (known in hindsight), and **committed** from when it stands for good in
  the text that the server says it will not change.
- The latency of a word is one of these times less the time its last sample was sent. Words
  count that an alignment of the reference with the final text puts on equal words.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from livestt.bench.alignment import Presence, matches
from livestt.bench.text import tokens
from livestt.bench.witness import Sighting


@dataclass(frozen=True, slots=True)
class Spoken:
    """One token of the reference. Seconds from the session's first sample, None if unknown."""

    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One item of a stream: its tokens, and when its speech starts and ends."""

    first: int
    """Index of its first token."""
    stop: int
    """One past its last."""
    onset: float
    end: float


@dataclass(frozen=True, slots=True)
class Reference:
    """What was said in one session."""

    text: str
    spoken: tuple[Spoken, ...]
    turns: tuple[Turn, ...]


@dataclass(slots=True)
class Score:
    """What one session amounts to. Latencies in seconds."""

    said: str = ""
    heard: str = ""
    shown: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    committed: list[float] = field(default_factory=list)
    first_word: list[float] = field(default_factory=list)
    """From the onset of speech in an item to the showing of its first word."""
    last_word: list[float] = field(default_factory=list)
    """From the end of speech in an item to the commitment of its last word."""
    words: int = 0
    """Words of the final text."""
    unstable: int = 0
    """Words that were shown and then changed or withdrawn, each time counted."""
    rewritten: int = 0
    lag: float = 0.0
    tail: float | None = None
    """Seconds from the last sample to the end of the transcript; None if that never came."""
    seconds: float = 0.0
    """Audio sent."""
    late: float = 0.0
    """How far this client was behind with sending, p99 of its frames."""
    failure: str | None = None


def judge(
    reference: Reference,
    sightings: Sequence[Sighting],
    text: str,
    language: str | None,
    frame: float,
) -> Score:
    """Score one session.

    Args:
        reference: what was said.
        sightings: how the text came about.
        text: the text at the end.
        language: ISO 639-1 code.
        frame: seconds of audio per frame sent.
    """
    final = [token.text for token in tokens(text, language)]
    shown, committed = Presence(final), Presence(final)
    score = Score(said=reference.text, heard=text.strip(), words=len(final))
    _replay(sightings, language, shown, committed, score)
    pairs = dict(matches([word.text for word in reference.spoken], final))
    for i, j in pairs.items():
        word = reference.spoken[i]
        first, since, sure = shown.first[j], shown.since[j], committed.since[j]
        if word.start is None or word.end is None or first is None or first < word.start:
            # Nothing can be shown before it is said: this is another word spelled alike.
            continue
        sent = _sent(word.end, frame)
        score.shown.append(first - sent)
        if since is not None:
            score.final.append(since - sent)
        if sure is not None:
            score.committed.append(sure - sent)
    for turn in reference.turns:
        _judge_turn(turn, pairs, shown, committed, score, frame)
    return score


def _judge_turn(
    turn: Turn,
    pairs: dict[int, int],
    shown: Presence,
    committed: Presence,
    score: Score,
    frame: float,
) -> None:
    begin, end = pairs.get(turn.first), pairs.get(turn.stop - 1)
    if begin is not None:
        first = shown.first[begin]
        if first is not None and first >= turn.onset:
            score.first_word.append(first - _sent(turn.onset, frame))
    if end is not None:
        sure = committed.since[end]
        if sure is not None and sure >= turn.onset:
            score.last_word.append(sure - _sent(turn.end, frame))


def _replay(
    sightings: Sequence[Sighting],
    language: str | None,
    shown: Presence,
    committed: Presence,
    score: Score,
) -> None:
    """Show everything again, and count what was taken back."""
    text, words, ends = "", list[str](), list[int]()
    sure = 0
    for sighting in sightings:
        text = text[: sighting.offset] + sighting.text
        # A word that ends where the text changed may have become longer.
        kept = bisect_left(ends, sighting.offset)
        begin = ends[kept - 1] if kept else 0
        old, sure_before = words[kept:], min(sure, kept)
        new = list(tokens(text[begin:], language))
        del words[kept:], ends[kept:]
        words += [token.text for token in new]
        ends += [begin + token.end for token in new]
        score.unstable += len(old) - len(matches(old, words[kept:]))
        shown.see(sighting.at, words, kept, len(words))
        sure = bisect_right(ends, sighting.committed)
        committed.see(sighting.at, words, sure_before, sure)


def _sent(seconds: float, frame: float) -> float:
    """When the frame that holds this moment of the audio is due."""
    return math.ceil(round(seconds / frame, 6)) * frame
