"""The small trained diarizers of the fixtures, and speech whose speakers are known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from livestt.engines import Samples
from livestt.speakers import Activity, Diarizer, DiarizerJob, DiarizerSettings, Probabilities
from livestt.speakers.nemotron import NemotronDiarizer
from livestt.speakers.sortformer import SortformerDiarizer

FIXTURES = Path(__file__).parents[1] / "fixtures"
MODELS = FIXTURES / "diarizers"
FACTORIES = {"nemotron": NemotronDiarizer, "sortformer": SortformerDiarizer}


@cache
def loaded(kind: str, latency: str = "1.04") -> SortformerDiarizer:
    settings = DiarizerSettings(model=str(MODELS / kind), latency=latency, threads=1)
    return FACTORIES[kind](settings)


@cache
def _manifest() -> dict[str, dict[str, Any]]:
    lines = (FIXTURES / "speech/manifest.jsonl").read_text("utf-8").splitlines()
    return {fact["id"]: fact for fact in map(json.loads, lines)}


@cache
def speech(name: str) -> Samples:
    samples, rate = soundfile.read(FIXTURES / f"speech/{name}.flac", dtype="float32")
    assert rate == 16_000
    return np.asarray(samples, np.float32)


def turns(name: str) -> list[tuple[str, float, float]]:
    """Voice, start and end in seconds."""
    return [(s["voice"], s["start"], s["end"]) for s in _manifest()[name]["segments"]]


def conversation(*names: str, pause: float = 0.4) -> tuple[Samples, list[tuple[str, float, float]]]:
    """Sentences one after the other, and who says which when."""
    parts: list[Samples] = []
    said = []
    at = 0.0
    for name in names:
        parts += [speech(name), np.zeros(int(pause * 16_000), np.float32)]
        said += [(voice, at + start, at + end) for voice, start, end in turns(name)]
        at += (len(parts[-2]) + len(parts[-1])) / 16_000
    return np.concatenate(parts), said


def run(diarizer: Diarizer, audio: Samples, cuts: Sequence[int] = ()) -> list[Activity]:
    """One session, its audio cut at these samples."""
    stream = diarizer.open()
    edges = [0, *cuts, len(audio)]
    answers = []
    for begin, end in pairwise(edges):
        job = DiarizerJob(stream, audio[begin:end], end == len(audio) and begin == edges[-2])
        answers += diarizer.run([job])
    diarizer.release(stream)
    return answers


def joined(answers: Sequence[Activity]) -> Probabilities:
    return np.concatenate([answer.probabilities for answer in answers])


def said_by(
    probabilities: Probabilities, frame: int, said: list[tuple[str, float, float]]
) -> Iterator[tuple[str, int, float]]:
    """Of each turn: the voice, the channel most active in it, and for what share of it."""
    for voice, start, end in said:
        rows = probabilities[int(start * 16_000 / frame) : int(end * 16_000 / frame)] > 0.5
        share = rows.mean(0)
        yield voice, int(share.argmax()), float(share.max())
