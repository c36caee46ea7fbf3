#!/usr/bin/env python3
"""Compare engines: where each thinks the words are, and how soon its words can be committed.

    python scripts/measure_attention.py faster-whisper=tests/fixtures/whisper-synth \\
        transformers=./whisper-synth-hf mlx-whisper=./whisper-synth-hf

The manifest has one JSON object per line with ``file``, ``text`` and ``words`` as ``[word, start,
end]`` in seconds; items over 10 s are streams. Sentences are heard whole, for word times: those of
texts without an error. Streams go through a session, in steps of half a second by default, for
error rate and latency. Latency is audio time: what had been received when a word was committed,
less the word's end; it does not know how fast the machine is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from rich.console import Console
from rich.table import Table

from livestt.audio import open_decoder
from livestt.audio.format import AudioFormat
from livestt.audio.frontend import Frontend
from livestt.engines import Engine, Job
from livestt.engines.registry import load_engine
from livestt.errors import LivesttError
from livestt.events import Committed, Word
from livestt.pipeline import Pipeline
from livestt.session import Session
from livestt.settings import Settings
from livestt.testing import decode_file
from livestt.timebase import SAMPLE_RATE, from_ms, to_seconds
from livestt.writing import folded

MANIFEST = Path(__file__).parents[1] / "tests" / "fixtures" / "speech" / "manifest.jsonl"
STREAM_SECONDS = 10
Row = dict[str, Any]
FEED = from_ms(100)


def answer(session: Session, engine: Engine) -> None:
    """Ask the engine on the spot until the session has no more questions."""
    while job := session.next_job():
        session.receive_hypothesis(job, engine.run([job])[0])


@dataclass
class Figures:
    """Seconds, for every word of every item."""

    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    centres: list[float] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)
    """How far from its word a token was looked for."""
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


def hear_whole(engine: Engine, settings: Settings, row: Row, path: Path, out: Figures) -> None:
    """A sentence in one job: word times."""
    audio = decode_file(path)
    options = settings.stream_options()
    stream = engine.open(options)
    [told] = engine.run([Job(stream, audio, 0, True, options)])
    engine.release(stream)
    true = [(folded(word), begin, end) for word, begin, end in row["words"]]
    if [folded(word.text) for word in told.words] != [word for word, _, _ in true]:
        return
    looked = told.attended or [0] * len(true)
    for word, at, (_, begin, end) in zip(told.words, looked, true, strict=True):
        start, stop = to_seconds(word.start), to_seconds(word.end)
        out.starts.append(abs(start - begin))
        out.ends.append(abs(stop - end))
        out.centres.append(abs((start + stop - begin - end) / 2))
        out.outside.append(max(0.0, begin - to_seconds(at), to_seconds(at) - end))


def hear_stream(engine: Engine, settings: Settings, row: Row, path: Path, out: Figures) -> None:
    """A stream through a session: error rate and latency."""
    audio = decode_file(path)
    pipeline = Pipeline(settings, engine.capabilities)
    options = settings.stream_options()
    stream = engine.open(options)
    session = pipeline.open_session(stream, options)
    frontend = Frontend(open_decoder(AudioFormat("f32le", SAMPLE_RATE, 1)), pipeline.open_vad())
    committed: list[tuple[Word, float]] = []

    def work() -> None:
        answer(session, engine)
        for event in session.take_events():
            if isinstance(event, Committed):
                committed.extend((word, to_seconds(session.received)) for word in event.words)

    for i in range(0, len(audio), FEED):
        heard = frontend.feed(audio[i : i + FEED].astype("<f4").tobytes())
        session.receive_audio(heard.samples, heard.probabilities)
        work()
    session.receive_end()
    work()
    engine.release(stream)
    compare(row, committed, out)


def compare(row: Row, committed: Sequence[tuple[Word, float]], out: Figures) -> None:
    said = [folded(word) for word, _, _ in row["words"]]
    heard = [folded(word.text) or "-" for word, _ in committed]
    out.said.append(" ".join(said))
    out.heard.append(" ".join(heard))
    for chunk in jiwer.process_words(out.said[-1], out.heard[-1]).alignments[0]:
        if chunk.type == "equal":
            for a, b in zip(
                range(chunk.ref_start_idx, chunk.ref_end_idx),
                range(chunk.hyp_start_idx, chunk.hyp_end_idx),
                strict=True,
            ):
                out.latencies.append(committed[b][1] - row["words"][a][2])


def shown(name: str, figures: Figures) -> list[str]:
    def at(values: Sequence[float], percent: int) -> str:
        return f"{np.percentile(values, percent):.2f}" if values else "-"

    missed = 100 * np.mean(np.array(figures.outside) > 0.1) if figures.outside else 0.0
    return [
        name,
        *(f"{at(v, 50)} / {at(v, 95)}" for v in (figures.starts, figures.ends, figures.centres)),
        f"{missed:.1f}",
        f"{100 * jiwer.wer(figures.said, figures.heard):.2f}" if figures.said else "-",
        f"{at(figures.latencies, 50)} / {at(figures.latencies, 95)}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("engines", nargs="+", help="BACKEND=MODEL[,POLICY]")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="JSON lines; see above")
    parser.add_argument("--language", default="en")
    parser.add_argument("--min-chunk-size", type=float, default=0.5, help="seconds (0.5)")
    options = parser.parse_args(arguments)
    rows = [json.loads(line) for line in options.manifest.read_text("utf-8").splitlines()]
    table = Table("engine", "word start", "end", "centre", "off > 0.1 s %", "WER %", "latency")
    for asked in options.engines:
        backend, _, rest = asked.partition("=")
        model, _, policy = rest.partition(",")
        figures = Figures()
        try:
            settings = Settings(
                backend=backend,
                model_path=model,
                language=options.language,
                min_chunk_size=options.min_chunk_size,
                backend_policy=policy or "auto",  # type: ignore[arg-type]
                device="cpu",
            )
            engine = load_engine(settings, lambda sentence: None)
        except LivesttError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        for row in rows:
            hear = hear_stream if row["seconds"] > STREAM_SECONDS else hear_whole
            hear(engine, settings, row, options.manifest.parent / row["file"], figures)
        engine.close()
        table.add_row(*shown(f"{backend} {policy}".strip(), figures))
    Console(width=110).print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
