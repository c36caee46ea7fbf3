"""From one machine to a million sessions: the tables of docs/scale.md. Nothing is measured here.

python scripts/arithmetic.py
python scripts/arithmetic.py --per-server 72 --talking 1 --cell 2000
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import click

LEVELS = (100, 1_000, 10_000, 100_000, 1_000_000)
DAY = 86_400
FRAMES_UP, FRAMES_DOWN = 10, 4
"""A second: audio in pieces of 100 ms, and the states that came back in `docs/scale.md`'s run."""
FRAME = 75
"""Bytes around each: IPv4, TCP with timestamps, TLS, WebSocket."""
CPU_PER_CORE = 36
"""Measured: 72 sessions of the small test model on two cores."""
H100_10_S, H100_30_S = 287, 85
"""Arithmetic: large-v3-turbo, a step every 0.5 s, 40 % of the peak, windows of 10 and of 30 s."""
L4_30_S = 10
"""Arithmetic: likewise."""
ONCE = 2_400
"""Published by NVIDIA: a cache-aware 0.6 B transducer with chunks of 1.12 s on an H100."""
HEADROOM = 0.7
"""Share of what a machine can do that it is filled to."""


@dataclass(frozen=True)
class Load:
    """What a session asks for, and what a part of the cluster can do."""

    per_server: int
    cell: int
    talking: float
    words: float
    """Per second of talking."""
    word_bytes: int
    log_bytes: int
    """Of a word in the database, and in its write-ahead log."""
    entries: float
    """Per second and session, in the store."""
    database: int
    """Entries a second that it takes."""
    balancer: float
    """Sessions for each core."""
    pcm: int
    opus: int
    captions: int
    """Bits per second."""
    load_seconds: int
    """From the start of a server to its first session."""
    drain_seconds: int


def up(bits: int) -> float:
    return bits + 8 * FRAME * FRAMES_UP


def down(bits: int) -> float:
    return bits + 8 * FRAME * FRAMES_DOWN


def rate(bits: float) -> str:
    for unit, size in (("Tbit/s", 1e12), ("Gbit/s", 1e9)):
        if bits >= size:
            return f"{bits / size:.3g} {unit}"
    return f"{bits / 1e6:.3g} Mbit/s"


def size(amount: float) -> str:
    for unit, one in (("TB", 1e12), ("GB", 1e9)):
        if amount >= one:
            return f"{amount / one:.3g} {unit}"
    return f"{amount / 1e6:.3g} MB"


def row(name: str, *cells: object) -> str:
    return "| " + " | ".join([name, *(str(cell) for cell in cells)]) + " |"


def machines() -> list[str]:
    """How many machines, by what a machine can do."""

    def need(each: float) -> list[str]:
        return [f"{ceil(level / (each * HEADROOM)):,}" for level in LEVELS]

    return [
        row("sessions at once", *(f"{level:,}" for level in LEVELS)),
        "|---" * (len(LEVELS) + 1) + "|",
        row("cores, the small test model (measured)", *need(CPU_PER_CORE)),
        row("H100, turbo, windows of 10 s (arithmetic)", *need(H100_10_S)),
        row("H100, turbo, windows of 30 s (arithmetic)", *need(H100_30_S)),
        row("L4, turbo, windows of 30 s (arithmetic)", *need(L4_30_S)),
        row("H100, 0.6 B transducer, 1.12 s (published)", *need(ONCE)),
    ]


def traffic(load: Load) -> list[str]:
    """What goes through wires and into the database."""
    spoken, writes = load.words * load.talking, load.entries * load.talking
    per_session = {
        "audio in, PCM": lambda n: rate(n * up(load.pcm)),
        "audio in, Opus": lambda n: rate(n * up(load.opus)),
        "captions out, diffs": lambda n: rate(n * down(load.captions)),
        "balancer cores, PCM in TLS": lambda n: f"{ceil(n / load.balancer):,}",
        "words a second": lambda n: f"{n * spoken:,.0f}",
        "store writes a second": lambda n: f"{n * writes:,.0f}",
        "databases": lambda n: (
            f"{ceil(n * load.entries * load.talking / load.database / HEADROOM):,}"
        ),
        "transcripts a day": lambda n: size(n * spoken * load.word_bytes * DAY),
        "write-ahead log a day": lambda n: size(n * spoken * load.log_bytes * DAY),
    }
    return [
        row("sessions at once", *(f"{level:,}" for level in LEVELS)),
        "|---" * (len(LEVELS) + 1) + "|",
        *(row(name, *map(figure, LEVELS)) for name, figure in per_session.items()),
    ]


def failures(load: Load) -> list[str]:
    """What one thing that fails takes with it, and how long a new version takes."""
    servers = ceil(load.cell / load.per_server)
    moved = load.per_server / max(1, servers - 1)
    turn = load.drain_seconds + load.load_seconds
    cells = ceil(LEVELS[-1] / load.cell)
    tenth = max(1, servers // 10)
    return [
        row("Quantity", "Figure"),
        "|---|---|",
        row("servers per cell", servers),
        row("cells for a million sessions", cells),
        row("sessions that move when a server dies", load.per_server),
        row("of these, to each other server", f"{moved:.1f} ({moved / load.per_server:.1%})"),
        row("sessions affected when a cell's balancer or database fails",
            f"{load.cell:,} ({load.cell / LEVELS[-1]:.1%} of a million)"),
        row("upgrading a cell, server by server", f"{servers * turn / 60:.0f} min"),
        row("the same, a tenth of the servers at a time",
            f"{ceil(servers / tenth) * turn / 60:.0f} min"),
        row("upgrading all cells, a tenth of them at a time",
            f"{10 * ceil(servers / tenth) * turn / 3600:.1f} h"),
        row("capacity the other servers need meanwhile", f"{tenth / max(1, servers - tenth):.0%}"),
    ]  # fmt: skip


@click.command()
@click.option("--per-server", default=200, show_default=True, help="Sessions of a server.")
@click.option("--cell", default=1_800, show_default=True, help="Sessions of a cell.")
@click.option("--talking", default=0.6, show_default=True, help="Share of time somebody talks.")
@click.option("--words", default=2.5, show_default=True, help="A second, while somebody talks.")
@click.option("--word-bytes", default=208, show_default=True, help="Of a word in the database.")
@click.option("--log-bytes", default=877, show_default=True, help="Of a word in its log.")
@click.option("--entries", default=1.25, show_default=True, help="Store writes a second, talking.")
@click.option("--database", default=2_052, show_default=True, help="Store writes it takes.")
@click.option("--balancer", default=730.0, show_default=True, help="Sessions for each core.")
@click.option("--pcm", default=256_000, show_default=True, help="Bits a second.")
@click.option("--opus", default=28_000, show_default=True, help="Bits a second.")
@click.option("--captions", default=11_500, show_default=True, help="Bits a second.")
@click.option("--load-seconds", default=60, show_default=True, help="Until a server can serve.")
@click.option("--drain-seconds", default=5, show_default=True, help="Until one has stopped.")
def main(**values: float) -> None:
    load = Load(**values)  # type: ignore[arg-type]
    for table in (machines(), traffic(load), failures(load)):
        click.echo("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
