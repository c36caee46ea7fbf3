"""What commands that load a running server share: its address, recordings, and its process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from livestt.cli.base import READ
from livestt.cli.measuring import json_option
from livestt.errors import SetupError

if TYPE_CHECKING:
    from livestt.bench.live import Plan

F = TypeVar("F", bound=Callable[..., Any])


def load_options(*, server: str, limit: str, ramp: str) -> Callable[[F], F]:
    """Give a command the recordings, the server and the figures of its load.

    Args:
        server: help for ``--url``.
        limit: help for ``--limit-p95``.
        ramp: help for ``--ramp``.
    """
    options = (
        click.argument("manifest", type=READ),
        click.option("--url", default="ws://127.0.0.1:8000/asr", show_default=True, help=server),
        _number("--limit-p95", 3.0, limit, metavar="SECONDS"),
        _number("--seconds", 60.0, "Minimum length of each session."),
        _number("--gap", 1.0, "Mean pause between recordings.", metavar="SECONDS"),
        _number("--ramp", 5.0, ramp, metavar="SECONDS"),
        click.option(
            "--language", default="en", show_default=True, help="Spoken language, or auto."
        ),
        click.option("--kind", multiple=True, help="Only recordings of this kind; repeatable."),
        _number("--seed", 1, "Seed of the random orders and pauses."),
        click.option(
            "--server-pid", type=int,
            help="Process whose CPU and memory are measured; by default the one that listens "
            "at the address, if that is on this machine.",
        ),
        json_option(),
    )  # fmt: skip

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _number(
    name: str, default: float, text: str, *, metavar: str | None = None
) -> Callable[[F], F]:
    return click.option(
        name, type=type(default), default=default, show_default=True, metavar=metavar, help=text
    )


def plan_of(manifest: Path, url: str, options: dict[str, Any]) -> Plan:
    """What was asked to run; reads and decodes the recordings."""
    from livestt.bench.live import Plan
    from livestt.bench.load import Call
    from livestt.bench.manifest import read_manifest, read_recording

    items = read_manifest(manifest, options["kind"])
    with click.progressbar(items, label="Reading recordings", file=sys.stderr) as shown:
        recordings = [(item, read_recording(item.path)) for item in shown]
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


def watched(url: str, pid: int | None) -> int | None:
    """The process to measure: the one that was named, else the one that listens at the address,
    if it is on this machine.

    Raises:
        SetupError: there is no process of this number.
    """
    import psutil

    from livestt.bench.watch import find_server

    if pid is None:
        return find_server(url)
    if not psutil.pid_exists(pid):
        raise SetupError(f"--server-pid {pid}: there is no such process.")
    return pid
