#!/usr/bin/env python3
"""Measure an engine: utterance by utterance through `Engine.run`, no session, no VAD.

    python scripts/measure_engine.py --backend pocketsphinx --manifest speech/manifest.jsonl

The manifest has one JSON object per line with ``file`` (relative to the manifest) and ``text``;
``id``, ``kind``, ``language`` and ``scoring`` are optional. Rows whose ``scoring`` is there and
not ``exact`` are left out. A native engine hears each utterance in steps, a window engine at
once; a window engine skips what is longer than its window.

Printed for each kind: word and character error rate (both sides through Whisper's normaliser,
which also spells numbers alike), the share of items with words (for recordings without
speech: false alarms), RTF (seconds waited for the engine per second of audio) and the mean wait
for the last answer of an utterance. Needs the ``dev`` extra.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import soundfile
import soxr
from rich.console import Console
from rich.progress import track
from rich.table import Table
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from livestt.engines import Engine, Job, Samples, StreamOptions
from livestt.engines.registry import load_engine
from livestt.errors import LivesttError
from livestt.settings import Settings
from livestt.timebase import SAMPLE_RATE, from_ms, to_seconds

_ENGLISH: Any = EnglishTextNormalizer()
_OTHER: Any = BasicTextNormalizer()


@dataclass(frozen=True, slots=True)
class Item:
    """A recording and what is said in it."""

    id: str
    kind: str
    path: Path
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an engine made of an item."""

    item: Item
    text: str
    seconds: float
    """Length of the recording."""
    waited: float
    """Seconds in `Engine.run`, all jobs together."""
    last: float
    """Seconds in `Engine.run` for the final job."""


def read_manifest(path: Path, kinds: Sequence[str]) -> list[Item]:
    """The items that can be scored, of the kinds asked for (all if none is named)."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Item(
            str(row.get("id", row["file"])),
            row.get("kind", "all"),
            path.parent / row["file"],
            row.get("text") or "",
            row.get("language") or "en",
        )
        for row in rows
        if row.get("scoring", "exact") in ("exact", "none")
        and (not kinds or row.get("kind", "all") in kinds)
    ]


def load(path: Path) -> Samples:
    """Any file libsndfile reads, as 16 kHz mono."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    resampled = soxr.resample(audio.mean(axis=1), rate, SAMPLE_RATE)
    return np.asarray(resampled, dtype=np.float32)


def measure(engine: Engine, item: Item, step: int) -> Result | None:
    """Run one item; None if it is longer than the engine's window.

    Args:
        engine: any.
        item: what to run.
        step: samples of a native engine's jobs.
    """
    audio = load(item.path)
    native = engine.capabilities.streaming == "native"
    if not native and to_seconds(len(audio)) > engine.capabilities.max_window_seconds:
        return None
    options = StreamOptions(language=item.language)
    stream = engine.open(options)
    starts = range(0, max(1, len(audio)), step) if native else range(1)
    waits: list[float] = []
    text = ""
    for start in starts:
        part = audio[start : start + step] if native else audio
        job = Job(stream, part, start, start == starts[-1], options)
        begun = time.perf_counter()
        [answer] = engine.run([job])
        waits.append(time.perf_counter() - begun)
        text = "" if answer.rejected else "".join(word.text for word in answer.words)
    engine.release(stream)
    return Result(item, text.strip(), to_seconds(len(audio)), sum(waits), waits[-1])


def normalised(text: str, language: str) -> str:
    """A text as both sides are compared."""
    return str((_ENGLISH if language == "en" else _OTHER)(text)).strip()


def error_rates(results: Sequence[Result]) -> tuple[float, float] | None:
    """Word and character error rate over all results with a reference; None without any."""
    pairs = [
        (normalised(r.item.text, r.item.language), normalised(r.text, r.item.language))
        for r in results
    ]
    pairs = [(said, heard) for said, heard in pairs if said]
    if not pairs:
        return None
    said, heard = [p[0] for p in pairs], [p[1] for p in pairs]
    return float(jiwer.wer(said, heard)), float(jiwer.cer(said, heard))


def table(title: str, results: Iterable[Result]) -> Table:
    """A row for each kind."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.item.kind, []).append(result)
    drawn = Table("kind", "items", "minutes", "WER %", "CER %", "with words", "RTF", "last ms")
    drawn.title = title
    for kind, members in groups.items():
        rates = error_rates(members)
        shown = [f"{100 * rate:.1f}" for rate in rates] if rates else ["-", "-"]
        seconds = sum(r.seconds for r in members)
        drawn.add_row(
            kind,
            str(len(members)),
            f"{seconds / 60:.1f}",
            *shown,
            f"{sum(bool(r.text) for r in members)}/{len(members)}",
            f"{sum(r.waited for r in members) / seconds:.3f}",
            f"{1000 * sum(r.last for r in members) / len(members):.0f}",
        )
    return drawn


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--manifest", type=Path, required=True, help="JSON lines; see above")
    parser.add_argument("--kind", action="append", default=[], help="only this kind; repeatable")
    parser.add_argument("--backend", default="auto", help="a registered engine (default: auto)")
    parser.add_argument("--model", default="base", help="what the engine loads (default: base)")
    parser.add_argument("--limit", type=int, help="only so many items")
    parser.add_argument("--step-ms", type=int, default=500, help="jobs of native engines (500)")
    parser.add_argument("--show", action="store_true", help="also each item's words")
    options = parser.parse_args(arguments)
    errors = Console(stderr=True)
    try:
        items = read_manifest(options.manifest, options.kind)[: options.limit]
        engine = load_engine(Settings(backend=options.backend, model=options.model))
    except (LivesttError, OSError) as error:
        errors.print(str(error), style="red")
        return 2
    try:
        step = from_ms(options.step_ms)
        runs = [measure(engine, i, step) for i in track(items, "Measuring", console=errors)]
    finally:
        engine.close()
    results = [run for run in runs if run is not None]
    if options.show:
        for result in results:
            sys.stdout.write(f"{result.item.id}\t{result.text}\n")
    Console(width=100).print(table(f"{options.backend} {options.model}", results))
    if skipped := len(runs) - len(results):
        errors.print(f"{skipped} items longer than the window were skipped")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
