"""``livestt bench speakers``: how well, how soon and at what cost speakers are told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestt.cli.base import READ, Command, announce
from livestt.cli.measuring import json_option, require, share, write_json
from livestt.cli.options import DIARIZING_FILES, FILES, with_settings
from livestt.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from livestt.bench.speakers import Scores

LABELS = 15
"""Columns of a terminal for the names of the figures."""


@click.command("speakers", cls=Command)
@click.argument("files", nargs=-1, required=True, type=READ)
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="1 plays in real time, for the delays; 0 as fast as it goes, for the error rates.",
)
@click.option("--kind", multiple=True, help="Only recordings of this kind; repeatable.")
@click.option("--limit", type=click.IntRange(1), help="Maximum number of recordings.")
@json_option()
@with_settings(
    (*FILES, "Speakers"),
    without=DIARIZING_FILES,
    defaults={"log_level": "warning", "diarization": True},
)
def command(
    settings: Settings,
    files: tuple[Path, ...],
    speed: float,
    kind: tuple[str, ...],
    limit: int | None,
    json_file: Path | None,
) -> None:
    """Play recordings to live sessions, and compare their speakers with who really spoke.

    FILES are recordings with an RTTM file of the same name beside them, or manifests (.jsonl, one
    {"file", "rttm"} per line, "turns_file" for error rates of words). Needs the extra:
    ./scripts/install bench-speakers

    \b
    livestt bench speakers meeting.wav --speed 1
    livestt bench speakers corpus.jsonl --diarization-latency 0.32 --json all.json
    """
    require()
    from rich.console import Console

    from livestt.bench.speaker_costs import costs
    from livestt.bench.speakers import listen, scores
    from livestt.bench.talks import read_talks
    from livestt.engines.registry import load_engine
    from livestt.speakers.registry import load_diarizer
    from livestt.testing import decode_file

    talks = read_talks(files, kind)[:limit]
    engine, diarizer = load_engine(settings, announce), load_diarizer(settings, announce)
    results = [scores(talk, *listen(talk, engine, diarizer, settings, speed)) for talk in talks]
    work = costs(diarizer, decode_file(talks[0].path))
    engine.close()
    known = diarizer.capabilities
    diarizer.close()
    title = f"{known.name} {known.model}, {known.preset or settings.diarization_latency} s"
    console = Console()
    for table in tables(title, results, console.width, delays=speed == 1):
        console.print(table)
    first = work[min(work)]
    for size, cost in work.items():
        console.print(
            f"{size} sessions at once: {1000 * cost:.2f} ms of CPU per second of each, "
            f"{cost / first:.2f} of one alone"
        )
    write_json({"costs": work, "recordings": [asdict(one) for one in results]}, json_file)


def tables(
    title: str, results: Sequence[Scores], width: int, *, delays: bool = False
) -> Iterator[Table]:
    """A column for each recording, as many to a table as there is room for.

    Args:
        title: of each table.
        results: in order.
        width: of the terminal, in columns.
        delays: whether the recordings were played in real time.
    """
    from rich.box import SIMPLE
    from rich.table import Column, Table

    longest = max((len(result.id) for result in results), default=0)
    across = max(1, (width - LABELS) // (max(longest, len("100.0%")) + 3))
    for first in range(0, len(results), across):
        some = results[first : first + across]
        table = Table(Column("", no_wrap=True), title=title, box=SIMPLE, pad_edge=False)
        for result in some:
            table.add_column(result.id, justify="right")
        for name, figure in FIGURES.items():
            table.add_row(name, *(figure(result) for result in some))
        for name, delay in DELAYS.items() if delays else ():
            table.add_row(name, *(delay(result) for result in some))
        yield table


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


FIGURES: Mapping[str, Callable[[Scores], str]] = {
    "heard": lambda result: f"{result.speakers_heard}/{result.speakers}",
    "order": lambda result: "yes" if result.in_order else "no",
    "silence": lambda result: f"{result.in_silence:.1f} s",
    "DER": lambda result: share(result.der),
    "DER, 0.25 s": lambda result: share(result.der_collar),
    "JER": lambda result: share(result.jer),
    "right": lambda result: share(result.right),
    "cpWER": lambda result: share(result.cpwer),
    "tcpWER": lambda result: share(result.tcpwer),
    "changed": lambda result: share(result.label_changes),
}
DELAYS: Mapping[str, Callable[[Scores], str]] = {
    "label, p50": lambda result: _seconds(result.delay_p50),
    "label, p95": lambda result: _seconds(result.delay_p95),
}
