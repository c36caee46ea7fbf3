"""``livestt bench live``: a running server under load."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from livestt.cli.base import Command
from livestt.errors import LivesttError, MissingExtra, SetupError

if TYPE_CHECKING:
    from livestt.bench.live import Bench, Plan

SETTLE = 3.0
"""Seconds that an overloaded server gets before it is tried again."""
FILE = click.Path(dir_okay=False, path_type=Path)
T = TypeVar("T")
NEEDED = ("jiwer", "rapidfuzz", "whisper_normalizer", "psutil")


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
@click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--url", default="ws://127.0.0.1:8000/asr", show_default=True, help="A running server."
)
@click.option(
    "--sessions", type=Numbers(), default="1", show_default=True, help="Sessions at once; several "
    "numbers are run one after the other."
)  # fmt: skip
@click.option("--find-max", is_flag=True, help="Find the most sessions that hold --limit-p95.")
@click.option(
    "--limit-p95", type=float, default=3.0, show_default=True, metavar="SECONDS",
    help="What --find-max asks of the latency of words."
)  # fmt: skip
@click.option(
    "--limit-on", type=click.Choice(["shown", "final", "committed"]), default="committed",
    show_default=True, help="Which latency --find-max asks it of."
)  # fmt: skip
@click.option(
    "--ceiling", type=int, default=512, show_default=True, help="The most that --find-max tries."
)
@click.option(
    "--seconds", type=float, default=60.0, show_default=True, help="Least length of each session."
)
@click.option(
    "--gap", type=float, default=1.0, show_default=True, metavar="SECONDS",
    help="Mean pause between recordings."
)  # fmt: skip
@click.option(
    "--ramp", type=float, default=5.0, show_default=True, metavar="SECONDS",
    help="Sessions begin within this time, at most a quarter of --seconds."
)  # fmt: skip
@click.option(
    "--mode", type=click.Choice(["full", "diff"]), default="diff", show_default=True,
    help="How the server is asked to report."
)  # fmt: skip
@click.option(
    "--encoding", type=click.Choice(["auto", "s16le", "f32le", "mulaw", "alaw", "wav", "webm"]),
    default="auto", show_default=True,
    help="Of the audio sent; auto is s16le, or wav if the server does not take that."
)  # fmt: skip
@click.option("--language", default="en", show_default=True, help="Spoken, or auto.")
@click.option("--kind", multiple=True, help="Only recordings of this kind; repeatable.")
@click.option(
    "--frame-ms", type=click.IntRange(10, 1000), default=60, show_default=True,
    help="Audio per message."
)  # fmt: skip
@click.option(
    "--patience", type=float, default=60.0, show_default=True, metavar="SECONDS",
    help="How long a transcript may take to end after its audio has."
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Of orders and pauses.")
@click.option(
    "--processes", type=click.IntRange(1), default=1, show_default=True,
    help="Of this client; more if it says that it was late."
)  # fmt: skip
@click.option(
    "--server-pid", type=int, help="Process whose CPU and memory are measured; else it is the one "
    "that listens at the address, if that is on this machine."
)  # fmt: skip
@click.option("--json", "json_file", type=FILE, help="Write all figures here.")
@click.option("--plot", "plot_file", type=FILE, help="Draw the capacity curve here (PNG).")
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
    """Stream recordings at real time through a running server, and measure the captions.

    MANIFEST is a file of JSON lines: {"file", "text", "words": [[word, start, end], ...]}; without
    words there are no word latencies. The server may be livestt, or another with the same
    protocol, such as WhisperLiveKit.

    \b
    livestt bench live tests/fixtures/speech/manifest.jsonl --sessions 3
    livestt bench live talks.jsonl --sessions 1,4,8,16 --json load.json --plot load.png
    livestt bench live talks.jsonl --find-max --limit-p95 3 --url ws://other:8000/asr
    """
    require()
    import anyio
    from rich.console import Console

    from livestt.bench import report
    from livestt.bench.live import Bench, Runner, find_most, machine, memory_per_session
    from livestt.bench.watch import find_server

    if plot_file is not None and find_spec("matplotlib") is None:
        raise MissingExtra("Drawing", "bench")
    wanted = plan_of(manifest, url, plan)
    runner = Runner(wanted, process(server_pid) if server_pid else find_server(url))

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


def plan_of(manifest: Path, url: str, options: dict[str, Any]) -> Plan:
    """What `bench live` was asked to run."""
    from livestt.bench.live import Plan
    from livestt.bench.load import Call
    from livestt.bench.manifest import read_manifest
    from livestt.testing import decode_file

    items = read_manifest(manifest, options["kind"])
    with click.progressbar(items, label="Reading recordings", file=sys.stderr) as shown:
        recordings = [(item, decode_file(item.path)) for item in shown]
    call = Call(url, options["mode"], options["encoding"], options["language"], options["patience"])
    return Plan(
        call,
        recordings,
        seconds=options["seconds"],
        gap=options["gap"],
        frame=options["frame_ms"] / 1000,
        ramp=options["ramp"],
        seed=options["seed"],
        processes=options["processes"],
    )


def in_one_line(run: Callable[[], T]) -> T:
    """Run; of a group of errors the first of ours is what people can act on."""
    failures: list[BaseException] = []
    try:
        return run()
    except* LivesttError as group:
        failures += _leaves(group)
    raise failures[0]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def process(pid: int) -> int:
    """A process that is there.

    Raises:
        SetupError: it is not.
    """
    import psutil

    if not psutil.pid_exists(pid):
        raise SetupError(f"--server-pid {pid}: there is no such process.")
    return pid


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


def require() -> None:
    """Refuse early when something that measuring needs is missing.

    Raises:
        MissingExtra: the extra is not installed.
    """
    if not all(find_spec(name) for name in NEEDED):
        raise MissingExtra("livestt bench", "bench")
