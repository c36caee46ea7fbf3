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
from mixtures import Mixture, error_rate, mix
from voices import VOICES, Bank

PEOPLE = (1, 2, 2, 2, 3, 3, 3, 4)
"""How many talk in a mixture, by weight."""
WARM_UP = 0.05
"""Share of the steps in which the learning rate rises."""

Extract = Callable[[np.ndarray], torch.Tensor]
"""Features float32 ``[frames, mels]`` of a sound."""


@dataclass
class Pool:
    """Mixtures, made once and drawn from."""

    features: torch.Tensor
    active: torch.Tensor
    voices: torch.Tensor

    def draw(self, rng: Random, count: int) -> Pool:
        chosen = torch.tensor(rng.sample(range(len(self.features)), count))
        return Pool(
            self.features[chosen].float(), self.active[chosen].float(), self.voices[chosen].float()
        )


def make_pool(
    bank: Bank, rng: Random, count: int, seconds: float, channels: int, extract: Extract
) -> Pool:
    mixtures = [mix(bank, rng, seconds, rng.choice(PEOPLE), channels) for _ in range(count)]
    return pooled(mixtures, extract)


def pooled(mixtures: Sequence[Mixture], extract: Extract) -> Pool:
    return Pool(
        torch.stack([extract(one.sound).half() for one in mixtures]),
        torch.tensor(np.stack([one.active for one in mixtures])),
        torch.tensor(np.stack([one.voices for one in mixtures])),
    )


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


def train(model: Model, short: Pool, long: Pool, rng: Random, options: argparse.Namespace) -> None:
    """Teach a model: ``steps`` batches of short mixtures offline, then ``stream_steps`` of long
    ones, every second one as a stream, with a learning rate of at most ``rate``."""
    steps = options.steps
    namer = torch.nn.Linear(model.size, len(VOICES))
    optimizer = torch.optim.AdamW([*model.parameters, *namer.parameters()], weight_decay=1e-2)
    total, losses, begun = steps + options.stream_steps, [], time.monotonic()
    warm_up = max(1, WARM_UP * total)
    for step in range(total):
        share = step / total
        rate = options.rate * min(1, (step + 1) / warm_up) * (0.03 + 0.97 * half_cosine(share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        streaming = step >= steps and step % 2 == 0
        batch = long.draw(rng, 4) if step >= steps else short.draw(rng, 16)
        target = every(batch.active, model.per_row)
        if streaming:
            loss = bce(model.stream(batch.features, rng), target)
            losses.append(loss.item())
        else:
            logits, hidden = model.offline(batch.features)
            naming = bce(namer(hidden), every(batch.voices, 8))
            loss = bce(logits, target) + (2.0 if share < 0.6 else 0.5) * naming
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters, 1.0)
        optimizer.step()
        if not streaming:
            losses.append(bce(logits.detach(), target).item())
        if step % 20 == 19:
            say(f"{step + 1}/{total} {time.monotonic() - begun:.0f} s, CPU "
                f"{time.process_time():.0f} s, loss {np.mean(losses[-40:]):.4f}")  # fmt: skip
        if step % 100 == 99:
            model.save()
    model.save()


def half_cosine(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))


def every(targets: torch.Tensor, rows: int) -> torch.Tensor:
    """Targets at a lower rate: the middle one of each ``rows``."""
    return targets[:, rows // 2 :: rows]


def bce(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    rows = min(logits.shape[1], target.shape[1])
    return torch.nn.functional.binary_cross_entropy_with_logits(logits[:, :rows], target[:, :rows])


def report(name: str, mixtures: Sequence[Mixture], said: Sequence[np.ndarray], rows: int) -> None:
    rates = [
        error_rate(one, mixture.active[rows // 2 :: rows])
        for one, mixture in zip(said, mixtures, strict=True)
    ]
    say(f"{name}: error rate {np.mean(rates):.3f}, worst {max(rates):.3f}")


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
