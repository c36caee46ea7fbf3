"""Does a server grow while sessions of every kind come and go? See docs/operations.md.

python scripts/soak.py --minutes 120 -- --model-path tests/fixtures/whisper-synth --language en

What stands after ``--`` are options of ``livestt serve``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

import anyio
import click
import numpy as np

from livestt.bench.guests import GUESTS, Visit
from livestt.bench.leaks import Look, trends
from livestt.bench.manifest import read_manifest
from livestt.bench.soak import Schedule, soak
from livestt.testing import decode_file

MANIFEST = Path(__file__).parents[1] / "tests/fixtures/speech/manifest.jsonl"
OWN = ["--language", "en", "--max-sessions", "64", "--resume-seconds", "5", "--log-level", "error"]
MOST = 1e6
"""Bytes an hour that memory may grow."""


@click.command()
@click.option("--minutes", default=120.0, show_default=True)
@click.option("--rate", default=1.0, show_default=True, help="Guests a second.")
@click.option("--most", default=24, show_default=True, help="Guests at once.")
@click.option("--speed", default=4.0, show_default=True, help="Times real time at which they talk.")
@click.option("--cycle", default=120.0, show_default=True, help="Seconds between two looks.")
@click.option("--seed", default=0, show_default=True)
@click.option("--only", multiple=True, type=click.Choice([guest.__name__ for guest in GUESTS]),
              help="Only guests of this kind; repeatable.")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("options", nargs=-1)
def main(
    minutes: float,
    rate: float,
    most: int,
    speed: float,
    cycle: float,
    seed: int,
    only: tuple[str, ...],
    json_file: Path | None,
    options: tuple[str, ...],
) -> None:
    items = read_manifest(MANIFEST, ())
    sound = np.concatenate([decode_file(item.path) for item in items])
    pcm = (sound * 32767).astype("<i2").tobytes()
    files = [Path(item.path).read_bytes() for item in items]
    who = {guest: n for guest, n in GUESTS.items() if not only or guest.__name__ in only}
    schedule = Schedule(minutes * 60, cycle, rate, most, who)
    with tempfile.TemporaryDirectory() as folder:
        store = [] if "--no-store" in options else ["--store", f"{folder}/transcripts.db"]
        run = partial(soak, [*OWN, *store, *options], pcm, files, schedule, tell)
        found, visit = anyio.run(partial(run, speed=speed, seed=seed))
    click.echo(f"guests {visit.done.total()}, audio of the live ones {visit.seconds / 3600:.2f} h, "
               f"stopped for {found.paused:.0f} s")  # fmt: skip
    click.echo(", ".join(f"{name} {n}" for name, n in visit.done.most_common()))
    for reason, n in visit.failed.most_common():
        click.echo(f"failed {n} times: {reason}")
    trend = trends(found.looks)
    for name, it in trend.items():
        unit = 1e6 if name in ("rss", "held") else 1
        click.echo(f"{name:<8} {it.first / unit:8.1f} {it.last / unit:8.1f} "
                   f"{it.per_hour / unit:+9.2f} an hour")  # fmt: skip
    if json_file is not None:
        told = {"looks": [asdict(look) for look in found.looks], "done": visit.done,
                "failed": visit.failed, "audio": visit.seconds, "paused": found.paused}  # fmt: skip
        json_file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    sys.exit(bool(found.stayed) or trend["rss"].per_hour > MOST)


def tell(look: Look, visit: Visit) -> None:
    click.echo(
        f"{look.seconds:6.0f} s {look.rss / 1e6:7.1f} MB ({look.held / 1e6:.1f} held) "
        f"{look.tasks} tasks {look.threads} threads {look.files} files {look.sockets} sockets; "
        f"{visit.done.total()} guests, {visit.failed.total()} failed"
    )


if __name__ == "__main__":
    main()
