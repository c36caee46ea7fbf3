"""More people than a server has room for, for minutes.

What do those get who are in, what do those hear who are not, and how soon is it over?
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import anyio
from anyio import to_thread

from livestt.bench.counters import samples
from livestt.bench.figures import Distribution, distribution, slope
from livestt.bench.judge import Score
from livestt.bench.live import MOST_LATE, Plan, Run, call_all, summed_up
from livestt.bench.load import Caller, Load, Unreachable
from livestt.bench.streams import Studio
from livestt.bench.watch import Usage, Watch

LOOK = 0.5
"""Seconds between two looks at a server that should recover."""
PATIENCE = 120.0
"""Seconds after which it has not."""
RUDE = 10
"""One in so many comes back after a second, whatever it is told."""
WARM = 0.2
"""Share of the time in which memory may still grow as a server warms up."""

Answer = tuple[int, str, bool]
"""Status and message of a refusal, and whether it says when to come back."""


@dataclass(frozen=True, slots=True)
class Siege:
    """How a server is overloaded."""

    plan: Plan
    """What each session says."""
    capacity: int
    """Sessions that the server admits."""
    times: float = 3.0
    """People who want one, in capacities."""
    seconds: float = 600.0

    @property
    def people(self) -> int:
        return round(self.capacity * self.times)


@dataclass(slots=True)
class Crowd:
    """What befell the people."""

    admitted: list[tuple[float, Caller]] = field(default_factory=list)
    """When they asked, in seconds from the beginning."""
    refusals: Counter[Answer] = field(default_factory=Counter)
    answers: list[float] = field(default_factory=list)
    """Seconds to each refusal."""
    unanswered: int = 0
    """Attempts to which no HTTP answer came."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report of an overload. Seconds and bytes."""

    people: int
    capacity: int
    seconds: float
    alone: Run
    """One session before."""
    loaded: Run
    """All sessions that were admitted."""
    course: tuple[float | None, ...]
    """p95 of the committed words of the sessions that began in each minute."""
    refusals: dict[str, int]
    refused: int
    unclear: int
    """Refusals that were not 429 or 503, or did not say when to come back."""
    unanswered: int
    answer: Distribution | None
    """Time to a refusal."""
    memory: tuple[int, int, int] | None
    """Before, once warm, and at the end; the server's process."""
    growth: float | None
    """Bytes per minute, once warm."""
    levels: dict[int, float]
    """Share of the time on each rung of the ladder."""
    recovery: float | None
    """From the end of the last session until nothing is left to do; None: never."""
    after: Run
    """One session afterwards."""

    def faults(self, limit: float) -> list[str]:
        """What is wrong, given the limit of p95 for committed words."""
        late = self.loaded.committed
        told = [
            (self.loaded.failed > 0, f"{self.loaded.failed} admitted sessions failed"),
            (late is None or late.p95 > limit, f"p95 of committed words is over {limit:g} s"),
            (self.unclear > 0, f"{self.unclear} refusals were not clear"),
            (self.unanswered > 0, f"{self.unanswered} attempts were not answered"),
            (self.recovery is None, f"no recovery within {PATIENCE:.0f} s"),
            (self.after.failed > 0, "the session afterwards failed"),
        ]
        return [text for wrong, text in told if wrong]

    @property
    def late(self) -> bool:
        """Whether the client itself was too slow for its figures to be the server's."""
        return self.loaded.late > MOST_LATE


