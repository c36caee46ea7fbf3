"""Speak sentences in many synthetic voices: what the small speaker model learns voices from."""

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
SENTENCES = 16
FLITE = ("slt", "rms", "awb", "kal16")
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-029")
Bank = dict[str, list[np.ndarray]]
"""Sentences by voice, float32 at 16 kHz."""


def variants() -> list[str]:
    """The variants that espeak-ng has, without those that are not a person's voice."""
    listed = subprocess.run(
        ["espeak-ng", "--voices=variant"], capture_output=True, text=True, check=True
    )
    names = [line.split()[4].removeprefix("!v/") for line in listed.stdout.splitlines()[1:]
             if len(line.split()) == 5]  # fmt: skip
    odd = ("whisper", "croak", "klatt", "robosoft", "demonic", "announcer", "storm", "zac")
    return sorted(name for name in names if not name.lower().startswith(odd))


def spoken(command: list[str], path: Path) -> np.ndarray:
    """What a command says, without the silence around it."""
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    rate, samples = wavfile.read(path)
    sound = soxr.resample(samples.astype(np.float32) / 32768, rate, RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1] + 1]
    return (sound * 0.1 / np.sqrt((sound**2).mean())).astype(np.float32)


def build(path: Path, seed: int, voices: int) -> None:
    """Write the bank: flite's voices, and so many of espeak-ng's."""
    rng = Random(seed)
    arrays = {}
    chosen = rng.sample(variants(), voices)
    with tempfile.TemporaryDirectory() as scratch:
        wav = Path(scratch) / "x.wav"
        speakers = {name: ["flite", "-voice", name, "-o", str(wav), "-t"] for name in FLITE}
        for i, variant in enumerate(chosen):
            pace, pitch = rng.randint(140, 190), rng.randint(20, 75)
            speakers[variant] = [
                *("espeak-ng", "-v", f"{ACCENTS[i % len(ACCENTS)]}+{variant}"),
                *("-s", str(pace), "-p", str(pitch), "-w", str(wav)),
            ]
        for name, command in speakers.items():
            for i in range(SENTENCES):
                sound = spoken([*command, sentence(rng)], wav)
                arrays[f"{name}/{i}"] = (sound * 16384).clip(-32768, 32767).astype(np.int16)
    np.savez(path, **arrays)


def load(path: Path) -> Bank:
    bank: Bank = {}
    with np.load(path) as arrays:
        for key in arrays.files:
            bank.setdefault(key.rpartition("/")[0], []).append(arrays[key] / np.float32(16384))
    return bank


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path, help=".npz to write")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--voices", type=int, default=60, help="of espeak-ng")
    options = parser.parse_args()
    build(options.bank, options.seed, options.voices)
