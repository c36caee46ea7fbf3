"""Measure live captions: error rate and how long after a word's end it is committed.

Streams a manifest of speech with true word times at real time through a running server, several
sessions at once if asked, started at different moments::

    livestt --model-path tests/fixtures/whisper-synth &
    python scripts/measure_live.py --url ws://127.0.0.1:8000/asr

The manifest is JSON lines: ``{"id", "file", "text", "words": [[word, start_s, end_s], ...]}``.
A word's latency is the wall time at which the client first saw it committed, less the time at
which its last sample was sent. Words are matched to the reference by alignment; only words that
are right count for latency.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import jiwer
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from whisper_normalizer.basic import BasicTextNormalizer

from livestt.client import CaptionState, connect
from livestt.testing import decode_file
from livestt.timebase import SAMPLE_RATE

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures" / "speech" / "manifest.jsonl"
FRAME_SECONDS = 0.06
TAIL_SECONDS = 1.0
"""Silence after each item, so that its last words are committed live and not by the end."""
normal = BasicTextNormalizer()


@dataclass
class Outcome:
    """One item streamed once."""

    reference: str
    hypothesis: str = ""
    latencies: list[float] = field(default_factory=list)
    rewritten: int = 0
    """Times that committed text changed; must be 0."""


class Witness:
    """Notes when each committed character was first seen."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.text = ""
        self.rewritten = 0

    def look(self, state: CaptionState) -> None:
        text = state.committed_text
        if not text.startswith(self.text):
            self.rewritten += 1
        self.seen += [time.monotonic()] * (len(text) - len(self.seen))
        self.text = text


def pcm(path: Path) -> bytes:
    samples = np.clip(decode_file(path), -1, 1)
    tail = np.zeros(int(TAIL_SECONDS * SAMPLE_RATE), np.float32)
    return (np.concatenate([samples, tail]) * 32767).astype("<i2").tobytes()


async def stream(url: str, item: dict, folder: Path, mode: str, language: str) -> Outcome:
    audio = await anyio.to_thread.run_sync(pcm, folder / item["file"])
    witness = Witness()
    async with connect(url, language=language, mode=mode) as captions:
        begin = time.monotonic()

        async def send() -> None:
            step = int(FRAME_SECONDS * SAMPLE_RATE) * 2
            for i in range(0, len(audio), step):
                due = begin + (i + step) / 2 / SAMPLE_RATE
                await anyio.sleep(max(0.0, due - time.monotonic()))
                await captions.send(audio[i : i + step])
            await captions.end()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            async for state in captions:
                witness.look(state)
    return judge(item, witness, begin)


def judge(item: dict, witness: Witness, begin: float) -> Outcome:
    reference = [normal(word).strip() for word, _, _ in item["words"]]
    spoken = list(tokens(witness))
    outcome = Outcome(" ".join(reference), " ".join(word for word, _ in spoken))
    outcome.rewritten = witness.rewritten
    for a, b in matches(outcome.reference, outcome.hypothesis):
        outcome.latencies.append(spoken[b][1] - begin - item["words"][a][2])
    return outcome


def tokens(witness: Witness) -> Iterator[tuple[str, float]]:
    """Each committed word, normalised, and when its last character was seen."""
    at = 0
    for word in witness.text.split(" "):
        at += len(word)
        text = normal(word).strip()
        if text:
            yield text, witness.seen[at - 1]
        at += 1


def matches(reference: str, hypothesis: str) -> Iterator[tuple[int, int]]:
    if not reference or not hypothesis:
        return
    for chunk in jiwer.process_words(reference, hypothesis).alignments[0]:
        if chunk.type == "equal":
            yield from zip(
                range(chunk.ref_start_idx, chunk.ref_end_idx),
                range(chunk.hyp_start_idx, chunk.hyp_end_idx),
                strict=True,
            )


async def measure(args: argparse.Namespace, items: Sequence[dict]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    queue = list(items)
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("streaming at real time", total=len(items))

        async def worker(delay: float) -> None:
            await anyio.sleep(delay)
            while queue:
                item = queue.pop(0)
                outcomes.append(
                    await stream(args.url, item, args.manifest.parent, args.mode, args.language)
                )
                progress.advance(bar)

        async with anyio.create_task_group() as tasks:
            for i in range(args.sessions):
                tasks.start_soon(worker, 0.37 * i)
    return outcomes


def report(outcomes: Sequence[Outcome]) -> None:
    table = Table("words", "WER", "latency p50", "p95", "p99", "committed text rewritten")
    latencies = [x for outcome in outcomes for x in outcome.latencies]
    wer = jiwer.wer([o.reference for o in outcomes], [o.hypothesis for o in outcomes])
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    table.add_row(
        str(sum(len(o.reference.split()) for o in outcomes)),
        f"{wer:.2%}",
        f"{p50:.2f} s",
        f"{p95:.2f} s",
        f"{p99:.2f} s",
        str(sum(o.rewritten for o in outcomes)),
    )
    Console(file=sys.stdout).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="ws://127.0.0.1:8000/asr", help="a running server")
    parser.add_argument("--manifest", type=Path, default=FIXTURES, help="JSON lines, see above")
    parser.add_argument("--sessions", type=int, default=1, help="sessions at once")
    parser.add_argument("--mode", choices=("diff", "full"), default="diff")
    parser.add_argument("--language", default="en")
    args = parser.parse_args()
    items = [json.loads(line) for line in args.manifest.read_text().splitlines()]
    report(anyio.run(measure, args, items))


if __name__ == "__main__":
    main()
