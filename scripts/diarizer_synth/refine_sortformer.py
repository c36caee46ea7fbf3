"""Go on with a trained Sortformer: longer conversations, four voices, and the memory of streams.

Most of a Sortformer's time goes into subsampling. So that stays as it is, and the pool holds what
it makes of each mixture.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from nemo.collections.asr.models import SortformerEncLabelModel
from nemo.utils import logging as nemo_logging
from rich.progress import Progress
from training import Batch, Pool, bce, every, half_cosine, learns, make_pool
from voices import FLITE, VOICES, load

CHANNELS, ROWS = 4, 8
"""Speakers, and target frames of 10 ms per frame of the encoder."""
SECONDS = 72.0
"""Length of the mixtures."""
ALIKE = ("rms", "awb", "kal16")
"""The men of flite: the voices that are most often taken for each other."""
CASTS = ((FLITE, 5), (VOICES, 3), (ALIKE, 2))
"""Who is in a mixture, by weight."""
OFFLINE = ((12.0, 14), (20.0, 8), (30.0, 5), (36.0, 4))
"""Seconds and number of the cuts in an offline batch."""
STREAMED, STREAMED_SHARE = ((36.0, 4), (36.0, 4), (68.0, 3)), 0.06
"""The same of streams, and their share of the batches. Each has many steps to learn from."""
CHUNKS = ((3, 1), (6, 7), (6, 7), (6, 2), (25, 4), (50, 4), (124, 1))
"""Chunk and right context of the streams, in encoder frames."""
LEFT, FIFO, UPDATE = 1, 40, 36
NAMING = 0.1
"""Weight of the output that names voices, which is dropped afterwards."""
WARM_UP, AVERAGED = 0.03, 0.998
SAVED = 240
"""Seconds between checkpoints."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path)
    parser.add_argument("start", type=Path, help=".nemo file to go on from")
    parser.add_argument("checkpoint", type=Path, help=".nemo file to write")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--mixtures", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=4e-4, help="highest learning rate")
    options = parser.parse_args()
    nemo_logging.setLevel(logging.ERROR)
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = Random(options.seed)
    # Ready for use, not for training: then NeMo does not shuffle the speakers in the cache.
    net = SortformerEncLabelModel.restore_from(str(options.start), map_location="cpu").eval()
    net.encoder.pre_encode.requires_grad_(False)
    modules = net.sortformer_modules
    modules.fifo_len, modules.spkcache_update_period = FIFO, UPDATE
    bank = load(options.bank)
    pool = make_pool(
        bank, rng, options.mixtures, CHANNELS, lambda s: embeddings(net, s), SECONDS, CASTS
    )
    namer = knows_voices(net, pool, rng)
    refine(net, namer, pool, rng, options)


def knows_voices(net: Any, pool: Pool, rng: Random) -> torch.nn.Linear:
    """An output that names voices, taught alone."""
    namer = torch.nn.Linear(net.sortformer_modules.fc_d_model, len(VOICES))
    optimizer = torch.optim.Adam(namer.parameters(), lr=1e-2)
    for _ in range(40):
        batch = pool.draw(rng, *OFFLINE[0])
        with torch.no_grad():
            hidden = think(net, batch.features)[1]
        optimizer.zero_grad()
        bce(namer(hidden), every(batch.voices, ROWS)).backward()
        optimizer.step()
    return namer


def refine(
    net: Any, namer: torch.nn.Linear, pool: Pool, rng: Random, options: argparse.Namespace
) -> None:
    """Teach a model for ``minutes``, with a learning rate of at most ``rate``. It saves what it has
    from time to time, so that it may be stopped at any time."""
    learner = Learner([p for p in net.parameters() if p.requires_grad], namer)
    begun = saved = time.monotonic()
    offline, streams = [0.0], [0.0]
    with Progress() as bar:
        task = bar.add_task("", total=options.minutes * 60)
        while (share := (time.monotonic() - begun) / 60 / options.minutes) < 1:
            learner.rate(options.rate * min(1, share / WARM_UP + 1e-3) * half_cosine(share))
            if rng.random() < STREAMED_SHARE:
                for loss in stream(net, pool.draw(rng, *rng.choice(STREAMED)), rng):
                    learner.learn(loss)
                    streams.append(loss.item())
            else:
                batch = pool.draw(rng, *rng.choice(OFFLINE))
                logits, hidden = think(net, batch.features)
                loss = hybrid(logits, every(batch.active, ROWS))
                offline.append(loss.item())
                learner.learn(loss + NAMING * bce(namer(hidden), every(batch.voices, ROWS)))
            losses = f"loss {np.mean(offline[-100:]):.3f}, streams {np.mean(streams[-200:]):.3f}"
            bar.update(task, completed=time.monotonic() - begun, description=losses)
            if time.monotonic() - saved > SAVED:
                saved = time.monotonic()
                with learner.settled():
                    net.save_to(str(options.checkpoint))
                bar.console.print(
                    f"{len(offline)} batches, CPU {time.process_time():.0f} s, {losses}"
                )
    with learner.settled():
        net.save_to(str(options.checkpoint))


