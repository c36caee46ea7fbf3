"""A bad network and a killed server cost no word. The long run is ``scripts/chaos.py``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from livestt.bench.bad_network import BadNetwork, Trouble
from livestt.bench.chaos import Findings, chaos

pytestmark = pytest.mark.timeout(240)


def run(tmp_path: Path, **more: Any) -> Findings:
    store = tmp_path / "transcripts.db"
    return anyio.run(partial(chaos, store, sessions=3, words=80, speed=2.0, seed=1, **more))


def test_cuts_and_kills_cost_nothing(tmp_path: Path) -> None:
    trouble = Trouble(cut=0.02, most_cuts=6, delay=0.02, stall=0.01, stall_seconds=0.2)
    found = run(tmp_path, trouble=trouble, kills=2)
    assert found.clean, found
    assert found.words == 240
    assert found.kills >= 1
    assert found.resumed >= 1


def test_bytes_are_changed_and_counted() -> None:
    async def echo(stream: Any) -> None:
        async with stream:
            await stream.send(await stream.receive())

    async def talk() -> tuple[bytes, Trouble]:
        trouble = Trouble(corrupt=1.0)
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with (
            listener,
            anyio.create_task_group() as tasks,
            BadNetwork(port, trouble).open() as network,
        ):
            tasks.start_soon(listener.serve, echo)
            async with await anyio.connect_tcp("127.0.0.1", network.port) as stream:
                await stream.send(bytes(100))
                heard = await stream.receive()
            tasks.cancel_scope.cancel()
        return heard, trouble

    heard, trouble = anyio.run(talk)
    assert trouble.corruptions == 2
    assert 1 <= sum(map(bool, heard)) <= 2


def test_what_is_lost_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not come back."""
    monkeypatch.setattr("livestt.bench.chaos.PATIENCE", 0.0)
    found = run(tmp_path, trouble=Trouble(cut=0.05, most_cuts=3))
    assert not found.clean
    assert found.lost
    assert found.unfinished
