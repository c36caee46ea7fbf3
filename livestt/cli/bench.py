"""``livestt bench``: how accurate, how fast and how many."""

from __future__ import annotations

import click

from livestt.cli import bench_engine, bench_files, bench_live, bench_overload, bench_speakers
from livestt.cli.base import Group


@click.group("bench", cls=Group)
def command() -> None:
    """Measure a server under load, an engine, or the error rates of words and speakers.

    docs/benchmarks.md defines every figure. Needs the extra: ./scripts/install bench

    \b
    livestt bench live manifest.jsonl --sessions 1,2,4,8 --plot capacity.png
    livestt bench overload manifest.jsonl --times 3 --minutes 10
    livestt bench engine --model base
    livestt bench files manifest.jsonl --model small
    livestt bench speakers meeting.wav --diarization-latency 1.04
    """


command.add_command(bench_live.command)
command.add_command(bench_overload.command)
command.add_command(bench_engine.command)
command.add_command(bench_files.command)
command.add_command(bench_speakers.command)
