"""What telling a session's speakers apart costs, and what sharing batches saves."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from livestt.engines import Samples
from livestt.speakers import Diarizer, DiarizerJob
from livestt.timebase import from_seconds

BATCHES = (1, 2, 4, 8)
WARM_UP = from_seconds(45)
"""Audio after which what a session remembers is as long as it gets."""
TURNS = 12


def costs(diarizer: Diarizer, audio: Samples) -> dict[int, float]:
    """CPU seconds of work per second of one session's audio, by sessions in a batch.

    The sizes take turns, so that other load on the machine touches all alike, and what counts is
    processor time.

    Args:
        diarizer: nobody else may use it meanwhile.
        audio: speech, repeated as often as it takes.
    """
    sizes = [size for size in BATCHES if size <= diarizer.capabilities.max_batch]
    step = diarizer.capabilities.step
    groups = {size: [diarizer.open() for _ in range(size)] for size in sizes}
    spent = dict.fromkeys(sizes, 0.0)
    try:
        for streams in groups.values():
            for start in range(0, WARM_UP, step):
                _work(diarizer, streams, audio, start, step)
        for turn in range(TURNS):
            for size, streams in groups.items():
                spent[size] += _work(diarizer, streams, audio, WARM_UP + turn * step, step)
    finally:
        for streams in groups.values():
            for stream in streams:
                diarizer.release(stream)
    heard = TURNS * step / from_seconds(1)
    return {size: spent[size] / size / heard for size in sizes}


def _work(diarizer: Diarizer, streams: list[Any], audio: Samples, start: int, step: int) -> float:
    """Let each session hear a step, at a place of its own, and the CPU seconds that takes."""
    jobs = [
        DiarizerJob(stream, np.take(audio, range(at, at + step), mode="wrap"))
        for stream, at in zip(streams, range(start, start + 7919 * len(streams), 7919), strict=True)
    ]
    begun = time.process_time()
    diarizer.run(jobs)
    return time.process_time() - begun
