"""Several engines as one, on devices that are not there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from livestt.engines import Engine, EngineSettings, Hypothesis, Job, StreamOptions
from livestt.engines.fleet import Fleet, load_on_all
from livestt.engines.scheduler import Scheduler, Ticket
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import EngineError

OPTIONS = StreamOptions(language="en")


class Gpu(ScriptedEngine):
    """An engine on a device of its own: its streams are its own, one batch at a time."""

    def __init__(self, index: int = 0, meet: threading.Barrier | None = None) -> None:
        super().__init__()
        self.capabilities = replace(self.capabilities, device="cuda", max_batch=2)
        self.index = index
        self.meet = meet
        self.broken = False
        self.batches = 0
        self.opened: list[str] = []
        self.closed = False
        self._busy = threading.Lock()

    def open(self, options: StreamOptions) -> str:
        self.opened.append(f"{self.index}:{len(self.opened)}")
        return self.opened[-1]

    def release(self, stream: str) -> None:  # type: ignore[override]
        self.opened.remove(stream)

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        assert self._busy.acquire(blocking=False), "two batches at once"
        try:
            self.batches += 1
            assert all(job.stream in self.opened for job in jobs)
            if self.broken:
                raise EngineError("fallen off the bus")
            if self.meet is not None:
                self.meet.wait(30)
            return super().run(jobs)
        finally:
            self._busy.release()

    def close(self) -> None:
        self.closed = True


def job(engine: Engine, end: int = 16_000) -> Job:
    return Job(engine.open(OPTIONS), np.zeros(end, np.float32), 0, False, OPTIONS)


def answered(scheduler: Scheduler, jobs: Sequence[Job]) -> list[Ticket]:
    done = threading.Semaphore(0)
    tickets = [scheduler.submit(one, 0.0, lambda: done.release()) for one in jobs]
    for _ in tickets:
        assert done.acquire(timeout=30)
    return tickets


def test_all_devices_work_at_the_same_time() -> None:
    meet = threading.Barrier(3)
    fleet = Fleet([Gpu(i, meet) for i in range(3)])
    assert fleet.capabilities.parallel == 3
    assert fleet.capabilities.device == "cuda x 3"
    scheduler = Scheduler(fleet)
    tickets = answered(scheduler, [job(fleet) for _ in range(3)])
    scheduler.close()
    assert all(ticket.failure is None for ticket in tickets)


def test_a_broken_device_costs_a_retry_and_no_job() -> None:
    devices = [Gpu(0), Gpu(1)]
    devices[0].broken = True
    scheduler = Scheduler(fleet := Fleet(devices))
    for _ in range(4):
        [ticket, _] = answered(scheduler, [job(fleet), job(fleet)])
    scheduler.close()
    assert ticket.failure is None
    assert devices[1].batches > devices[0].batches


def test_streams_are_opened_and_released_everywhere() -> None:
    devices = [Gpu(0), Gpu(1)]
    fleet = Fleet(devices)
    stream = fleet.open(OPTIONS)
    assert [len(device.opened) for device in devices] == [1, 1]
    fleet.reset(stream)
    fleet.release(stream)
    fleet.close()
    assert [device.opened for device in devices] == [[], []]
    assert all(device.closed for device in devices)


def test_one_engine_per_device() -> None:
    def load(settings: EngineSettings) -> Engine:
        return Gpu(settings.device_index)

    alone = load_on_all(load, EngineSettings(), 1)
    assert isinstance(alone, Gpu)
    both = load_on_all(load, EngineSettings(), 2)
    assert both.open(OPTIONS) == ("0:0", "1:0")


def test_what_was_loaded_is_closed_when_the_next_cannot_be() -> None:
    loaded: list[Gpu] = []

    def load(settings: EngineSettings) -> Engine:
        if settings.device_index == 2:
            raise EngineError("out of memory")
        loaded.append(Gpu(settings.device_index))
        return loaded[-1]

    with pytest.raises(EngineError, match="out of memory"):
        load_on_all(load, EngineSettings(), 3)
    assert [gpu.closed for gpu in loaded] == [True, True]
