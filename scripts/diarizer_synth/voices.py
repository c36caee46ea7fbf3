"""Speak sentences in many synthetic voices: what the mixtures are made of."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import numpy as np
import soxr
from scipy.io import wavfile

sys.path.append(str(Path(__file__).parents[1] / "whisper_synth"))
from grammar import sentence

RATE = 16_000
SENTENCES = 60
HELD_OUT = 10
"""The last sentences of each voice are kept for measuring."""

FLITE = ("slt", "rms", "awb", "kal16")
ESPEAK = (
    ("en-us+f2", 70, 160),
    ("en-us+m3", 35, 150),
    ("en-gb-scotland+m1", 20, 140),
    ("en+croak", 40, 150),
    ("en-us+f5", 60, 190),
    ("en-us+m7", 50, 170),
)
"""Voice, pitch and words per minute."""
VOICES = (*FLITE, *(f"espeak{i}" for i in range(len(ESPEAK))))

Bank = dict[str, list[np.ndarray]]
"""Sentences by voice, float32 at 16 kHz, each of root mean square 0.1."""


def speak(voice: str, text: str, path: Path) -> np.ndarray:
    """One sentence, without the silence around it."""
    if voice in FLITE:
        command = ["flite", "-voice", voice, "-t", text, "-o", str(path)]
    else:
        variant, pitch, pace = ESPEAK[int(voice.removeprefix("espeak"))]
        settings = ["-p", str(pitch), "-s", str(pace), "-w", str(path)]
        command = ["espeak-ng", "-v", variant, *settings, text]
    subprocess.run(command, check=True)
    rate, samples = wavfile.read(path)
    sound = soxr.resample(samples.astype(np.float32) / 32768, rate, RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1] + 1]
    return (sound * 0.1 / np.sqrt((sound**2).mean())).astype(np.float32)


def build(path: Path, seed: int) -> None:
    """Write the bank."""
    rng = Random(seed)
    arrays = {}
    with tempfile.TemporaryDirectory() as scratch:
        for voice in VOICES:
            for i in range(SENTENCES):
                sound = speak(voice, sentence(rng), Path(scratch) / "x.wav")
                arrays[f"{voice}/{i}"] = (sound * 16384).clip(-32768, 32767).astype(np.int16)
    np.savez(path, **arrays)


def load(path: Path) -> Bank:
    bank: Bank = {voice: [] for voice in VOICES}
    with np.load(path) as arrays:
        for voice in VOICES:
            bank[voice] = [arrays[f"{voice}/{i}"] / np.float32(16384) for i in range(SENTENCES)]
    return bank


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path, help=".npz to write")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    build(options.bank, options.seed)
