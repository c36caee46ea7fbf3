"""``livestt bench engine``: what an engine costs on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livestt.cli.base import READ, Command, announce
from livestt.cli.measuring import json_option, write_json
from livestt.cli.options import MODEL, with_settings
from livestt.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from livestt.bench.engine import EngineReport, Row
    from livestt.bench.full_load import Carried
    from livestt.engines import Engine, Samples


@click.command("engine", cls=Command)
@click.option(
    "--audio",
    type=READ,
    help="Speech to measure with; without it, noise like speech.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Measurements per figure; the best counts.",
)
@click.option(
    "--tokens",
    type=click.FloatRange(0, min_open=True),
    help="Maximum number of tokens per second of audio. Speech has about 3.5; a model with random "
    "weights writes as many as it is allowed.",
)
@click.option(
    "--full-load",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Then run sessions for this long with the engine never idle, in turns with sessions on "
    "30 s windows without batches.",
)
@json_option()
@with_settings(
    MODEL, names=("log_level", "min_chunk_size", "window"), defaults={"log_level": "warning"}
)
def command(
    settings: Settings,
    audio: Path | None,
    repeats: int,
    tokens: float | None,
    full_load: float | None,
    json_file: Path | None,
) -> None:
    """Measure an engine, and estimate how many live sessions this machine can run with it.

    Times the steps of live sessions: alone and in batches, by window and by committed words. The
    estimate is for people who talk all the time; `livestt bench live --find-max` measures it.

    \b
    livestt bench engine --model base --audio talk.wav
    livestt bench engine --model large-v3-turbo --device cuda --json turbo.json
    livestt bench engine --model base --tokens 3.5 --full-load 20
    """
    from livestt.bench.engine import measure_engine, speech_like, writing
    from livestt.bench.manifest import read_recording
    from livestt.engines.registry import load_engine

    sound = read_recording(audio) if audio is not None else speech_like(30)
    engine = load_engine(settings, announce)
    try:
        if full_load and engine.capabilities.streaming != "window":
            name = engine.capabilities.name
            raise click.UsageError(f"--full-load compares windows, and {name} has none.")
        with writing(tokens):
            report = measure_engine(
                engine, sound, settings.min_chunk_size, repeats, lambda part: announce(f"  {part}")
            )
            carried = _carried(engine, settings, sound, full_load) if full_load else None
    finally:
        engine.close()
    _show(report)
    if carried is not None:
        _compare(*carried)
    write_json(_figures(report, carried), json_file)


def _figures(report: EngineReport, carried: tuple[Carried, Carried] | None) -> dict[str, Any]:
    sessions = {f"step_{step:g}": report.capacity(step) for step in _steps(report)}
    figures = {**asdict(report), "job": asdict(report.job), "sessions": sessions}
    if carried is not None:
        names = ("full_load", "full_load_30_s_alone")
        figures |= {name: asdict(one) for name, one in zip(names, carried, strict=True)}
    return figures


def _steps(report: EngineReport) -> tuple[float, float]:
    """What the settings ask for, and what it grows to when sessions are many."""
    return report.step, 2 * report.step


def _carried(
    engine: Engine, settings: Settings, sound: Samples, seconds: float
) -> tuple[Carried, Carried]:
    """At full load, as configured and on 30 s windows without batches. In turns, as what else runs
    on the machine comes and goes; the better of two counts."""
    from livestt.bench.engine import unguarded
    from livestt.bench.full_load import carried
    from livestt.engines.registry import load_engine

    usual = load_engine(replace(settings, window="full30"), announce)
    usual.capabilities = replace(usual.capabilities, max_batch=1)
    try:
        turns = []
        with unguarded():
            for turn in (1, 2):
                announce(f"  full load, {turn} of 2")
                turns.append(
                    [carried(e, sound, settings.min_chunk_size, seconds) for e in (engine, usual)]
                )
    finally:
        usual.close()
    ours, theirs = (max(pair, key=lambda one: one.sessions) for pair in zip(*turns, strict=True))
    return ours, theirs


def _compare(ours: Carried, usual: Carried) -> None:
    click.echo(
        f"Never idle, it carries {ours.sessions:.1f} sessions ({1000 * ours.cpu:.0f} ms of CPU per "
        f"second of audio, {ours.batch:.1f} jobs in a batch); on 30 s windows without batches "
        f"{usual.sessions:.1f} ({1000 * usual.cpu:.0f} ms). That is "
        f"{ours.sessions / usual.sessions:.1f} times as many."
    )


def _show(report: EngineReport) -> None:
    from rich.console import Console

    console = Console()
    for table in _tables(report):
        console.print(table)
    usual, long = _steps(report)
    click.echo(
        f"{report.rtf:.3f} s of work per second of speech. A live step costs "
        f"{1000 * report.job.wall:.0f} ms "
        f"({1000 * report.job.cpu:.0f} ms of CPU) in the best batch."
    )
    click.echo(
        f"About {report.capacity(usual)} live sessions of {report.model} here with a step every "
        f"{usual:g} s, {report.capacity(long)} with one every {long:g} s."
    )
    if not report.job.words:
        click.echo(
            "The model recognised no words, so decoding words is not in these figures: use --audio."
        )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > report.cores / 2:
        click.echo(f"The machine was busy (load {load:.1f}): compare ratios, not milliseconds.")


def _tables(report: EngineReport) -> Iterator[Table]:
    name = f"{report.name} {report.model} on {report.device}"
    yield _table(f"{name}: live steps in one batch", "jobs", report.batches, each=True)
    if report.windows:
        yield _table("an utterance at once", "window, s", report.windows)
        yield _table("a live step after committed words", "words", report.prefixes)


def _table(title: str, size: str, rows: tuple[Row, ...], *, each: bool = False) -> Table:
    from rich.table import Table

    first = rows[0].cost.cpu or 1e-9
    drawn = Table(size, "ms", "CPU ms", "words", "CPU per job" if each else "CPU", title=title)
    for column in drawn.columns:
        column.justify = "right"
    for row in rows:
        share = row.cost.cpu / first / (row.size if each else 1)
        drawn.add_row(
            f"{row.size:g}",
            f"{1000 * row.cost.wall:.1f}",
            f"{1000 * row.cost.cpu:.1f}",
            str(row.cost.words),
            f"{share:.2f}x",
        )
    return drawn
