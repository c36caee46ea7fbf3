"""The card of a converted diarizer: ``diarizer.json`` beside its ONNX graphs.

``pre.onnx`` maps features ``x`` float32 ``[sessions, frames, mels]`` with lengths ``n`` int64
``[sessions]`` to embeddings ``emb`` float32 ``[sessions, frames / subsampling, size]``.
``head.onnx`` maps ``emb`` and ``n`` (of embeddings) to probabilities ``p`` float32 ``[sessions,
n * upsampling, speakers]``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livestt.errors import BadModel, UnsupportedOption
from livestt.speakers.sortformer_state import CachePolicy

CARD = "diarizer.json"
PRE = "pre.onnx"
HEAD = "head.onnx"
FORMAT = 1
"""Raised when older folders can no longer be read."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One trade of latency for accuracy. In encoder frames of 80 ms."""

    chunk: int
    """New frames per step."""
    right: int
    """Frames after the chunk that the model looks at."""
    fifo: int
    update: int


SORTFORMER: Mapping[str, Preset] = {
    "0.32": Preset(chunk=3, right=1, fifo=188, update=144),
    "0.64": Preset(chunk=6, right=2, fifo=188, update=144),
    "1.04": Preset(chunk=6, right=7, fifo=188, update=144),
    "10": Preset(chunk=124, right=1, fifo=124, update=124),
    "30.4": Preset(chunk=340, right=40, fifo=40, update=300),
}
"""As published for NeMo's checkpoints, but 0.64, which takes Nemotron's chunk."""

NEMOTRON: Mapping[str, Preset] = {
    "0.32": Preset(chunk=3, right=1, fifo=264, update=222),
    "0.64": Preset(chunk=6, right=2, fifo=264, update=222),
    "1.04": Preset(chunk=9, right=4, fifo=264, update=222),
    "10": Preset(chunk=124, right=1, fifo=124, update=124),
    "30.4": Preset(chunk=340, right=40, fifo=40, update=300),
}
"""As published for Nemotron-3, but 10, which takes Sortformer's chunk; 30.4 is its offline mode."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The facts about a converted model."""

    kind: str
    """The diarizer it is for: ``sortformer`` or ``nemotron``."""
    name: str
    speakers: int
    mels: int
    size: int
    """Of an embedding."""
    subsampling: int
    """Feature frames per embedding."""
    upsampling: int
    """Rows of probabilities per embedding."""
    left: int
    """Frames before a chunk that the model looks at again."""
    cache: int
    scoring: dict[str, float]
    """Fields of `CachePolicy` in which the model differs from the defaults."""
    silence: list[float] | None
    """Learned embedding of silence, or None: then it is the mean of silent frames."""
    presets: dict[str, Preset]
    longest: int | None = None
    """Most embeddings that ``head.onnx`` takes at once, or None if it takes any number."""

    def preset(self, latency: str) -> Preset:
        """How it runs at a latency.

        Raises:
            UnsupportedOption: there is no such preset; the message lists them.
        """
        if latency not in self.presets:
            raise UnsupportedOption(
                f"{self.name} has no latency {latency}, only {', '.join(self.presets)}: choose one "
                "with --diarization-latency, for files with --diarization-file-latency."
            )
        return self.presets[latency]

    def policy(self, preset: Preset) -> CachePolicy:
        scoring: dict[str, Any] = dict(self.scoring)
        return CachePolicy(
            speakers=self.speakers,
            cache=self.cache,
            fifo=preset.fifo,
            update=preset.update,
            **scoring,
        )


def read(folder: Path) -> ModelCard:
    """Read the card of a converted model.

    Raises:
        BadModel: there is none, or it is not one.
    """
    path = folder / CARD
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        form = facts.pop("format")
        presets = {name: Preset(**numbers) for name, numbers in facts.pop("presets").items()}
        card = ModelCard(presets=presets, **facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadModel(
            f"{path} does not describe a converted diarizer ({error}). Write it with: livestt "
            f"convert SRC {folder}"
        ) from error
    if form != FORMAT:
        raise BadModel(f"{folder} is of format {form}, not {FORMAT}: convert the model again.")
    for latency, preset in card.presets.items():
        seen = card.cache + preset.fifo + card.left + preset.chunk + preset.right
        if card.longest is not None and seen > card.longest:
            raise BadModel(
                f"{path}: preset {latency} shows the model up to {seen} frames, cache and queue "
                f"included. It takes at most {card.longest}."
            )
    missing = [name for name in (PRE, HEAD) if not (folder / name).is_file()]
    if missing:
        raise BadModel(f"{folder} is not a usable diarizer; it lacks: {', '.join(missing)}.")
    return card


def write(card: ModelCard, folder: Path) -> None:
    facts = {"format": FORMAT, **asdict(card)}
    (folder / CARD).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
