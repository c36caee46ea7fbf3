"""Looks for bytes that something does not take as documented.

    PYTHONPATH=tests python -m fuzz.run --minutes 10 [--keep]

Changes inputs of the corpus at random, and those that led to something new. Stops at the first
undocumented answer, with the input in a file; ``--keep`` adds small inputs with new answers to the
corpus.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
import time
from pathlib import Path

import click

from .inputs import CORPUS, corpus, mangled
from .targets import Target, decoders, fuzzed, surfaces

RARE = 10
"""Targets that start a process get one input in so many."""
KEPT = 2000
"""Bytes of an input that is worth keeping."""


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--seed", type=int, help="Of all chances.")
@click.option("--keep", is_flag=True, help="Add inputs with new answers to the corpus.")
def main(minutes: float, seed: int | None, keep: bool) -> None:
    seed = random.randrange(10**6) if seed is None else seed
    chance = random.Random(seed)
    pool = list(corpus().values())
    with fuzzed() as server:
        targets = decoders() | surfaces(server)
        seen = {(name, target(data)) for name, target in targets.items() for data in pool}
        click.echo(f"seed {seed}: {len(pool)} inputs, {len(targets)} targets, {len(seen)} answers")
        end, tried = time.monotonic() + minutes * 60, 0
        while time.monotonic() < end:
            data = mangled(chance.choice(pool), chance, pool)
            name = chance.choice(list(targets))
            if name == "ffmpeg" and chance.random() > 1 / RARE:
                continue
            tried += 1
            answer = _try(targets[name], name, data)
            if (name, answer) not in seen:
                seen.add((name, answer))
                pool.append(data)
                click.echo(f"{name}: {answer}")
                if keep and len(data) <= KEPT:
                    (CORPUS / f"{hashlib.sha1(data).hexdigest()[:12]}.bin").write_bytes(data)
            assert not server.errors.records, (name, data, server.errors.records)
    click.echo(f"{tried} inputs, {len(seen)} answers, nothing undocumented")


def _try(target: Target, name: str, data: bytes) -> str:
    try:
        return target(data)
    except Exception:
        path = Path(tempfile.gettempdir()) / "livestt-fuzz.bin"
        path.write_bytes(data)
        click.echo(f"{name} takes {path} not as documented")
        raise


if __name__ == "__main__":
    main()
