"""Live captions under load: one run, a sweep over numbers of sessions, or the largest number."""

from __future__ import annotations

import multiprocessing
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import anyio
from anyio import to_thread

from livestt.bench.counters import Counters, read
from livestt.bench.figures import Distribution, Spread, distribution, slope, spread
from livestt.bench.judge import Score
from livestt.bench.load import Call, Load, put_load
from livestt.bench.manifest import Item
from livestt.bench.streams import Studio
from livestt.bench.text import ErrorRates, error_rates
from livestt.bench.watch import Usage, Watch
from livestt.engines import Samples

Event = Literal["shown", "final", "committed"]
MOST_LATE = 0.05
"""Seconds that this client may be behind before its figures say more about itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What every run of a bench has in common."""

    call: Call
    recordings: Sequence[tuple[Item, Samples]] = field(repr=False)
    seconds: float = 60.0
    """Least length of each session."""
    gap: float = 1.0
    frame: float = 0.06
    ramp: float = 5.0
    seed: int = 1
    processes: int = 1

    @property
    def language(self) -> str | None:
        return None if self.call.language in (None, "auto") else self.call.language

    def expected(self) -> float:
        """Seconds that a run takes if the server keeps up."""
        longest = max(len(samples) for _, samples in self.recordings) / 16_000
        return self.seconds + min(self.ramp, self.seconds / 4) + longest / 2


@dataclass(frozen=True, slots=True)
class Run:
    """The report of one run. Latencies in seconds."""

    sessions: int
    failed: int
    failures: tuple[str, ...]
    """Each reason once."""
    audio: float
    """Seconds sent by all sessions."""
    errors: ErrorRates
    shown: Distribution | None
    final: Distribution | None
    committed: Distribution | None
    first_word: Distribution | None
    last_word: Distribution | None
    unstable: float | None
    """Words shown and taken back, per word of the final text."""
    rewritten: int
    lag: float
    """The greatest that any session was told."""
    tail: Distribution | None
    fairness: Spread | None
    """The p95 of committed words, session by session."""
    lags: Spread | None
    """The greatest lag of each session."""
    late: float
    """How far this client was behind with sending: p99 of the frames of the worst session."""
    client_cpu: float
    """CPU seconds of this client per second of audio."""
    server: Usage | None
    counted: Counters | None = None
    """What the server's engine did meanwhile; None where a server does not tell."""
    scores: tuple[Score, ...] = field(repr=False, default=())

    def latency(self, event: Event) -> Distribution | None:
        return {"shown": self.shown, "final": self.final, "committed": self.committed}[event]

    def holds(self, limit: float, event: Event) -> bool:
        """Whether every session finished and the p95 of the latency is within the limit."""
        found = self.latency(event)
        return not self.failed and found is not None and found.p95 <= limit


@dataclass(frozen=True, slots=True)
class Bench:
    """All runs, and what they were run on."""

    url: str
    config: dict[str, Any]
    machine: dict[str, Any]
    plan: dict[str, Any]
    runs: tuple[Run, ...]
    memory_per_session: float | None
    """Bytes that one more session takes: the slope over runs, or over the idle server."""
    limit: float | None = None
    limit_on: Event = "committed"
    most: int | None = None
    """Most sessions that hold the limit; None unless asked for."""


class Runner:
    """Runs a plan with different numbers of sessions.

    Args:
        plan: what is run.
        server: process to watch, if it is on this machine.
    """

    def __init__(self, plan: Plan, server: int | None) -> None:
        self._plan = plan
        self._watch = Watch(server) if server is not None else None
        self.config: dict[str, Any] = {}

    async def run(self, sessions: int) -> Run:
        """One run.

        Raises:
            ExceptionGroup: of `Unreachable`: there is no such server.
        """
        before = await to_thread.run_sync(read, self._plan.call.url)
        if self._watch is not None:
            self._watch.start()
        async with anyio.create_task_group() as tasks:
            if self._watch is not None:
                tasks.start_soon(self._watch.keep_looking)
            load = await self._load(sessions)
            tasks.cancel_scope.cancel()
        if self._watch is not None:
            self._watch.look()
        self.config = load.config or self.config
        after = await to_thread.run_sync(read, self._plan.call.url)
        run = summed_up(load, self._plan.language, self._watch.usage if self._watch else None)
        return replace(run, counted=after.since(before) if before and after else None)

    async def _load(self, sessions: int) -> Load:
        shares = [range(i, sessions, self._plan.processes) for i in range(self._plan.processes)]
        shares = [share for share in shares if share]
        if len(shares) == 1:
            return await call_all(self._plan, shares[0])
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(len(shares), mp_context=context) as pool:
            futures = [pool.submit(call_here, self._plan, share) for share in shares]
            loads = [await to_thread.run_sync(future.result) for future in futures]
        scores = [score for load in loads for score in load.scores]
        return Load(scores, loads[0].config, sum(load.cpu for load in loads))


