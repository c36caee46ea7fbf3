"""Examples padded into batches, by a schedule that starts with short windows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
import tokens
from model import MAX_FRAMES
from samples import IGNORED, Example, ExampleMaker
from torch.utils.data import IterableDataset

SAMPLES_PER_FRAME = 320
FRAMES_PER_SECOND = 50
EASY_SHARE = 0.45  # of the training


class Batch(NamedTuple):
    samples: np.ndarray  # (batch, samples)
    ids: np.ndarray  # (batch, tokens)
    targets: np.ndarray  # (batch, tokens)
    first_frame: np.ndarray  # (batch, tokens): when the target is heard; last is exclusive,
    last_frame: np.ndarray  # and 0 where it is not heard at all
    text: np.ndarray  # all text tokens of the batch in a row, for CTC
    text_lengths: np.ndarray
    frame_lengths: np.ndarray


@dataclass(frozen=True, slots=True)
class Shape:
    longest_s: float
    size: int
    full_window: bool


def shape_at(progress: float, rng: Random) -> Shape:
    """Short sentences until the decoder listens; then the windows it will meet in use."""
    if progress < EASY_SHARE:
        return Shape(3.6, 32, full_window=False)
    kind = rng.random()
    if kind < 0.50:
        return Shape(rng.choice([14, 20, 27]), 6, full_window=True)
    if kind < 0.75:
        return Shape(rng.choice([3, 6]), 8, full_window=True)
    return Shape(rng.choice([8, 13]), 8, full_window=False)


class Batches(IterableDataset):
    """An endless stream, which a training that goes on at step `first` enters there."""

    def __init__(self, maker: ExampleMaker, first: int, total: int) -> None:
        self.maker = maker
        self.first = first
        self.total = total

    def __iter__(self) -> Iterator[Batch]:
        rng = Random(self.first)
        step = self.first
        while True:
            shape = shape_at(step / self.total, rng)
            examples = [self.maker.make(rng, shape.longest_s) for _ in range(shape.size)]
            yield collate(examples, window_frames(rng, shape, examples))
            step += 1


def window_frames(rng: Random, shape: Shape, examples: list[Example]) -> int:
    if shape.full_window:
        return MAX_FRAMES
    longest = max(len(example.samples) for example in examples)
    frames = math.ceil(longest / SAMPLES_PER_FRAME)
    if shape.longest_s > 6 and rng.random() < 0.25:
        frames += 2 * FRAMES_PER_SECOND  # the silence a live window ends with
    return min(MAX_FRAMES, frames)


def collate(examples: list[Example], frames: int) -> Batch:
    size, length = len(examples), max(len(example.ids) for example in examples)
    samples = np.zeros((size, frames * SAMPLES_PER_FRAME), np.float32)
    ids = np.full((size, length), tokens.END_OF_TEXT)
    targets = np.full((size, length), IGNORED)
    first, last = np.zeros((2, size, length), np.int64)
    for row, example in enumerate(examples):
        heard = example.samples[: samples.shape[1]]
        samples[row, : len(heard)] = heard
        ids[row, : len(example.ids)] = example.ids
        targets[row, : len(example.targets)] = example.targets
        for column, span in enumerate(example.spans):
            if span is not None:
                start = min(max(0, int(span[0] * FRAMES_PER_SECOND)), frames - 1)
                end = min(math.ceil(span[1] * FRAMES_PER_SECOND), frames)
                first[row, column], last[row, column] = start, max(start + 1, end)
    lengths = [min(frames, len(x.samples) // SAMPLES_PER_FRAME + 1) for x in examples]
    return Batch(
        samples,
        ids,
        targets,
        first,
        last,
        text=np.array([token for example in examples for token in example.text], np.int64),
        text_lengths=np.array([len(example.text) for example in examples]),
        frame_lengths=np.array(lengths),
    )
