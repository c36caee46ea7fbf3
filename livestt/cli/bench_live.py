"""``livestt bench live``: a running server under load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from livestt.cli.base import WRITTEN, Command, in_one_line
from livestt.cli.measuring import require
from livestt.cli.running_server import load_options, plan_of, watched
from livestt.errors import MissingExtra

if TYPE_CHECKING:
    from livestt.bench.live import Bench, Plan

SETTLE = 3.0
"""Seconds that an overloaded server gets before it is tried again."""


class Numbers(click.ParamType):  # type: ignore[type-arg]
    """One or several numbers of sessions."""

    name = "n,n,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(part.strip().isdecimal() and int(part) for part in parts):
            self.fail(f"{value!r} is not a number of sessions, or several with commas", param, ctx)
        return tuple(int(part) for part in parts)


@click.command("live", cls=Command)
@click.option(
    "--sessions", type=Numbers(), default="1", show_default=True, help="Concurrent sessions; "
    "several numbers are run one after the other."
)  # fmt: skip
@click.option(
    "--find-max", is_flag=True, help="Find the largest number of sessions within --limit-p95."
)
@click.option(
    "--limit-on", type=click.Choice(["shown", "final", "committed"]), default="committed",
    show_default=True, help="Latency that --find-max applies the limit to."
)  # fmt: skip
@click.option(
    "--ceiling",
    type=int,
    default=512,
    show_default=True,
    help="Largest number that --find-max tries.",
)
@click.option(
    "--mode", type=click.Choice(["full", "diff"]), default="diff", show_default=True,
    help="Mode of the protocol."
)  # fmt: skip
@click.option(
    "--encoding", type=click.Choice(["auto", "s16le", "f32le", "mulaw", "alaw", "wav", "webm"]),
    default="auto", show_default=True,
    help="Encoding of the audio; auto is s16le, or wav if the server does not accept that."
)  # fmt: skip
@click.option(
    "--frame-ms", type=click.IntRange(10, 1000), default=60, show_default=True,
    help="Audio per message."
)  # fmt: skip
@click.option(
    "--patience", type=float, default=60.0, show_default=True, metavar="SECONDS",
    help="How long a transcript may take to finish after its audio."
)  # fmt: skip
@click.option(
    "--processes", type=click.IntRange(1), default=1, show_default=True,
    help="Processes of this client; use more if it reports that it was late."
)  # fmt: skip
@click.option("--plot", "plot_file", type=WRITTEN, help="Draw the capacity curve here (PNG).")
@load_options(
    server="A running server.",
    limit="Limit of --find-max for the p95 latency of words.",
    ramp="Sessions start within this time, at most a quarter of --seconds.",
)
def command(
    manifest: Path,
    url: str,
    sessions: tuple[int, ...],
    find_max: bool,
    limit_p95: float,
    limit_on: Literal["shown", "final", "committed"],
    ceiling: int,
    json_file: Path | None,
    plot_file: Path | None,
    server_pid: int | None,
    **plan: Any,
) -> None:
    """Stream recordings in real time through a running server, and measure the captions.

    MANIFEST is a file of JSON lines: {"file", "text", "words": [[word, start, end], ...]}; without
    words there are no word latencies. The server may be livestt, or another with the same
    protocol, such as WhisperLiveKit.

    \b
    livestt bench live tests/fixtures/speech/manifest.jsonl --sessions 3
    livestt bench live talks.jsonl --sessions 1,4,8 --json all.json --plot all.png
    livestt bench live talks.jsonl --find-max --url ws://other:8000/asr
    """
    require()
    import anyio
    from rich.console import Console

    from livestt.bench import report
    from livestt.bench.live import Bench, Runner, find_most, machine, memory_per_session

    if plot_file is not None and find_spec("matplotlib") is None:
        raise MissingExtra("Drawing", "bench")
    wanted = plan_of(manifest, url, plan)
    runner = Runner(wanted, watched(url, server_pid))

    async def measure() -> Bench:
        most = None
        before = machine()
        with bar() as show:

            async def run(number: int) -> Any:
                return await show(number, runner, wanted)

            if find_max:
                most, runs = await find_most(
                    run,
                    lambda found: found.holds(limit_p95, limit_on),
                    min(sessions[0], ceiling),
                    ceiling,
                    SETTLE,
                )
            else:
                runs = [await run(number) for number in sessions]
        return Bench(
            url=url,
            config={k: runner.config.get(k) for k in ("backend", "model", "version", "language")},
            machine=before,
            plan={**plan, "recordings": len(wanted.recordings)},
            runs=tuple(runs),
            memory_per_session=memory_per_session(runs),
            limit=limit_p95 if find_max else None,
            limit_on=limit_on,
            most=most,
        )

    bench = in_one_line(lambda: anyio.run(measure))
    for table in report.tables(bench):
        Console().print(table)
    for remark in report.remarks(bench):
        click.echo(remark)
    _write(bench, json_file, plot_file)
    if not find_max and any(run.failed for run in bench.runs):
        click.get_current_context().exit(1)


def _write(bench: Bench, json_file: Path | None, plot_file: Path | None) -> None:
    from livestt.bench import plot, report

    if json_file is not None:
        report.write_json(bench, json_file)
    if plot_file is not None:
        plot.draw(bench, plot_file)


@contextmanager
def bar() -> Iterator[Any]:
    """Something that shows a run on stderr while it lasts."""
    import anyio
    from rich.console import Console
    from rich.progress import Progress, TimeElapsedColumn

    columns = (*Progress.get_default_columns()[:2], TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=2) as progress:

        async def show(number: int, runner: Any, plan: Plan) -> Any:
            label = f"{number} at once, {plan.seconds:.0f} s each"
            task = progress.add_task(label, total=plan.expected())

            async def tick() -> None:
                while True:
                    await anyio.sleep(0.5)
                    progress.advance(task, 0.5)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(tick)
                run = await runner.run(number)
                tasks.cancel_scope.cancel()
            progress.update(task, completed=plan.expected())
            return run

        yield show
