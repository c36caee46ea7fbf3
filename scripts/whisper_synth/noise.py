"""Sounds without a word in them: what a recognizer must answer with silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from recordings import write_flac
from synthesis import SAMPLE_RATE

SECONDS = 3.0
MAINS_HZ = 50.0
BEATS_PER_SECOND = 2.0
CHORDS_HZ = ((261.63, 329.63, 392.00), (220.00, 261.63, 329.63), (174.61, 220.00, 261.63))
CLICKS_PER_SECOND = 4.0


def build_noise(folder: Path) -> None:
    for name, samples in (
        ("white", white_noise()),
        ("music", music()),
        ("hum", mains_hum()),
        ("clicks", clicks()),
    ):
        write_flac(folder / f"{name}.flac", samples)


def white_noise(rms: float = 0.01) -> np.ndarray:
    return rms * np.random.RandomState(0).standard_normal(round(SECONDS * SAMPLE_RATE))


def music(level: float = 0.08) -> np.ndarray:
    """Struck chords: three harmonics a note, each note dying away until the next beat."""
    t = _clock()
    beat = np.floor(t * BEATS_PER_SECOND).astype(int) % len(CHORDS_HZ)
    since_beat = t % (1 / BEATS_PER_SECOND)
    notes = np.array(CHORDS_HZ)[beat]  # one row of three notes a sample
    sound = sum(
        np.sin(2 * np.pi * harmonic * notes * since_beat[:, None]).sum(axis=1) / harmonic
        for harmonic in (1, 2, 3)
    )
    return level * sound * np.exp(-4 * since_beat)


def mains_hum(level: float = 0.02) -> np.ndarray:
    t = _clock()
    return level * sum(np.sin(2 * np.pi * MAINS_HZ * n * t) / n for n in (1, 2, 3, 5))


def clicks(level: float = 0.2) -> np.ndarray:
    """A keyboard across the room: short decaying bursts on a faint noise floor."""
    random = np.random.RandomState(1)
    track = 3e-4 * random.standard_normal(round(SECONDS * SAMPLE_RATE))
    burst = np.exp(-np.arange(80) / 12)
    for start in random.choice(len(track) - 80, round(SECONDS * CLICKS_PER_SECOND), replace=False):
        track[start : start + 80] += level * burst * random.standard_normal(80)
    return track


def _clock() -> np.ndarray:
    return np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
