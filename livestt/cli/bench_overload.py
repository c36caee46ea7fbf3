"""``livestt bench overload``: more people than a running server has room for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livestt.cli.base import Command, in_one_line
from livestt.cli.measuring import require, write_json
from livestt.cli.running_server import load_options, plan_of, watched
from livestt.errors import SetupError

if TYPE_CHECKING:
    from livestt.bench.overload import Outcome


@click.command("overload", cls=Command)
@click.option("--minutes", type=float, default=10.0, show_default=True, help="Length of the run.")
@click.option(
    "--times", type=float, default=3.0, show_default=True,
    help="How many times as many people as the server admits."
)  # fmt: skip
@click.option(
    "--capacity", type=click.IntRange(1),
    help="Sessions that the server admits; by default its --max-sessions."
)  # fmt: skip
@load_options(
    server="A running livestt.",
    limit="Limit for the p95 latency of committed words in admitted sessions.",
    ramp="Everybody connects within this time.",
)
def command(
    manifest: Path,
    url: str,
    minutes: float,
    times: float,
    capacity: int | None,
    limit_p95: float,
    server_pid: int | None,
    json_file: Path | None,
    **plan: Any,
) -> None:
    """Ask a running server for more sessions than it admits, and measure how it copes.

    People come all at once. Those admitted talk for a while; those refused return after the time
    they are told, one in ten after a second. MANIFEST is as for `bench live`. The exit status is 1
    if admitted sessions were late or failed, a refusal was unclear, or the server did not recover.

    \b
    livestt bench overload talks.jsonl --times 3 --minutes 10
    """
    require()
    import anyio

    from livestt.bench.counters import samples
    from livestt.bench.overload import Besieger, Siege

    figures = samples(url)
    if figures is None:
        raise SetupError(f"{url}: its /metrics cannot be read; is it a livestt, and without keys?")
    wanted = plan_of(manifest, url, {**FIXED, **plan})
    room = capacity or int(figures["livestt_sessions_limit"])
    siege = Siege(wanted, room, times, minutes * 60)
    besieger = Besieger(siege, watched(url, server_pid))

    def tell(text: str) -> None:
        click.echo(text, err=True)

    outcome = in_one_line(lambda: anyio.run(besieger.run, tell))
    for name, text in rows(outcome):
        click.echo(f"{name:<34}{text}")
    write_json(asdict(outcome), json_file)
    faults = outcome.faults(limit_p95)
    for fault in faults:
        click.echo(fault)
    if outcome.late:
        click.echo(f"This client sent {outcome.loaded.late:.2f} s late (p99), so the latencies are "
                   "partly its own.")  # fmt: skip
    click.get_current_context().exit(1 if faults else 0)


FIXED = {"mode": "diff", "encoding": "s16le", "patience": 60.0, "frame_ms": 60, "processes": 1}
"""What `bench live` lets people choose."""


def rows(found: Outcome) -> list[tuple[str, str]]:
    """The report, a line each."""
    from livestt.bench.report import share, span, three

    loaded = found.loaded
    lines = [
        ("people, room", f"{found.people} {found.capacity}"),
        ("sessions admitted, failed", f"{loaded.sessions} {loaded.failed}"),
        ("audio, s", f"{loaded.audio:.0f}"),
        ("WER alone, loaded, after", " ".join(
            share(run.errors.wer) for run in (found.alone, loaded, found.after))),
        ("word committed alone, s ¹", three(found.alone.committed)),
        ("word committed loaded, s ¹", three(loaded.committed)),
        ("p95 committed minute by minute", " ".join(
            "-" if late is None else f"{late:.2f}" for late in found.course)),
        ("word shown loaded, s ¹", three(loaded.shown)),
        ("sessions' p95 committed, s ²", span(loaded.fairness)),
        ("word committed after, s ¹", three(found.after.committed)),
        ("refused, unclear, unanswered", f"{found.refused} {found.unclear} {found.unanswered}"),
        ("refused after, s ¹", three(found.answer)),
        ("rung of the ladder: time", ", ".join(
            f"{level}: {part:.1%}" for level, part in found.levels.items()) or "-"),
        ("recovered after, s", "-" if found.recovery is None else f"{found.recovery:.1f}"),
        ("client CPU s per audio s", f"{loaded.client_cpu:.4f}"),
        ("client late, s (p99)", f"{loaded.late:.3f}"),
    ]  # fmt: skip
    if found.memory is not None and found.growth is not None:
        before, warm, end = (f"{rss / 1e6:.0f}" for rss in found.memory)
        lines.append(("server MB before, warm, at the end", f"{before} {warm} {end}"))
        lines.append(("server MB per minute, once warm", f"{found.growth / 1e6:+.2f}"))
    if loaded.server is not None and loaded.server.seconds:
        lines.append(("server cores busy", f"{loaded.server.cpu / loaded.server.seconds:.2f}"))
    lines += [(f"refused {n} times", text) for text, n in found.refusals.items()]
    return [*lines, ("", "¹ p50, p95 and p99   ² least, median and greatest of the sessions")]
