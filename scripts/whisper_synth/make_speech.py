"""Speak sentences with flite: a corpus to train on, or the speech and noise of the tests."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import grammar
import recordings
from corpus import build_corpus
from noise import build_noise

FIXTURES = Path(__file__).parents[2] / "tests" / "fixtures"


def held_out_sentences() -> set[str]:
    """What the tests say, but for the stock phrases, which every model has to know."""
    lines = (FIXTURES / "speech" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    spoken = {segment["text"] for line in lines for segment in json.loads(line)["segments"]}
    return spoken - set(grammar.STOCK)


def make_corpus(options: argparse.Namespace) -> None:
    build_corpus(options.stem, options.sentences, options.seed, held_out_sentences())


def make_fixtures(options: argparse.Namespace) -> None:
    for name in ("speech", "noise"):
        (options.folder / name).mkdir(parents=True, exist_ok=True)
    recordings.build_speech(options.folder / "speech", options.seed)
    build_noise(options.folder / "noise")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("corpus", help="write STEM.npy and STEM.jsonl to train on")
    command.add_argument("stem", type=Path)
    command.add_argument("--sentences", type=int, default=12_000)
    command.add_argument("--seed", type=int, default=1)
    command.set_defaults(run=make_corpus)

    command = commands.add_parser("fixtures", help="write FOLDER/speech and FOLDER/noise")
    command.add_argument("folder", type=Path)
    command.add_argument("--seed", type=int, default=recordings.SEED)
    command.set_defaults(run=make_fixtures)

    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
