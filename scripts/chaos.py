"""Does a bad network, or a server that is killed, cost a word? See docs/store.md.

python scripts/chaos.py --sessions 30 --words 2500 --disconnects 1000 --corrupt
python scripts/chaos.py --sessions 10 --words 2500 --kills 50
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import anyio
import click

from livestt.bench.bad_network import Trouble
from livestt.bench.chaos import chaos, seconds_of
from livestt.server.access.self_signed import certificate


@click.command()
@click.option("--sessions", default=4, show_default=True, help="At once.")
@click.option("--words", default=100, show_default=True, help="Said in each; four a second.")
@click.option("--speed", default=3.0, show_default=True, help="Times real time.")
@click.option("--disconnects", default=0, help="Connections to cut.")
@click.option("--chance", default=0.008, show_default=True, help="Of a cut, per piece of data.")
@click.option("--kills", default=0, help="Of the server, with SIGKILL.")
@click.option("--corrupt", is_flag=True, help="Change bytes too; all goes over TLS, which notices.")
@click.option("--seed", default=0, show_default=True)
def main(
    sessions: int,
    words: int,
    speed: float,
    disconnects: int,
    chance: float,
    kills: int,
    corrupt: bool,
    seed: int,
) -> None:
    trouble = Trouble(
        cut=chance if disconnects else 0.0,
        most_cuts=disconnects,
        delay=0.05,
        stall=0.0005,
        stall_seconds=3.0,
        corrupt=chance / 10 if corrupt else 0.0,
    )
    click.echo(f"{sessions} sessions of {seconds_of(words):.0f} s at {speed:g} times real time")
    with tempfile.TemporaryDirectory() as folder:
        pair = certificate(Path(folder), "localhost") if corrupt else None
        run = partial(
            chaos,
            Path(folder) / "transcripts.db",
            sessions=sessions,
            words=words,
            speed=speed,
            trouble=trouble,
            kills=kills,
            tls=() if pair is None else (pair.certificate, pair.key),
            seed=seed,
        )
        found = anyio.run(run)
    click.echo(
        f"said {found.words}, lost {found.lost}, doubled {found.doubled}, "
        f"garbled {found.garbled}, changed {found.changed}, "
        f"unfinished sessions {found.unfinished}\n"
        f"connections cut {trouble.cuts}, stalled {trouble.stalls}, delayed {trouble.delays}, "
        f"corrupted {trouble.corruptions}; taken up again {found.resumed}; kills {found.kills}"
    )
    for first, last in found.gaps:
        click.echo(f"lost w{first} to w{last} of a session")
    sys.exit(not found.clean)


if __name__ == "__main__":
    main()
