"""What a streaming Sortformer remembers of a session: the speaker cache and the FIFO queue.

Medennikov et al., "Streaming Sortformer: Speaker Cache-Based Online Speaker Diarization with
Arrival-Time Ordering" (arXiv:2507.18446). At each step the model sees the cache, the queue and the
new chunk side by side, and the order of speakers stays the same because the cache shows it who
came first. Chunks enter the queue; when it overflows, its oldest frames move to the cache; when
that overflows, it is compressed to the frames that tell most about each speaker.

A **frame** here is one of the encoder's, 80 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from livestt.speakers import Probabilities

Embeddings = npt.NDArray[np.float32]
"""Encoder input, float32 ``[frames, size]``."""

SPEAKING = 0.5
"""Probability above which a frame counts as speech of a speaker."""
BOOST = math.log(2.0)
"""The unit in which the scores of a speaker's best frames are raised."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How much is remembered, and what is worth remembering. Lengths in frames."""

    speakers: int
    cache: int
    """Longest speaker cache."""
    fifo: int
    """Longest queue."""
    update: int
    """Frames that leave the queue at a time when it overflows."""
    silence_per_speaker: int = 3
    """Places after each speaker's frames that are filled with silence."""
    score_floor: float = 0.25
    """Probabilities are not taken for smaller than this in scores."""
    boost_latest: float = 0.05
    """Added to the scores of frames that are new to the cache."""
    silence_threshold: float = 0.2
    """A frame is silence if the probabilities of all speakers add up to less."""
    strong_boost: float = 0.75
    """Share of a speaker's places whose best frames are kept before anything else."""
    weak_boost: float = 1.5
    """Share of a speaker's places whose best frames are preferred."""
    min_positive: float = 0.5
    """Share of a speaker's places from which on frames with overlapping speech are left out."""

    @property
    def places(self) -> int:
        """Frames of the cache that one speaker is entitled to."""
        return self.cache // self.speakers - self.silence_per_speaker


@dataclass(frozen=True, slots=True)
class Memory:
    """The state of one session. Never changed, only replaced.

    Make the first one with `forget`.
    """

    cache: Embeddings
    cached: Probabilities | None
    """Of the frames of ``cache``; None until it is first compressed, since the model's newest
    opinion on frames that are still in order is better than an older one."""
    fifo: Embeddings
    silence: Embeddings
    """What silence looks like, float32 ``[size]``: the mean of the silent frames so far, or what
    the model learned."""
    silent: int | None = 0
    """Frames in that mean; None if it was learned and does not change."""

    def __len__(self) -> int:
        return len(self.cache) + len(self.fifo)

    def before(self, chunk: Embeddings) -> Embeddings:
        """What the model sees in a step: cache, queue and the chunk."""
        return np.concatenate([self.cache, self.fifo, chunk])


def forget(size: int, silence: Embeddings | None = None) -> Memory:
    """The memory of a session that has not begun.

    Args:
        size: of an embedding.
        silence: the model's learned silence, float32 ``[size]``; None if it learned none.
    """
    nothing = np.zeros((0, size), np.float32)
    if silence is None:
        return Memory(nothing, None, nothing, np.zeros(size, np.float32))
    return Memory(nothing, None, nothing, silence, None)


def remember(
    policy: CachePolicy, memory: Memory, chunk: Embeddings, probabilities: Probabilities, left: int
) -> Memory:
    """The memory after a step.

    Args:
        policy: of the model.
        memory: before the step.
        chunk: embeddings of the step's own frames, without context, float32 ``[frames, size]``.
        probabilities: what the model said about cache, queue, left context, chunk and whatever
            followed it, float32 ``[all frames, speakers]``.
        left: frames of left context between queue and chunk.
    """
    start = len(memory) + left
    fifo = np.concatenate([memory.fifo, chunk])
    said = np.concatenate(
        [probabilities[len(memory.cache) : len(memory)], probabilities[start : start + len(chunk)]]
    )
    if len(fifo) <= policy.fifo:
        return replace(memory, fifo=fifo)
    popped = min(max(policy.update, len(fifo) - policy.fifo), len(fifo))
    memory = _learn_silence(policy, memory, fifo[:popped], said[:popped])
    cached = probabilities[: len(memory.cache)] if memory.cached is None else memory.cached
    cache = np.concatenate([memory.cache, fifo[:popped]])
    cached = np.concatenate([cached, said[:popped]])
    if len(cache) <= policy.cache:
        kept = None if memory.cached is None else cached
        return replace(memory, cache=cache, cached=kept, fifo=fifo[popped:])
    cache, cached = _compress(policy, cache, cached, memory.silence)
    return replace(memory, cache=cache, cached=cached, fifo=fifo[popped:])


def _learn_silence(
    policy: CachePolicy, memory: Memory, frames: Embeddings, said: Probabilities
) -> Memory:
    if memory.silent is None:
        return memory
    silent = said.sum(1) < policy.silence_threshold
    count = int(silent.sum())
    if not count:
        return memory
    total = memory.silence * memory.silent + frames[silent].sum(0)
    count += memory.silent
    return replace(memory, silence=(total / count).astype(np.float32), silent=count)


def _compress(
    policy: CachePolicy, frames: Embeddings, said: Probabilities, silence: Embeddings
) -> tuple[Embeddings, Probabilities]:
    """The best frames, speaker after speaker and in order, with silence between the speakers."""
    scores = _scores(policy, said)
    scores[policy.cache :] += policy.boost_latest
    _boost(scores, math.floor(policy.places * policy.strong_boost), 2 * BOOST)
    _boost(scores, math.floor(policy.places * policy.weak_boost), BOOST)
    gap = np.full((policy.silence_per_speaker, policy.speakers), np.inf, scores.dtype)
    by_speaker = np.concatenate([scores, gap]).T
    best = np.argsort(-by_speaker.ravel(), kind="stable")[: policy.cache]
    usable = np.sort(best[by_speaker.ravel()[best] > -np.inf])
    # Places that no frame deserves go to silence, after everything else.
    chosen = np.full(policy.cache, len(frames))
    chosen[: len(usable)] = np.minimum(usable % by_speaker.shape[1], len(frames))
    frames = np.concatenate([frames, silence[None]])
    said = np.concatenate([said, np.zeros((1, policy.speakers), said.dtype)])
    return frames[chosen], said[chosen]


def _scores(policy: CachePolicy, said: Probabilities) -> Probabilities:
    """High where a speaker surely speaks alone; -inf where they do not speak."""
    yes = np.log(np.maximum(said, policy.score_floor))
    no = np.log(np.maximum(1.0 - said, policy.score_floor))
    scores = yes - no + no.sum(1, keepdims=True) + BOOST
    speaks = said > SPEAKING
    scores = np.where(speaks, scores, -np.inf)
    alone = scores > 0
    enough = alone.sum(0) >= math.floor(policy.places * policy.min_positive)
    return np.where(~alone & enough, -np.inf, scores).astype(np.float32)


def _boost(scores: Probabilities, count: int, by: float) -> None:
    """Raise each speaker's best scores."""
    best = np.argsort(-scores, axis=0, kind="stable")[:count]
    raised = np.take_along_axis(scores, best, axis=0) + np.float32(by)
    np.put_along_axis(scores, best, raised, axis=0)
