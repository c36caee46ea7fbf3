"""What a session said is written to its end, however slow the disk is."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import numpy as np
import pytest
from anyio import to_thread

from livestt.errors import UnknownSession
from livestt.server.storing import tape as tapes
from livestt.server.storing.recordings import HEADER, Recordings
from livestt.server.storing.tape import Tape
from livestt.store import StoreStats


def get(session: str) -> None:
    raise UnknownSession("not yet")


STORE: Any = SimpleNamespace(trouble=None, stats=StoreStats(), get=get)


class Slow(Recordings):
    """Its first write waits for `go`, inside, and no two are ever there at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1_000_000, STORE)
        self.begun, self.go = threading.Event(), threading.Event()
        self.inside = self.most_inside = 0

    def _take(self, growth: int) -> None:
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        self.begun.set()
        self.go.wait(30)
        super()._take(growth)
        self.inside -= 1


def told(warning: Any) -> None:
    raise AssertionError(warning)


@pytest.mark.anyio
async def test_what_is_being_written_when_a_session_ends_is_no_hole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tapes, "EVERY", 0.001)
    slow = Slow(tmp_path)
    tape = Tape(slow, "a", 0, told)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tape.run)
        tape.receive(np.full(100, 0.25, np.float32))
        await to_thread.run_sync(slow.begun.wait, 30)
        tape.receive(np.full(50, 0.5, np.float32))
        tasks.cancel_scope.cancel()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: tape.finish(stored=False))
        await anyio.wait_all_tasks_blocked()
        slow.go.set()
    path = slow.find("a")
    assert path is not None
    written = np.frombuffer(path.read_bytes()[HEADER:], "<i2")
    assert written.tolist() == [8192] * 100 + [16384] * 50
    assert slow.most_inside == 1
    assert slow.used == path.stat().st_size


@pytest.mark.anyio
@pytest.mark.parametrize("stored", [False, True])
async def test_a_recording_stays_until_its_transcript_can_be_known(
    tmp_path: Path, stored: bool
) -> None:
    kept = Recordings(tmp_path, 1_000_000, STORE)
    tape = Tape(kept, "a", 0, told)
    tape.receive(np.full(100, 0.25, np.float32))
    await tape.finish(stored=stored)
    assert (kept.find("a") is None) is stored


def test_a_disk_that_is_too_slow_ends_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[Any] = []
    monkeypatch.setattr(tapes, "MOST_WAITING", 100)
    tape = Tape(SimpleNamespace(), "a", 0, warned.append)  # type: ignore[arg-type]
    tape.receive(np.zeros(100, np.float32))
    assert tape.running
    tape.receive(np.zeros(1, np.float32))
    tape.receive(np.zeros(1, np.float32))
    assert not tape.running
    assert [warning.code for warning in warned] == ["recording_stopped"]
