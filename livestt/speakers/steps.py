"""How one session's audio is cut into the steps of a streaming Sortformer.

A step is a chunk of feature frames with some before it (left context) and after it (right
context). It can be taken once the right context is here; at the end of audio the context shrinks
to what there is. The frames of a step are always computed together, so that they do not depend
on how the audio arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from livestt.engines import Samples
from livestt.speakers.features import BEFORE, HOP, Frames, LogMel, Pending
from livestt.speakers.sortformer_state import Memory


@dataclass(frozen=True, slots=True)
class StepSizes:
    """Lengths in feature frames of 10 ms."""

    chunk: int
    left: int
    right: int

    @property
    def latency(self) -> int:
        """Samples that must have come, from the start of a chunk on, for its step."""
        return (self.chunk + self.right - 1) * HOP + BEFORE


@dataclass(frozen=True, slots=True)
class Step:
    """What the model is shown of one session's audio, in feature frames."""

    window: Frames
    """Left context, chunk and right context."""
    left: int
    chunk: int
    start: int
    """Of the chunk, counted from the start of the session."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one session is. Never changed, only replaced."""

    pending: Pending
    memory: Memory
    frames: Frames
    """Features from the left context of the next step on, as far as computed."""
    position: int = 0
    """Feature frame at which the next step's chunk starts."""
    ended: bool = False
    """Whether no more audio comes."""


def hear(mel: LogMel, progress: Progress, audio: Samples, final: bool) -> Progress:
    """Take in what follows, float32 ``[n]`` at 16 kHz."""
    pending = mel.push(progress.pending, audio)
    return replace(progress, pending=pending, ended=progress.ended or final)


def ready(sizes: StepSizes, progress: Progress) -> bool:
    """Whether the next step can be taken."""
    if progress.ended:
        return progress.position < _total(progress)
    wanted = progress.position + sizes.chunk + sizes.right
    return progress.pending.frames + progress.pending.ready >= wanted


def cut(mel: LogMel, sizes: StepSizes, progress: Progress) -> tuple[Step, Progress]:
    """Cut the next step, which must be `ready`."""
    end = progress.position + sizes.chunk + sizes.right
    if progress.ended:
        end = min(end, _total(progress))
    pending, frames = progress.pending, progress.frames
    if end > pending.frames:
        new, pending = mel.take(pending, end - pending.frames)
        frames = _joined(frames, new)
    left = min(sizes.left, progress.position)
    chunk = min(sizes.chunk, end - progress.position)
    after = progress.position + chunk
    begin = progress.position - left
    kept = max(0, after - sizes.left) - begin
    step = Step(frames[: end - begin], left, chunk, progress.position)
    return step, replace(progress, pending=pending, frames=frames[kept:], position=after)


def _total(progress: Progress) -> int:
    return progress.pending.frames + progress.pending.left


def _joined(frames: Frames, new: Frames) -> Frames:
    return np.concatenate([frames, new]) if len(frames) else new
