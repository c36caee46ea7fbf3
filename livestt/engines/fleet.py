"""Several engines, each on a device of its own, behind the contract of one.

It is steps that are placed, not sessions: a window engine keeps nothing between two steps, so each
batch goes to the device that is least loaded at the moment, and the balance holds when sessions
come, go and fall silent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from livestt.engines import Engine, EngineSettings, Hypothesis, Job, StreamOptions
from livestt.engines.placement import Placement

Streams = tuple[object, ...]
"""What each engine opened for a session."""


class Fleet:
    """Window engines that are equal but for their device.

    Args:
        engines: at least one; they belong to the fleet from now on.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = tuple(engines)
        able = [engine.capabilities for engine in engines]
        self._placement = Placement(tuple(one.parallel for one in able))
        self._lock = threading.Lock()
        self.capabilities = replace(
            able[0],
            parallel=sum(one.parallel for one in able),
            device=f"{able[0].device} x {len(able)}",
        )

    def open(self, options: StreamOptions) -> Streams:
        return tuple(engine.open(options) for engine in self._engines)

    def release(self, stream: Streams) -> None:
        for engine, part in zip(self._engines, stream, strict=True):
            engine.release(part)

    def reset(self, stream: Streams) -> None:
        for engine, part in zip(self._engines, stream, strict=True):
            engine.reset(part)

    def batch_key(self, job: Job) -> Hashable:
        return self._engines[0].batch_key(_on(job, 0))

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        with self._device() as device:
            return self._engines[device].run([_on(job, device) for job in jobs])

    def close(self) -> None:
        with ExitStack() as closing:
            for engine in self._engines:
                closing.callback(engine.close)

    @contextmanager
    def _device(self) -> Iterator[int]:
        with self._lock:
            device = self._placement.take()
        failed = True
        try:
            yield device
            failed = False
        finally:
            with self._lock:
                self._placement.give_back(device, failed=failed)


def load_on_all(
    factory: Callable[[EngineSettings], Engine], settings: EngineSettings, devices: int
) -> Engine:
    """One engine for each device; with a single one, just that.

    Raises:
        SetupError: as the factory. Those loaded before are closed.
    """
    if devices <= 1:
        return factory(settings)
    with ExitStack() as loaded:
        engines = []
        for index in range(devices):
            engine = factory(replace(settings, device_index=index))
            loaded.callback(engine.close)
            engines.append(engine)
        loaded.pop_all()
    return Fleet(engines)


def _on(job: Job, device: int) -> Job:
    return replace(job, stream=job.stream[device])
