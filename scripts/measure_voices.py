"""How well a speaker model tells people apart, and what that does for the speakers of a session.

``python scripts/measure_voices.py MANIFEST --embedding-model speaker.onnx`` takes recordings whose
true turns are known (as ``livestt bench speakers`` does) and says

- the equal error rate of pieces of clean speech, all pairs of all recordings, and the rates at
  the threshold in use;
- for conversations of more people than channels: for how much of the speech the speaker's number
  is right when the true turns are given to ``--channels`` channels, whoever is free, without and
  with `livestt.speakers.identification`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np

from livestt.bench.talks import Spoken, Talk, read_talks
from livestt.events import Attributed, Committed, Event, Voice, Word
from livestt.settings import Settings
from livestt.speakers.embedder_registry import load_embedder
from livestt.speakers.embeddings import Embedder, EmbedderJob
from livestt.speakers.identification import Identification, IdentificationOptions
from livestt.speakers.turns import Turns
from livestt.testing import decode_file
from livestt.timebase import SAMPLE_RATE, from_seconds

FRAME = 1280
LENGTHS = (2.0, 4.0, 8.0)
MOST = 8
"""Pieces of one person in one recording."""


def alone(turns: Sequence[Spoken]) -> Iterator[tuple[str, float, float]]:
    """Where only one person speaks."""
    edges = sorted({edge for turn in turns for edge in (turn.start, turn.end)})
    for start, end in pairwise(edges):
        there = {t.speaker for t in turns if t.start < end and start < t.end}
        if len(there) == 1:
            yield there.pop(), start, end


def pieces(talk: Talk, audio: np.ndarray, seconds: float) -> Iterator[tuple[str, np.ndarray]]:
    """Clean speech of each person, cut into pieces of so many seconds."""
    spoken: dict[str, list[np.ndarray]] = {}
    for who, start, end in alone(talk.turns):
        part = audio[from_seconds(start) : from_seconds(end)]
        if len(part) >= from_seconds(0.3):
            spoken.setdefault(who, []).append(part)
    length = from_seconds(seconds)
    for who, parts in spoken.items():
        whole = np.concatenate(parts)
        for i in range(min(MOST, len(whole) // length)):
            yield who, whole[i * length : (i + 1) * length]


def equal_error(vectors: np.ndarray, who: Sequence[str], threshold: float) -> str:
    above = np.triu_indices(len(who), 1)
    cosines = (vectors @ vectors.T)[above]
    same = (np.array(who)[:, None] == np.array(who))[above]
    own, others = cosines[same], cosines[~same]
    candidates = np.linspace(-1, 1, 2001)
    gap = [abs((own < t).mean() - (others >= t).mean()) for t in candidates]
    best = candidates[int(np.argmin(gap))]
    error = ((own < best).mean() + (others >= best).mean()) / 2
    return (
        f"{len(who):4} pieces, {len(set(who)):3} people: EER {error:6.1%} at {best:.2f}; "
        f"at {threshold:.2f} {(own < threshold).mean():6.1%} of {len(own)} refused, "
        f"{(others >= threshold).mean():6.1%} of {len(others)} taken"
    )


def channelled(talk: Talk, channels: int, frames: int) -> np.ndarray:
    """The true turns, each on the channel that has been free for longest unless its speaker still
    has one: what a diarizer does at worst."""
    activity = np.zeros((frames, channels), np.float32)
    owner: dict[int, str] = {}
    until = [0.0] * channels
    for turn in sorted(talk.turns, key=lambda turn: turn.start):
        own = [c for c, who in owner.items() if who == turn.speaker]
        channel = own[0] if own else min(range(channels), key=lambda c: until[c])
        owner[channel] = turn.speaker
        until[channel] = max(until[channel], turn.end)
        first, last = (round(at * SAMPLE_RATE / FRAME) for at in (turn.start, turn.end))
        activity[first:last, channel] = 1.0
    return activity


def right(
    talk: Talk, audio: np.ndarray, embedder: Embedder | None, channels: int, threshold: float
) -> tuple[float, int]:
    """Part of the clean speech whose number is its speaker's, and how many numbers there are."""
    frames = len(audio) // FRAME
    activity = channelled(talk, channels, frames)
    turns = Turns()
    known = IdentificationOptions(threshold, memory=from_seconds(10**6))
    stage = Identification(known)
    marks = [
        (who, at)
        for who, start, end in alone(talk.turns)
        for at in np.arange(start + 0.1, end - 0.1, 0.1)
    ]
    words = tuple(
        Word("x", from_seconds(at), from_seconds(at) + 1) for _, at in marks if at * 12.5 < frames
    )
    heard: dict[int, int | None] = {}

    def tell(events: list[Event]) -> None:
        for event in stage.follow(events, turns):
            if isinstance(event, Attributed):
                for number, voice in enumerate(event.voices, event.first):
                    heard[number] = voice.speaker

    numbers = [int(activity[min(frames - 1, w.start // FRAME)].argmax()) + 1 for w in words]
    tell([Committed(words)])
    order: dict[int, int] = {}
    for number in numbers:
        order.setdefault(number, len(order) + 1)
    tell([Attributed(0, tuple(Voice(order[number]) for number in numbers))])
    for at in range(0, frames, 25):
        stage.receive_audio(audio[at * FRAME : (at + 25) * FRAME])
        turns.receive(activity[at : at + 25], at * FRAME, FRAME)
        tell([])
        while embedder is not None and (job := stage.next_job()) is not None:
            stage.receive_embedding(job, embedder.run([job])[0])
            tell([])
    said = [heard[i] for i in range(len(words))]
    truth = [who for who, _ in marks][: len(said)]
    return best_match(truth, said), len(set(said))


def best_match(truth: Sequence[str], said: Sequence[int | None]) -> float:
    """The largest part that agrees when each person may be one number."""
    people, numbers = sorted(set(truth)), sorted({n for n in said if n is not None})
    table = {(p, n): 0 for p in people for n in numbers}
    for person, number in zip(truth, said, strict=True):
        if number is not None:
            table[person, number] += 1
    slots = [*numbers, *([None] * len(people))]
    slots = sorted(numbers, key=lambda n: -sum(table[p, n] for p in people))[:8]
    slots += [None] * max(0, len(people) - len(slots))
    most = max(
        sum(table.get((p, n), 0) for p, n in zip(people, chosen, strict=True) if n is not None)
        for chosen in permutations(slots, len(people))
    )
    return most / max(1, len(truth))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("manifest", type=Path, nargs="+")
    parser.add_argument("--embedding-backend", default="auto")
    parser.add_argument("--embedding-model")
    parser.add_argument("--voice-threshold", type=float, default=0.0)
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--only", default="", help="recordings whose id contains this")
    asked = parser.parse_args()
    settings = Settings(
        embedding_backend=asked.embedding_backend, embedding_model=asked.embedding_model
    )
    embedder = load_embedder(settings)
    if embedder is None:
        parser.error("name a model with --embedding-model, or --embedding-backend resemblyzer")
    threshold = asked.voice_threshold or embedder.capabilities.threshold
    talks = [talk for talk in read_talks(asked.manifest) if asked.only in talk.id]
    audio = {talk.id: decode_file(talk.path) for talk in talks}
    for seconds in LENGTHS:
        vectors, who = [], []
        for talk in talks:
            for name, piece in pieces(talk, audio[talk.id], seconds):
                vectors.append(embedder.run([EmbedderJob(piece)])[0])
                who.append(name)
        if len(set(who)) > 1:
            say(f"{seconds:.0f} s: {equal_error(np.stack(vectors), who, threshold)}")
    for talk in talks:
        people = len({turn.speaker for turn in talk.turns})
        if people > asked.channels:
            args = (talk, audio[talk.id])
            before = right(*args, None, asked.channels, threshold)
            after = right(*args, embedder, asked.channels, threshold)
            say(
                f"{talk.id}: {people} people on {asked.channels} channels: {before[0]:.0%} right "
                f"without, {after[0]:.0%} with voices, who are {after[1]}"
            )


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
