"""Several sessions at once, and more audio than the engine can take."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from livestt.engines.scripted import script_of

from ..conftest import Serve
from ..engines import Gated, Watched
from ..running import converse, wait_until

TEXT = " ".join(f"word{i}" for i in range(20))
AUDIO = bytes(32_000 * 9)
RAW = {"encoding": "s16le"}


def test_sessions_do_not_affect_each_other(serve: Serve) -> None:
    engine = Watched(script_of(TEXT))
    server = serve(engine)
    queries = [
        {"language": "fr", "mode": "diff", **RAW},
        {"language": "de", "words": "true", "encoding": "mulaw", "sample_rate": 32_000},
    ]

    async def both() -> list[tuple[str, set[str | None]]]:
        told = await asyncio.gather(
            *(converse(server.url(**q), [AUDIO[:96_000]] * 3 + [b""]) for q in queries)
        )
        return [(t.text, {line.language for line in t.state.lines}) for t in told]

    french, german = asyncio.run(both())
    assert french == (TEXT, {"fr"})
    assert german == (TEXT, {"de"})
    asked = {stream.options.language: id(stream) for stream in engine.streams}
    assert engine.languages == {(asked["fr"], "fr"), (asked["de"], "de")}


def test_eight_sessions_share_batches_and_keep_their_order(serve: Serve) -> None:
    engine = Gated(script_of(TEXT))
    server = serve(engine)

    frames = [*(AUDIO[i : i + 3200] for i in range(0, len(AUDIO), 3200)), b""]

    async def eight() -> list[str]:
        async with asyncio.TaskGroup() as group:
            talks = [group.create_task(converse(server.url(**RAW), frames)) for _ in range(8)]
            await asyncio.to_thread(wait_until, lambda: len(server.sessions) == 8)
            stats = server.services.scheduler.stats
            await asyncio.to_thread(wait_until, lambda: stats.waiting > 1)
            engine.gate.set()
        return [talk.result().text for talk in talks]

    assert asyncio.run(eight()) == [TEXT] * 8
    assert max(engine.batches) > 1


def test_a_sender_waits_while_the_engine_is_behind(serve: Serve) -> None:
    engine = Gated(script_of(TEXT))
    server = serve(engine, seconds_ahead=2.0)

    async def push() -> tuple[int, str]:
        async with connect(
            server.url(**RAW), compression=None, max_size=None, max_queue=None, write_limit=0
        ) as client:
            sent = 0
            try:
                async with asyncio.timeout(2.0):
                    while True:
                        await client.send(AUDIO)
                        sent += 1
            except TimeoutError:
                pass
            engine.gate.set()
            return sent, client.protocol.state.name

    sent, state = asyncio.run(push())
    assert state == "OPEN"
    assert 1 <= sent < 60  # what the sockets between the two hold, and no more


def test_hours_of_audio_at_full_speed_take_no_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    script = Path(__file__).with_name("long_session.py")
    result = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=200, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    words, expected, early, late = map(int, result.stdout.split()[-4:])
    assert words == expected
    assert late - early < 20 << 20, f"grew from {early} to {late} bytes"
