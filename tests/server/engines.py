"""Scripted engines that are watched, or that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from livestt.engines import Hypothesis, Job, StreamOptions
from livestt.engines.scripted import ScriptedEngine, ScriptedWord
from livestt.errors import EngineError

PATIENCE = 60.0
"""Seconds that a batch which is held up waits at most."""


class Steered:
    """Mixed into a scripted model: fails, or waits, where a test tells it to.

    Attributes:
        broken: whether each batch fails.
        may_run: batches wait for it.
        closed: whether it was closed.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.broken = self.closed = False
        self.may_run = threading.Event()
        self.may_run.set()

    def run(self, jobs: Sequence[Any]) -> list[Any]:
        assert self.may_run.wait(PATIENCE)
        if self.broken:
            raise EngineError("it was told to fail")
        answers: list[Any] = super().run(jobs)  # type: ignore[misc]
        return answers

    def close(self) -> None:
        self.closed = True


class Stream:
    """State that must be released once, and not while a job of it runs."""

    def __init__(self, options: StreamOptions) -> None:
        self.options = options
        self.releases = 0


class Watched(ScriptedEngine):
    """Counts streams and keeps what each job asked."""

    def __init__(self, script: Sequence[ScriptedWord] | None = None) -> None:
        super().__init__(script=script)
        self.streams: list[Stream] = []
        self.languages: set[tuple[int, str | None]] = set()
        self.batches: list[int] = []
        self._running: list[Stream] = []
        self._lock = threading.Lock()

    def open(self, options: StreamOptions) -> Stream:  # type: ignore[override]
        stream = Stream(options)
        with self._lock:
            self.streams.append(stream)
        return stream

    def release(self, stream: Stream) -> None:  # type: ignore[override]
        with self._lock:
            assert stream not in self._running, "released during a job"
            stream.releases += 1

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        with self._lock:
            self._running = [job.stream for job in jobs]
            self.batches.append(len(jobs))
            assert not any(stream.releases for stream in self._running), "used after release"
        try:
            self.languages |= {(id(job.stream), job.options.language) for job in jobs}
            return self.answers(jobs)
        finally:
            with self._lock:
                self._running = []

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        return super().run(jobs)


class Faulty(Watched):
    """Fails in the way and as often as told, then works."""

    def __init__(self, script: Sequence[ScriptedWord], *, kind: str, times: int) -> None:
        super().__init__(script)
        self.kind = kind
        self.times = times

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if self.times <= 0:
            return super().answers(jobs)
        self.times -= 1
        match self.kind:
            case "engine error":
                raise EngineError("out of memory")
            case "bug":
                raise ZeroDivisionError("a bug in the engine")
            case "too few":
                return []
            case _:
                return [*super().answers(jobs), Hypothesis(())]


class Gated(Watched):
    """Answers only while its gate is open."""

    def __init__(self, script: Sequence[ScriptedWord] | None = None) -> None:
        super().__init__(script)
        self.gate = threading.Event()
        self.entered = threading.Event()

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        self.entered.set()
        self.gate.wait(60)
        return super().answers(jobs)