async def call_all(plan: Plan, share: Sequence[int]) -> Load:
    """Run the sessions with these numbers."""
    studio = Studio(plan.recordings, plan.frame, plan.language)
    streams = [studio.stream(plan.seconds, plan.gap, plan.seed * 1000 + i) for i in share]
    return await put_load(plan.call, studio, streams, share, min(plan.ramp, plan.seconds / 4))


def call_here(plan: Plan, share: Sequence[int]) -> Load:
    """The same, as a process of its own does it."""
    return anyio.run(call_all, plan, share)


def summed_up(load: Load, language: str | None, server: Usage | None) -> Run:
    """The report of a run."""
    scores = load.scores
    audio = sum(score.seconds for score in scores)
    words = sum(score.words for score in scores)
    failures = [score.failure for score in scores if score.failure is not None]
    each = [distribution(score.committed) for score in scores]
    return Run(
        sessions=len(scores),
        failed=len(failures),
        failures=tuple(dict.fromkeys(failures)),
        audio=audio,
        errors=error_rates([(score.said, score.heard) for score in scores], language),
        shown=_all(score.shown for score in scores),
        final=_all(score.final for score in scores),
        committed=_all(score.committed for score in scores),
        first_word=_all(score.first_word for score in scores),
        last_word=_all(score.last_word for score in scores),
        unstable=sum(score.unstable for score in scores) / words if words else None,
        rewritten=sum(score.rewritten for score in scores),
        lag=max(score.lag for score in scores),
        tail=distribution([score.tail for score in scores if score.tail is not None]),
        fairness=spread([found.p95 for found in each if found is not None]),
        lags=spread([score.lag for score in scores]),
        late=max(score.late for score in scores),
        client_cpu=load.cpu / audio,
        server=server,
        scores=tuple(scores),
    )


def _all(parts: Iterator[list[float]]) -> Distribution | None:
    return distribution([value for part in parts for value in part])


async def find_most(
    run: Callable[[int], Any],
    holds: Callable[[Run], bool],
    start: int,
    ceiling: int,
    settle: float = 0.0,
) -> tuple[int, list[Run]]:
    """The most sessions that hold: doubled until they do not, then by halves. 0 if none do.

    Above eight sessions the answer is exact to an eighth. After too many the server has
    ``settle`` seconds to come round.
    """
    runs: list[Run] = []

    async def try_out(sessions: int) -> bool:
        runs.append(await run(sessions))
        return holds(runs[-1])

    good, bad, sessions = 0, ceiling + 1, start
    while good < bad - max(1, good // 8):
        if await try_out(sessions):
            good = sessions
        else:
            bad = sessions
            await anyio.sleep(settle)
        sessions = min(2 * good, ceiling) if bad > ceiling else (good + bad) // 2
    return good, sorted(runs, key=lambda run: run.sessions)


def memory_per_session(runs: Sequence[Run]) -> float | None:
    """Bytes per further session."""
    points = [(run.sessions, run.server.peak_rss) for run in runs if run.server is not None]
    grown = slope([(float(n), float(rss)) for n, rss in points])
    if grown is None and runs and runs[0].server is not None:
        return (runs[0].server.peak_rss - runs[0].server.idle_rss) / runs[0].sessions
    return grown


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import psutil

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "memory": psutil.virtual_memory().total,
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = (line.partition(":")[2].strip() for line in file if "model name" in line)
            return next(names, platform.processor())
    except OSError:
        return platform.processor()
