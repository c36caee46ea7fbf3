"""What diarizing a session costs, and what sharing batches saves.

    python scripts/measure_diarizers.py FOLDER... [--latency 1.04] [--seconds 30]

For each converted model: CPU seconds per second of audio with 1, 2, 4, 8 and 16 sessions that
reach the scheduler together, once their memory is full; and the cost of a session beside that of
one alone. Sizes are measured in turns, so that other load on the machine touches all alike.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

from livestt.settings import Settings
from livestt.speakers import Diarizer, DiarizerJob
from livestt.speakers.registry import load_diarizer

AUDIO = Path(__file__).parents[1] / "tests/fixtures/speech/stream-two-voices.flac"
SIZES = (1, 2, 4, 8, 16)
WARM_UP = 45.0
"""Seconds of audio after which cache and queue are as long as they get."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--latency", default="1.04")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    audio = soundfile.read(AUDIO, dtype="float32")[0]
    for folder in options.folders:
        settings = Settings(
            diarization_model=str(folder),
            diarization_latency=options.latency,
            threads=options.threads,
        )
        measure(load_diarizer(settings), audio, options.seconds, tuple(options.sizes))


def measure(diarizer: Diarizer, audio: np.ndarray, seconds: float, sizes: tuple[int, ...]) -> None:
    can = diarizer.capabilities
    turns = max(1, round(seconds * 16_000 / can.step))
    sessions = {size: warmed(diarizer, audio, size) for size in sizes}
    spent = dict.fromkeys(sizes, 0.0)
    for turn in range(turns):
        at = turn * can.step % (len(audio) - can.step)
        for size, streams in sessions.items():
            jobs = [DiarizerJob(stream, audio[at : at + can.step]) for stream in streams]
            begun = time.process_time()
            diarizer.run(jobs)
            spent[size] += time.process_time() - begun
    for size in sizes:
        each = spent[size] / size / (turns * can.step / 16_000)
        alone = spent[sizes[0]] / sizes[0] / (turns * can.step / 16_000)
        sys.stdout.write(
            f"{can.model} {can.preset} s, {size:>2} sessions: {each:.4f} CPU s per second and "
            f"session, {each / alone:.2f} of one alone\n"
        )


def warmed(diarizer: Diarizer, audio: np.ndarray, size: int) -> list[object]:
    """Sessions with a full memory. They share it: it is replaced, never changed."""
    stream = diarizer.open()
    sound = np.tile(audio, 2)[: int(WARM_UP * 16_000)]
    diarizer.run([DiarizerJob(stream, sound)])
    streams = [diarizer.open() for _ in range(size)]
    for other in streams:
        other.progress = stream.progress
    return streams


if __name__ == "__main__":
    main()