class Besieger:
    """Overloads a server.

    Args:
        siege: how.
        server: its process, if it is on this machine.
    """

    def __init__(self, siege: Siege, server: int | None) -> None:
        self._siege = siege
        self._watch = Watch(server) if server is not None else None
        self._looks: list[tuple[float, int]] = []
        self._studio = Studio(siege.plan.recordings, siege.plan.frame, siege.plan.language)

    async def run(self, tell: Callable[[str], None]) -> Outcome:
        """One session, the crowd, and one session again.

        Args:
            tell: of what is being done.

        Raises:
            ExceptionGroup: of `Unreachable`: there is no such server.
        """
        siege = self._siege
        tell("One session alone")
        alone = await self._one()
        tell(f"{siege.people} people, room for {siege.capacity}, {siege.seconds:.0f} s")
        crowd, usage, cpu = await self._besiege()
        tell("Recovery")
        recovery = await self._recovery()
        tell("One session alone")
        after = await self._one()
        tell("Scores")
        load = Load([caller.score() for _, caller in crowd.admitted], {}, cpu)
        return self._outcome(alone, summed_up(load, siege.plan.language, usage), crowd, usage,
                             recovery, after)  # fmt: skip

    async def _one(self) -> Run:
        return summed_up(
            await call_all(self._siege.plan, range(1)), self._siege.plan.language, None
        )

    async def _besiege(self) -> tuple[Crowd, Usage | None, float]:
        siege, crowd = self._siege, Crowd()
        if self._watch is not None:
            self._watch.start()
        busy, begin = time.process_time(), time.monotonic()
        async with anyio.create_task_group() as watching:
            watching.start_soon(self._look, begin)
            if self._watch is not None:
                watching.start_soon(self._watch.keep_looking)
            async with anyio.create_task_group() as tasks:
                for number in range(siege.people):
                    tasks.start_soon(self._person, number, begin, crowd)
            watching.cancel_scope.cancel()
        usage = self._watch.usage if self._watch is not None else None
        return crowd, usage, time.process_time() - busy

    async def _person(self, number: int, begin: float, crowd: Crowd) -> None:
        """Ask for a session until the time is up; one that was admitted talks to the end."""
        siege, chance = self._siege, random.Random(number)
        plan = siege.plan
        await anyio.sleep(chance.uniform(0, plan.ramp))
        turn = 0
        while time.monotonic() < begin + siege.seconds:
            turn += 1
            stream = self._studio.stream(plan.seconds, plan.gap, number * 1000 + turn)
            caller = Caller(plan.call, self._studio, stream)
            asked = time.monotonic()
            with suppress(Unreachable):
                await caller.run(asked)
            if caller.config:
                crowd.admitted.append((asked - begin, caller))
                continue
            if caller.refusal is None:
                crowd.unanswered += 1
                await anyio.sleep(1.0)
                continue
            wait = self._refused(caller, crowd, time.monotonic() - asked)
            left = begin + siege.seconds - time.monotonic()
            if wait > left:
                return
            await anyio.sleep(1.0 if number % RUDE == 0 else wait * chance.uniform(1.0, 1.5))

    @staticmethod
    def _refused(caller: Caller, crowd: Crowd, seconds: float) -> float:
        """Note a refusal; how long to stay away."""
        refusal = caller.refusal
        assert refusal is not None
        crowd.refusals[refusal.status, str(refusal), refusal.retry_after is not None] += 1
        crowd.answers.append(seconds)
        return refusal.retry_after or 5.0

    async def _look(self, begin: float) -> None:
        """Note the rung of the ladder, for ever."""
        while True:
            found = await to_thread.run_sync(samples, self._siege.plan.call.url)
            if found is not None:
                at = time.monotonic() - begin
                self._looks.append((at, int(found.get("livestt_load_level", 0))))
            await anyio.sleep(2 * LOOK)

    async def _recovery(self) -> float | None:
        """Seconds until the server has nothing to do and says so."""
        begin = time.monotonic()
        while time.monotonic() < begin + PATIENCE:
            found = await to_thread.run_sync(samples, self._siege.plan.call.url)
            if found is not None and not any(found.get(name) for name in BUSY):
                return time.monotonic() - begin
            await anyio.sleep(LOOK)
        return None

    def _outcome(
        self,
        alone: Run,
        loaded: Run,
        crowd: Crowd,
        usage: Usage | None,
        recovery: float | None,
        after: Run,
    ) -> Outcome:
        siege = self._siege
        refusals = Counter(
            {f"{status} {text}": n for (status, text, _), n in crowd.refusals.most_common()}
        )
        unclear = sum(
            n for (status, _, when), n in crowd.refusals.items()
            if status not in (429, 503) or not when
        )  # fmt: skip
        memory, growth = _memory(usage, siege.seconds)
        return Outcome(
            people=siege.people,
            capacity=siege.capacity,
            seconds=siege.seconds,
            alone=alone,
            loaded=replace(loaded, scores=()),
            course=_course([at for at, _ in crowd.admitted], loaded.scores),
            refusals=dict(refusals),
            refused=refusals.total(),
            unclear=unclear,
            unanswered=crowd.unanswered,
            answer=distribution(crowd.answers),
            memory=memory,
            growth=growth,
            levels=_shares([level for _, level in self._looks]),
            recovery=recovery,
            after=after,
        )


BUSY = ("livestt_sessions", "livestt_load_level", "livestt_jobs_waiting", "livestt_connections")


def _memory(
    usage: Usage | None, seconds: float
) -> tuple[tuple[int, int, int] | None, float | None]:
    """Resident bytes before, warm and at the end of the rush, and bytes per minute between."""
    if usage is None:
        return None, None
    warm = [(at / 60, float(rss)) for at, rss in usage.rss if WARM * seconds <= at <= seconds]
    if not warm:
        return None, None
    return (usage.idle_rss, int(warm[0][1]), int(warm[-1][1])), slope(warm)


def _course(begun: Sequence[float], scores: Sequence[Score]) -> tuple[float | None, ...]:
    minutes: list[list[float]] = [[] for _ in range(int(max(begun, default=0) // 60) + 1)]
    for at, score in zip(begun, scores, strict=True):
        minutes[int(at // 60)] += score.committed
    found = map(distribution, minutes)
    return tuple(None if late is None else late.p95 for late in found)


def _shares(levels: Sequence[int]) -> dict[int, float]:
    return {level: n / len(levels) for level, n in sorted(Counter(levels).items())}
