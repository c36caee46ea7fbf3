"""The capacity curve: latency, CPU and memory against the number of sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from livestt.bench.live import Bench, Run
from livestt.bench.report import title
from livestt.errors import MissingExtra

INK, PALE, WARM, GREY = "#1f4e79", "#7fb2d9", "#c8553d", "#777777"


def draw(bench: Bench, path: Path) -> None:
    """Write the picture as PNG (or what the file name ends in).

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("Drawing", "bench") from error
    figure = Figure(figsize=(9, 8), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3, 1, sharex=True, height_ratios=[2, 1, 1])
    _latency(axes[0], bench)
    _cpu(axes[1], bench)
    _memory(axes[2], bench)
    sessions = [run.sessions for run in bench.runs]
    axes[2].set_xlabel("sessions at once")
    axes[2].set_xticks(sessions)
    for axis in axes:
        axis.set_ylim(0, 1.1 * axis.get_ylim()[1])
        axis.grid(color="#e5e5e5")
        axis.spines[["top", "right"]].set_visible(False)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    cores = bench.machine.get("cores")
    figure.suptitle(f"{title(bench)}\n{bench.machine.get('processor')}, {cores} cores", size=10)
    figure.savefig(path)


def _latency(axis: Any, bench: Bench) -> None:
    for event, colour in (("committed", INK), ("shown", PALE)):
        found = [(run.sessions, run.latency(event)) for run in bench.runs]  # type: ignore[arg-type]
        known = [(n, latency) for n, latency in found if latency is not None]
        n = [n for n, _ in known]
        axis.plot(n, [x.p50 for _, x in known], "o-", color=colour, label=f"{event}, p50")
        axis.plot(n, [x.p95 for _, x in known], "o--", color=colour, label=f"{event}, p95")
    if bench.limit is not None:
        axis.axhline(bench.limit, color=WARM, linewidth=1, label=f"limit {bench.limit:g} s")
    broken = [run.sessions for run in bench.runs if run.failed]
    axis.plot(broken, [0] * len(broken), "x", color=WARM, label="sessions failed" if broken else "")
    axis.set_ylabel("seconds after the word")


def _cpu(axis: Any, bench: Bench) -> None:
    runs = [run for run in bench.runs if run.server is not None]
    axis.plot(
        [r.sessions for r in runs], [_cores(r) for r in runs], "o-", color=INK, label="server"
    )
    client = [run.client_cpu * run.audio / _length(bench, run) for run in bench.runs]
    axis.plot(
        [run.sessions for run in bench.runs], client, "o-", color=GREY, label="this load client"
    )
    cores = bench.machine.get("cores")
    if cores:
        axis.axhline(cores, color=WARM, linewidth=1, label=f"all {cores} cores")
    axis.set_ylabel("cores busy")


def _memory(axis: Any, bench: Bench) -> None:
    runs = [run for run in bench.runs if run.server is not None]
    peaks = [run.server.peak_rss / 1e6 for run in runs if run.server]
    label = "server, peak"
    if bench.memory_per_session is not None:
        label += f"\n({bench.memory_per_session / 1e6:.1f} MB per session)"
    axis.plot([run.sessions for run in runs], peaks, "o-", color=INK, label=label)
    axis.set_ylabel("memory, MB")


def _cores(run: Run) -> float:
    return run.server.cpu / run.server.seconds if run.server and run.server.seconds else 0.0


def _length(bench: Bench, run: Run) -> float:
    if run.server is not None and run.server.seconds:
        return run.server.seconds
    return max(1.0, run.audio / run.sessions)