class Learner:
    """AdamW, and the running average of the weights, which is what is kept."""

    def __init__(self, weights: list[torch.nn.Parameter], namer: torch.nn.Module) -> None:
        self._weights = weights
        self._average = [one.detach().clone() for one in weights]
        everything = [*weights, *namer.parameters()]
        self._adam = torch.optim.AdamW(everything, lr=0, betas=(0.9, 0.98), weight_decay=0)

    def rate(self, rate: float) -> None:
        for group in self._adam.param_groups:
            group["lr"] = rate

    def learn(self, loss: torch.Tensor) -> None:
        self._adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(self._average, self._weights, 1 - AVERAGED)

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Within, the weights are their average."""
        own = [one.detach().clone() for one in self._weights]
        with torch.no_grad():
            torch._foreach_copy_(self._weights, self._average)
        yield
        with torch.no_grad():
            torch._foreach_copy_(self._weights, own)


def embeddings(net: Any, sound: np.ndarray) -> torch.Tensor:
    """What the encoder's layers see of a sound, float32 ``[frames, size]``, 80 ms each."""
    samples, count = torch.tensor(sound)[None], torch.tensor([len(sound)])
    with torch.no_grad():
        features, _ = net.preprocessor(input_signal=samples, length=count)
        features = features[:, :, : len(sound) // 160].transpose(1, 2)
        return net.encoder.pre_encode(x=features, lengths=lengths_of(features))[0][0]


def think(net: Any, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits ``[batch, frames, CHANNELS]`` and hidden ``[batch, frames, size]`` of embeddings."""
    hidden, lengths = net.frontend_encoder(frames, lengths_of(frames), bypass_pre_encode=True)
    return torch.logit(net.forward_infer(hidden, lengths), eps=1e-6), hidden


def stream(net: Any, batch: Batch, rng: Random) -> Iterator[torch.Tensor]:
    """Losses of a batch of embeddings, step by step. What is remembered is taken as given: no
    gradient goes through it."""
    modules = net.sortformer_modules
    chunk, right = rng.choice(CHUNKS)
    state = modules.init_streaming_state(len(batch.features), False, batch.features.device)
    targets = every(batch.active, ROWS)
    for start in range(0, batch.features.shape[1], chunk):
        left = min(start, LEFT)
        frames = batch.features[:, start - left : start + chunk + right]
        new = frames.shape[1] - left
        remembered, queued = state.spkcache.shape[1], state.fifo.shape[1]
        with learns(rng, chunk):
            logits, _ = think(net, torch.cat([state.spkcache, state.fifo, frames], 1))
        if logits.requires_grad:
            heard = [targets[:, start - queued : start], targets[:, start - left : start + new]]
            yield bce(logits[:, remembered:], torch.cat(heard, 1))
        with torch.no_grad():
            state, _ = modules.streaming_update(
                state, frames, logits.detach().sigmoid(), left, max(0, new - chunk)
            )


def hybrid(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Half of it asks for the order of arrival, the other half takes whatever order fits best:
    asked for the order alone, the model learns to be unsure of everything (as in the paper,
    arXiv 2409.06656)."""
    rows = min(logits.shape[1], target.shape[1])
    logits, target = logits[:, :rows], target[:, :rows]
    sigmoid = torch.nn.functional.logsigmoid
    pairs = -torch.einsum("btp,btq->bpq", sigmoid(logits), target)
    pairs -= torch.einsum("btp,btq->bpq", sigmoid(-logits), 1 - target)
    orders = [pairs[:, range(CHANNELS), order].sum(1) for order in permutations(range(CHANNELS))]
    losses = torch.stack(orders, 1) / rows / CHANNELS
    return (losses[:, 0].mean() + losses.min(1).values.mean()) / 2


def lengths_of(frames: torch.Tensor) -> torch.Tensor:
    return torch.full((len(frames),), frames.shape[1])


if __name__ == "__main__":
    main()
