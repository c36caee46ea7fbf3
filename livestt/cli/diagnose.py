"""``livestt diagnose``: why captions of this file are late, wrong or missing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestt.cli.base import READ, Command, announce
from livestt.cli.measuring import json_option, write_json
from livestt.cli.options import FILES, with_settings
from livestt.settings import Settings

if TYPE_CHECKING:
    from livestt.bench.diagnosis import Probes
    from livestt.engines import Engine

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
LINES = 20
"""Of the timeline, at most."""


@click.command("diagnose", cls=Command)
@click.argument("file", type=READ)
@click.option(
    "--speed",
    type=click.FloatRange(0.0),
    default=1.0,
    show_default=True,
    help="1 is real time, 4 is four times as fast, 0 as fast as it goes.",
)
@json_option("everything that was noted")
@with_settings(FILES, defaults={"log_level": "warning"})
def command(settings: Settings, file: Path, speed: float, json_file: Path | None) -> None:
    """Send one file through the whole pipeline and say what is wrong, stage by stage.

    Prints a timeline of decoding, speech, jobs, words and lag, then a verdict with advice for each
    stage. The exit status is 1 if any stage failed.

    \b
    livestt diagnose meeting.mp3
    livestt diagnose meeting.mp3 --model large-v3 --language de
    livestt diagnose long.wav --speed 4
    """
    from livestt.bench.diagnosis import verdicts
    from livestt.engines.registry import load_engine

    engine = load_engine(settings, announce)
    try:
        probes = _probe(file, engine, settings, speed)
    finally:
        engine.close()
    _show_timeline(probes)
    found = verdicts(probes)
    for verdict in found:
        mark = click.style(f"{verdict.level:<4}", fg=COLOURS[verdict.level])
        click.echo(f"{mark}  {verdict.subject}: {verdict.says}")
        if verdict.advice:
            click.echo(f"      -> {verdict.advice}")
    verdicts_found = [asdict(verdict) for verdict in found]
    write_json({**asdict(probes), "verdicts": verdicts_found}, json_file)
    if any(verdict.level == "fail" for verdict in found):
        click.get_current_context().exit(1)


def _probe(file: Path, engine: Engine, settings: Settings, speed: float) -> Probes:
    import anyio
    from rich.console import Console
    from rich.progress import Progress

    from livestt.bench.probing import Probe

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(file.name, total=None)

        def on_time(seconds: float) -> None:
            progress.update(task, completed=seconds)

        probe = Probe(file, engine, settings, speed, on_time)
        progress.update(task, total=probe.probes.sound.seconds)
        return anyio.run(probe.run)


def _show_timeline(probes: Probes) -> None:
    from rich.console import Console
    from rich.table import Table

    from livestt.bench.timeline import timeline

    headings = ("time", "decoded", "speech", "jobs", "waited", "took", "window", "words", "lag")
    drawn = Table(*headings, title=f"{probes.model} at {probes.speed:g}x")
    for column in drawn.columns:
        column.justify = "right"
    for part in timeline(probes, min(LINES, max(1, round(probes.took)))):
        jobs = (
            f"{1000 * part.waited:.0f} ms",
            f"{1000 * part.took:.0f} ms",
            f"{part.window:.1f} s",
        )
        drawn.add_row(
            f"{part.end:.1f} s",
            f"{part.decoded:.1f} s",
            f"{part.speech:.0%}",
            str(part.jobs),
            *(jobs if part.jobs else ("", "", "")),
            str(part.words),
            f"{part.lag:.1f} s",
        )
    Console().print(drawn)
