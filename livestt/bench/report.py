"""The results of a bench, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from livestt.bench.figures import Distribution, Spread
from livestt.bench.live import MOST_LATE, Bench, Run

Cell = Callable[[Run], str]
MISSING = "-"
ACROSS = 3
"""Runs in a table."""
CAPTION = "¹ p50, p95 and p99   ² least, median and greatest of the sessions"


def tables(bench: Bench) -> Iterator[Table]:
    """A column for each run, as many to a table as a terminal can hold."""
    for first in range(0, len(bench.runs), ACROSS):
        runs = bench.runs[first : first + ACROSS]
        drawn = Table(Column("", no_wrap=True), title=title(bench), caption=CAPTION)
        for run in runs:
            drawn.add_column(_heading(run), justify="right")
        for name, cell in ROWS:
            cells = [cell(run) for run in runs]
            if any(text != MISSING for text in cells):
                drawn.add_row(name, *cells)
        yield drawn


def remarks(bench: Bench) -> Iterator[str]:
    """What the table does not say."""
    if bench.memory_per_session is not None:
        yield f"Memory per further session: {bench.memory_per_session / 1e6:.1f} MB."
    if bench.most is not None:
        yield (
            f"Most sessions with p95 of {bench.limit_on} words within {bench.limit:g} s: "
            f"{bench.most}."
        )
    for run in bench.runs:
        for failure in run.failures:
            yield f"With {_heading(run)}: {run.failed} failed: {failure}"
        if run.late > MOST_LATE:
            yield (
                f"With {_heading(run)} this client sent {run.late:.2f} s late (p99), so the "
                "latencies are partly its own: use --processes, or another machine."
            )
        if run.rewritten:
            yield f"With {_heading(run)} committed text was rewritten {run.rewritten} times."


def as_json(bench: Bench) -> str:
    """Everything but the figures of single words."""
    plain = {f.name: getattr(bench, f.name) for f in fields(bench) if f.name != "runs"}
    return json.dumps({**plain, "runs": [_run(run) for run in bench.runs]}, indent=2)


def write_json(bench: Bench, path: Path) -> None:
    path.write_text(as_json(bench) + "\n", encoding="utf-8")


def _run(run: Run) -> dict[str, Any]:
    plain = asdict(run)
    plain["scores"] = [
        {
            "committed_p95": _percentile(score["committed"]),
            **{k: v for k, v in score.items() if not isinstance(v, list | str)},
            "failure": score["failure"],
        }
        for score in plain["scores"]
    ]
    return plain


def _percentile(values: list[float]) -> float | None:
    from livestt.bench.figures import distribution

    found = distribution(values)
    return found.p95 if found else None


def title(bench: Bench) -> str:
    """The server, and what listens there."""
    known = (bench.config.get(key) for key in ("backend", "model"))
    return " ".join([bench.url, *(str(name) for name in known if name)])


def _heading(run: Run) -> str:
    return "1 session" if run.sessions == 1 else f"{run.sessions} sessions"


def share(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2%}"


def three(found: Distribution | None) -> str:
    if found is None:
        return MISSING
    return f"{found.p50:.2f} {found.p95:.2f} {found.p99:.2f}"


def span(found: Spread | None) -> str:
    if found is None:
        return MISSING
    return f"{found.least:.2f} {found.median:.2f} {found.most:.2f}"


def _errors(run: Run) -> str:
    found = run.errors
    if found.wer is None:
        return MISSING
    return f"{found.substituted} {found.deleted} {found.inserted}"


def _jobs(run: Run) -> str:
    found = run.counted
    return MISSING if found is None else f"{found.jobs} {found.retries} {found.failures}"


def _loop(run: Run) -> str:
    found = run.counted and [run.counted.loop_lag.quantile(part) for part in (0.5, 0.99)]
    if not found or None in found:
        return MISSING
    return " ".join(f"{1000 * value:.1f}" for value in found if value is not None)


def _server_cpu(run: Run) -> str:
    return MISSING if run.server is None else f"{run.server.cpu / run.audio:.4f}"


def _server_cores(run: Run) -> str:
    if run.server is None or not run.server.seconds:
        return MISSING
    return f"{run.server.cpu / run.server.seconds:.2f}"


def _server_memory(run: Run) -> str:
    if run.server is None:
        return MISSING
    return f"{run.server.idle_rss / 1e6:.0f} {run.server.peak_rss / 1e6:.0f}"


ROWS: tuple[tuple[str, Cell], ...] = (
    ("audio, s", lambda run: f"{run.audio:.0f}"),
    ("sessions failed", lambda run: str(run.failed)),
    ("words", lambda run: str(run.errors.words) if run.errors.words else MISSING),
    ("WER", lambda run: share(run.errors.wer)),
    ("words wrong, lost, invented", _errors),
    ("word shown after, s ¹", lambda run: three(run.shown)),
    ("word final after, s ¹", lambda run: three(run.final)),
    ("word committed after, s ¹", lambda run: three(run.committed)),
    ("first word shown after, s ¹", lambda run: three(run.first_word)),
    ("last word committed after, s ¹", lambda run: three(run.last_word)),
    (
        "taken back per final word",
        lambda run: MISSING if run.unstable is None else f"{run.unstable:.3f}",
    ),
    ("committed text rewritten", lambda run: str(run.rewritten)),
    ("greatest lag reported, s", lambda run: f"{run.lag:.2f}"),
    ("end of audio to end, s ¹", lambda run: three(run.tail)),
    ("sessions' p95 committed, s ²", lambda run: span(run.fairness)),
    ("sessions' greatest lag, s ²", lambda run: span(run.lags)),
    ("engine jobs, repeated, given up", _jobs),
    ("event loop late, ms (p50, p99)", _loop),
    ("server CPU s per audio s", _server_cpu),
    ("server cores busy", _server_cores),
    ("server MB, idle and peak", _server_memory),
    ("client CPU s per audio s", lambda run: f"{run.client_cpu:.4f}"),
    ("client late, s (p99)", lambda run: f"{run.late:.3f}"),
)
