"""``livestt bench files``: error rate and speed on recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livestt.cli.base import READ, Command, announce
from livestt.cli.measuring import json_option, require, share, write_json
from livestt.cli.options import FILES, with_settings
from livestt.cli.transcribe import LIVE_ONLY
from livestt.errors import LivesttError
from livestt.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from livestt.bench.files import Result, Summary
    from livestt.bench.manifest import Item
    from livestt.engines import Engine


@click.command("files", cls=Command)
@click.argument("files", nargs=-1, required=True, type=READ)
@click.option("--kind", multiple=True, help="Only items of this kind; repeatable.")
@click.option("--limit", type=click.IntRange(1), help="Maximum number of items.")
@click.option("--show", is_flag=True, help="Show each item's text too.")
@json_option("all figures and each item's text")
@with_settings(FILES, without=LIVE_ONLY, defaults={"log_level": "warning"})
def command(
    settings: Settings,
    files: tuple[Path, ...],
    kind: tuple[str, ...],
    limit: int | None,
    show: bool,
    json_file: Path | None,
) -> None:
    """Transcribe recordings, and measure error rates and speed.

    FILES are manifests (.jsonl, one {"file", "text"} per line; "kind" and "language" are optional)
    or recordings, each with its text beside it in a .txt of the same name.

    \b
    livestt bench files corpus/manifest.jsonl --model small --language en
    livestt bench files talk1.mp3 talk2.mp3 --backend faster-whisper
    """
    require()
    from rich.console import Console

    from livestt.bench.files import items_of, summed_up
    from livestt.engines.registry import load_engine

    items = items_of(files, kind)[:limit]
    engine = load_engine(settings, announce)
    try:
        results, failed = _transcribe_all(items, engine, settings)
    finally:
        engine.close()
    summaries = summed_up(results)
    if show:
        for result in results:
            click.echo(f"{result.item.id}\t{result.text}")
    capabilities = engine.capabilities
    Console().print(_table(f"{capabilities.name} {capabilities.model}", summaries))
    write_json(_figures(summaries, results), json_file)
    if failed:
        click.get_current_context().exit(1)


def _transcribe_all(
    items: Sequence[Item], engine: Engine, settings: Settings
) -> tuple[list[Result], int]:
    """What became of each item, and how many could not be transcribed."""
    from rich.console import Console
    from rich.progress import Progress

    from livestt.bench.files import transcribe

    results: list[Result] = []
    with Progress(console=Console(stderr=True)) as progress:
        for item in progress.track(items, description="Transcribing"):
            try:
                results.append(transcribe(item, engine, settings))
            except (LivesttError, OSError) as error:
                progress.console.print(f"{item.id}: {error}", style="red", markup=False)
    return results, len(items) - len(results)


def _table(title: str, summaries: Sequence[Summary]) -> Table:
    from rich.table import Table

    headings = ("kind", "items", "minutes", "words", "WER", "CER", "with words", "speed")
    drawn = Table(*headings, title=title)
    for column in drawn.columns[1:]:
        column.justify = "right"
    for summary in summaries:
        drawn.add_row(
            summary.kind,
            str(summary.items),
            f"{summary.seconds / 60:.1f}",
            str(summary.errors.words),
            share(summary.errors.wer),
            share(summary.errors.cer),
            f"{summary.with_words}/{summary.items}",
            f"{summary.speed:.1f}x",
        )
    return drawn


def _figures(summaries: Sequence[Summary], results: Sequence[Result]) -> dict[str, Any]:
    items = [
        {
            "id": r.item.id,
            "said": r.item.text,
            "heard": r.text,
            "seconds": r.seconds,
            "took": r.took,
        }
        for r in results
    ]
    return {"kinds": [asdict(summary) for summary in summaries], "items": items}
