"""Conversations made of single sentences, with who speaks when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from voices import HELD_OUT, RATE, SENTENCES, VOICES, Bank

FRAME = 160
"""Samples per target frame: 10 ms."""


@dataclass(frozen=True)
class Mixture:
    sound: np.ndarray
    """float32 at 16 kHz."""
    active: np.ndarray
    """bool ``[frames, channels]``, speakers in the order in which they are first heard."""
    voices: np.ndarray
    """bool ``[frames, len(VOICES)]``: the same by voice."""
    order: list[str]


def mix(
    bank: Bank,
    rng: Random,
    seconds: float,
    people: int,
    channels: int,
    held_out: bool = False,
    voices: Sequence[str] = VOICES,
) -> Mixture:
    """A conversation.

    Args:
        bank: what can be said.
        rng: decides everything.
        seconds: its length.
        people: how many may take part; in a short one not all get to speak.
        channels: of ``active``.
        held_out: take sentences that training does not.
        voices: who they may be.
    """
    size = int(seconds * RATE)
    sound = np.zeros(size, np.float32)
    cast = rng.sample(voices, people)
    gain = {voice: 10 ** (rng.uniform(-4, 4) / 20) for voice in cast}
    spoken = {voice: np.zeros(size, bool) for voice in cast}
    train = SENTENCES - HELD_OUT
    choices = range(train, SENTENCES) if held_out else range(train)
    at, last = rng.uniform(0, 1.0), ""
    order: list[str] = []
    while at < seconds - 0.5:
        voice = next_voice(rng, cast, order, last)
        if voice not in order:
            order.append(voice)
        begin = int(at * RATE)
        said = bank[voice][rng.choice(choices)][: size - begin]
        sound[begin : begin + len(said)] += said * gain[voice]
        spoken[voice][begin : begin + len(said)] = True
        overlap = rng.random() < 0.3
        pause = rng.uniform(-0.6, 0) if overlap else rng.choice([0.1, 0.3, 0.8, 2.0]) * rng.random()
        at = max((begin + len(said)) / RATE + pause, at + 0.3)
        last = voice
    noise = np.random.default_rng(rng.randrange(1 << 30)).standard_normal(size, np.float32)
    sound += noise * np.float32(10 ** (rng.uniform(-75, -45) / 20))
    sound *= np.float32(10 ** (rng.uniform(-8, 6) / 20))
    frames = size // FRAME
    by_voice = np.zeros((frames, len(VOICES)), bool)
    for voice in order:
        share = spoken[voice][: frames * FRAME].reshape(frames, FRAME).mean(1)
        by_voice[:, VOICES.index(voice)] = share > 0.5
    active = np.zeros((frames, channels), bool)
    for i, voice in enumerate(order[:channels]):
        active[:, i] = by_voice[:, VOICES.index(voice)]
    return Mixture(sound.clip(-1, 1), active, by_voice, order)


def next_voice(rng: Random, cast: list[str], order: list[str], last: str) -> str:
    """Mostly somebody else; newcomers get their turn."""
    new = [voice for voice in cast if voice not in order]
    if new and (not order or rng.random() < 0.3):
        return rng.choice(new)
    known = [voice for voice in order if voice != last] or order
    return rng.choice(known) if rng.random() < 0.8 else last


def error_rate(probabilities: np.ndarray, active: np.ndarray) -> float:
    """Diarization error rate: missed, invented and confused speech over speech.

    No collar, overlap scored, and no permutation: channel ``i`` must be the ``i``-th to speak.
    """
    frames = min(len(probabilities), len(active))
    said, true = probabilities[:frames] > 0.5, active[:frames]
    right = (said & true).sum(1)
    wrong = np.maximum(said.sum(1), true.sum(1)) - right
    return float(wrong.sum() / max(1, true.sum()))
