"""The training corpus on disk: `<stem>.npy` with all samples, `<stem>.jsonl` with one line each."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import grammar
import numpy as np
from synthesis import VOICES, Delivery, Utterance, speak

MAX_WORDS = 22
PROGRESS_EVERY = 500

log = logging.getLogger(__name__)


def build_corpus(stem: Path, count: int, seed: int, held_out: set[str]) -> None:
    """Speak `count` sentences, none of them held out for the tests, and store them."""
    rng = Random(seed)
    plan = [(next_sentence(rng, held_out), rng.choice(VOICES)) for _ in range(count)]
    deliveries = [Delivery.random(rng, voice) for _, voice in plan]
    tracks: list[np.ndarray] = []
    offset = 0
    with ThreadPoolExecutor() as pool, stem.with_suffix(".jsonl").open("w") as index:
        spoken = pool.map(speak, [text for text, _ in plan], deliveries)
        for number, utterance in enumerate(spoken, 1):
            if utterance is not None:
                index.write(json.dumps(index_line(utterance, offset)) + "\n")
                tracks.append(utterance.samples)
                offset += len(utterance.samples)
            if number % PROGRESS_EVERY == 0:
                log.info("%d of %d sentences", number, count)
    np.save(stem.with_suffix(".npy"), np.concatenate(tracks))


def next_sentence(rng: Random, held_out: set[str]) -> str:
    while True:
        sentence = grammar.sentence(rng)
        if len(sentence.split()) <= MAX_WORDS and sentence not in held_out:
            return sentence


def index_line(utterance: Utterance, offset: int) -> dict[str, object]:
    return {
        "text": utterance.text,
        "voice": utterance.voice,
        "start": offset,
        "end": offset + len(utterance.samples),
        "spans": utterance.spans,
    }


def read_corpus(stem: Path) -> Iterator[Utterance]:
    """Utterances whose samples stay on disk until they are used."""
    samples = np.load(stem.with_suffix(".npy"), mmap_mode="r")
    with stem.with_suffix(".jsonl").open() as index:
        for line in index:
            row = json.loads(line)
            spans = [(start, end) for start, end in row["spans"]]
            yield Utterance(row["text"], row["voice"], samples[row["start"] : row["end"]], spans)
