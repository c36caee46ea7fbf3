"""Error rates and speed on files, through the same pipeline as ``livestt transcribe``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from livestt.bench.manifest import Item, read_manifest
from livestt.bench.text import ErrorRates, error_rates
from livestt.engines import Engine
from livestt.files import transcribe_file
from livestt.settings import Settings
from livestt.timebase import to_seconds


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item."""

    item: Item
    language: str | None
    text: str
    seconds: float
    """Length of the recording."""
    took: float
    """Seconds that its transcription took."""


@dataclass(frozen=True, slots=True)
class Summary:
    """All items of one kind."""

    kind: str
    items: int
    seconds: float
    took: float
    with_words: int
    """Items for which there is any text; without speech those are false alarms."""
    errors: ErrorRates

    @property
    def speed(self) -> float:
        """Seconds of audio per second of work."""
        return self.seconds / self.took if self.took else 0.0


def items_of(paths: Sequence[Path], kinds: Sequence[str] = ()) -> list[Item]:
    """What is to be transcribed: the items of manifests (``.jsonl``), and other files as they are.

    The reference of a file is the text file of the same name beside it, if there is one.

    Raises:
        SetupError: a manifest is wrong.
    """
    items: list[Item] = []
    for path in paths:
        if path.suffix == ".jsonl":
            items += read_manifest(path, kinds)
        else:
            beside = path.with_suffix(".txt")
            text = beside.read_text("utf-8").strip() if beside.is_file() else ""
            items.append(Item(path.name, path, text))
    return items


def transcribe(
    item: Item,
    engine: Engine,
    settings: Settings,
    on_progress: Callable[[float], None] | None = None,
) -> Result:
    """Transcribe one item, in its own language if it names one.

    Raises:
        BadAudio: it cannot be decoded.
        EngineError: the engine failed.
        OSError: the file cannot be read.
    """
    if item.language in engine.capabilities.languages:
        settings = replace(settings, language=item.language)
    begun = time.perf_counter()
    transcript = transcribe_file(item.path, engine, settings, on_progress)
    took = time.perf_counter() - begun
    language = item.language or (settings.language if settings.language != "auto" else None)
    return Result(
        item,
        language or transcript.language,
        transcript.text,
        to_seconds(transcript.duration),
        took,
    )


def summed_up(results: Sequence[Result]) -> list[Summary]:
    """A summary for each kind, in the order of their first items."""
    kinds = dict.fromkeys(result.item.kind for result in results)
    return [_summary(kind, [r for r in results if r.item.kind == kind]) for kind in kinds]


def _summary(kind: str, results: Sequence[Result]) -> Summary:
    languages = {result.language for result in results if result.item.text}
    language = languages.pop() if len(languages) == 1 else None
    return Summary(
        kind,
        len(results),
        sum(result.seconds for result in results),
        sum(result.took for result in results),
        sum(bool(result.text) for result in results),
        error_rates([(result.item.text, result.text) for result in results], language),
    )
