"""How well a converted model tells the voices apart: held-out sentences, latency by latency."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from random import Random

import numpy as np
from mixtures import FRAME, Mixture, error_rate, mix
from voices import FLITE, VOICES, load

from livestt.settings import Settings
from livestt.speakers import Diarizer, DiarizerJob
from livestt.speakers.model_card import read
from livestt.speakers.registry import load_diarizer

CHANNELS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path)
    parser.add_argument("folder", type=Path, help="a converted model")
    parser.add_argument("--mixtures", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--flite", action="store_true", help="only the voices of the test speech")
    parser.add_argument("--latency", action="append", help="repeatable; all unless given")
    options = parser.parse_args()
    voices = FLITE if options.flite else VOICES
    bank = load(options.bank)
    sys.stdout.write("people " + " ".join(f"{p:>12}" for p in (2, 3, 4)) + "\n")
    for latency in options.latency or read(options.folder).presets:
        settings = Settings(diarization_model=str(options.folder), diarization_latency=latency)
        diarizer = load_diarizer(settings, lambda _: None)
        cells = []
        for people in (2, 3, 4):
            rng = Random(1000 + people)
            rates = [
                rate(diarizer, mix(bank, rng, options.seconds, people, CHANNELS, True, voices))
                for _ in range(options.mixtures)
            ]
            cells.append(f"{np.mean(rates):.3f} ({max(rates):.2f})")
        sys.stdout.write(f"{latency:>6} " + " ".join(f"{cell:>12}" for cell in cells) + "\n")
        sys.stdout.flush()


def rate(diarizer: Diarizer, mixture: Mixture) -> float:
    can = diarizer.capabilities
    (answer,) = diarizer.run([DiarizerJob(diarizer.open(), mixture.sound, True)])
    rows = can.frame // FRAME
    return error_rate(answer.probabilities, mixture.active[rows // 2 :: rows, : can.max_speakers])


if __name__ == "__main__":
    main()
