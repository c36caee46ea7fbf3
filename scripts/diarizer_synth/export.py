"""Convert a trained model for the tests, with presets for the memory it was trained with."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from livestt.models.convert_diarizer import convert
from livestt.speakers import model_card

FIFO, UPDATE = 40, 36
"""Of the training, in encoder frames. The published ones are five times as long."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help=".nemo file or folder in Hugging Face format")
    parser.add_argument("folder", type=Path, help="is replaced, but for its presets")
    options = parser.parse_args()
    known = options.folder / model_card.CARD
    presets = model_card.read(options.folder).presets if known.exists() else None
    shutil.rmtree(options.folder, ignore_errors=True)
    convert(options.source, options.folder, f"{options.folder.name}-synth")
    card = model_card.read(options.folder)
    shortened = {
        latency: replace(preset, fifo=FIFO, update=max(UPDATE, preset.chunk))
        for latency, preset in card.presets.items()
    }
    model_card.write(replace(card, presets=presets or shortened), options.folder)


if __name__ == "__main__":
    main()
