"""What the training of both models has in common.

Trained on arrival order alone, a model this small does not learn to tell voices apart. A second
output, dropped afterwards, names the voice in each frame while it learns: that it can do, and what
it needs for it is what tells speakers apart.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from mixtures import mix
from voices import FLITE, VOICES, Bank

Casts = Sequence[tuple[Sequence[str], int]]

PEOPLE = (1, 2, 2, 3, 3, 3, 4, 4, 4)
"""How many talk in a mixture, by weight."""
CASTS: Casts = ((VOICES, 6), (FLITE, 4))
"""From which voices those in a mixture are, by weight: the tests only use those of flite."""
SECONDS = 44.0
"""Length of the mixtures in the pool, from which batches are cut."""
OFFLINE = ((12.0, 16), (30.0, 6), (42.0, 4))
"""Seconds and number of the cuts in an offline batch. The longest is what the model is shown at
once with a latency of half a minute."""
STREAMED = (30.0, 4)
WARM_UP = 0.03
"""Share of the time in which the learning rate rises."""
LEARNING = 0.4
"""Share of a stream's steps that the model learns from if they are short; the others only fill its
memory."""
AVERAGED = 0.99
"""What is saved is the running average of the weights, with this much of its old self per step."""

Extract = Callable[[np.ndarray], torch.Tensor]
"""Features float32 ``[frames, size]`` of a sound, each as long as some number of targets."""


@dataclass
class Batch:
    features: torch.Tensor
    """float32 ``[batch, frames, size]``; these frames may be longer than those of the targets."""
    active: torch.Tensor
    """float32 ``[batch, frames, channels]``, in the order in which they are first heard."""
    voices: torch.Tensor
    """float32 ``[batch, frames, len(VOICES)]``."""


@dataclass
class Pool:
    """Mixtures, made once and cut from."""

    features: torch.Tensor
    voices: torch.Tensor
    channels: int

    def draw(self, rng: Random, seconds: float, count: int) -> Batch:
        per = self.voices.shape[1] // self.features.shape[1]
        length = int(seconds * 100) // per
        features, active, voices = [], [], []
        for i in rng.sample(range(len(self.features)), count):
            start = rng.randrange(self.features.shape[1] - length)
            features.append(self.features[i, start : start + length].float())
            voices.append(self.voices[i, start * per : (start + length) * per].float())
            active.append(by_arrival(voices[-1], self.channels))
        return Batch(torch.stack(features), torch.stack(active), torch.stack(voices))


def by_arrival(voices: torch.Tensor, channels: int) -> torch.Tensor:
    """Activity by voice, ``[frames, voices]``, to activity ``[frames, channels]``."""
    heard = voices.any(0).nonzero()[:, 0].tolist()
    order = sorted(heard, key=lambda voice: int(voices[:, voice].argmax()))[:channels]
    active = torch.zeros(len(voices), channels)
    active[:, : len(order)] = voices[:, order]
    return active


def make_pool(
    bank: Bank,
    rng: Random,
    count: int,
    channels: int,
    extract: Extract,
    seconds: float = SECONDS,
    casts: Casts = CASTS,
) -> Pool:
    features, spoken = [], []
    for _ in range(count):
        (voices,) = rng.choices([cast for cast, _ in casts], [weight for _, weight in casts])
        people = min(rng.choice(PEOPLE), len(voices))
        one = mix(bank, rng, seconds, people, channels, voices=voices)
        features.append(extract(one.sound).half())
        spoken.append(torch.tensor(one.voices))
    return Pool(torch.stack(features), torch.stack(spoken), channels)


@dataclass
class Model:
    """A model in training. Frames of ``hidden`` are encoder frames, of 80 ms."""

    parameters: list[torch.nn.Parameter]
    size: int
    offline: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
    """Features to logits ``[batch, rows, channels]`` and hidden ``[batch, frames, size]``."""
    stream: Callable[[torch.Tensor, Random], torch.Tensor]
    """Features to logits, step by step with memory."""
    per_row: int
    """Target frames of 10 ms per row of logits."""
    save: Callable[[], None]


def train(model: Model, pool: Pool, rng: Random, options: argparse.Namespace) -> None:
    """Teach a model for ``minutes``, with a learning rate of at most ``rate``: offline first, and
    from ``streams_from`` of the time on every second batch as streams. It saves what it has each
    minute, so that it may be stopped at any time."""
    namer = torch.nn.Linear(model.size, len(VOICES))
    optimizer = torch.optim.AdamW([*model.parameters, *namer.parameters()], weight_decay=1e-2)
    average = [one.detach().clone() for one in model.parameters]
    begun = saved = time.monotonic()
    offline, streams, step = [0.0], [0.0], 0
    while (share := (time.monotonic() - begun) / 60 / options.minutes) < 1:
        rate = options.rate * min(1, (share + 1e-3) / WARM_UP) * (0.03 + 0.97 * half_cosine(share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        if share >= options.streams_from and step % 2 == 0:
            batch = pool.draw(rng, *STREAMED)
            loss = bce(model.stream(batch.features, rng), every(batch.active, model.per_row))
            streams.append(loss.item())
        else:
            batch = pool.draw(rng, *rng.choice(OFFLINE))
            logits, hidden = model.offline(batch.features)
            loss = bce(logits, every(batch.active, model.per_row))
            offline.append(loss.item())
            naming = bce(namer(hidden), every(batch.voices, 8))
            loss = loss + (2.0 if share < 0.5 else 0.5) * naming
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters, 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            for old, new in zip(average, model.parameters, strict=True):
                old.lerp_(new, 1 - AVERAGED)
        if step % 20 == 0:
            say(f"{step} {share:.2f} CPU {time.process_time():.0f} s, loss "
                f"{np.mean(offline[-20:]):.4f}, streams {np.mean(streams[-20:]):.4f}")  # fmt: skip
        if time.monotonic() - saved > 60:
            save(model, average)
            saved = time.monotonic()
    save(model, average)


def save(model: Model, average: list[torch.Tensor]) -> None:
    """Save the average in place of the weights."""
    own = [one.detach().clone() for one in model.parameters]
    with torch.no_grad():
        for one, mean in zip(model.parameters, average, strict=True):
            one.copy_(mean)
        model.save()
        for one, before in zip(model.parameters, own, strict=True):
            one.copy_(before)


def learns(rng: Random, chunk: int) -> torch.autograd.grad_mode.set_grad_enabled:
    """Around a step of a stream: whether the model learns from it."""
    return torch.set_grad_enabled(chunk > 10 or rng.random() < LEARNING)


def half_cosine(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))


def every(targets: torch.Tensor, rows: int) -> torch.Tensor:
    """Targets at a lower rate: the middle one of each ``rows``."""
    return targets[:, rows // 2 :: rows]


def bce(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    rows = min(logits.shape[1], target.shape[1])
    return torch.nn.functional.binary_cross_entropy_with_logits(logits[:, :rows], target[:, :rows])


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
