"""Two hours of audio through a real server in its own process; prints words and memory."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from websockets.asyncio.client import connect

from livestt.client.state import CaptionState
from livestt.engines.scripted import ScriptedEngine, ScriptedWord
from livestt.server.app import create_app
from livestt.server.run import Server, config
from livestt.settings import Settings

HOURS = 2
PACE = 16_000
FRAME = 8_000 * 5


class Counting(ScriptedEngine):
    """Says one number a second; where a script would have to be read to its end, it counts."""

    def words_from(self, start: int, until: int) -> Iterator[ScriptedWord]:
        for i in range(start // PACE, until // PACE + 1):
            if (i * PACE) + PACE // 4 <= until:
                yield ScriptedWord(f" {i}", i * PACE, i * PACE + PACE // 2)

    def answer(self, job):  # type: ignore[no-untyped-def]
        self._begin = job.start
        return super().answer(job)

    def _words(self, until: int) -> Iterator[ScriptedWord]:
        return self.words_from(self._begin, until)


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def main(port: int) -> None:
    url = f"ws://127.0.0.1:{port}/asr?encoding=mulaw&sample_rate=8000&mode=diff"
    early, state = 0, CaptionState()
    async with connect(url, compression=None, max_size=None) as client:

        async def send() -> None:
            for _ in range(HOURS * 3600 * 8000 // FRAME):
                await client.send(bytes(FRAME))
            await client.send(b"")

        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            async for text in client:
                message = json.loads(text)
                state.apply(message)
                if state.audio_received > 2400 and not early:
                    early = resident()
                if state.finished:
                    break
    late = resident()
    last = int(state.lines[-1].text.split()[-1])
    in_view = [int(word) for line in state.lines for word in (line.text or "").split()]
    assert in_view == list(range(in_view[0], last + 1)), "words are missing or doubled"
    sys.stdout.write(f"{last + 1} {HOURS * 3600} {early} {late}\n")


if __name__ == "__main__":
    settings = Settings(port=0, vad=False, log_level="error", retention_seconds=600)
    server = Server(config(create_app(Counting(), settings), settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        asyncio.run(main(server.servers[0].sockets[0].getsockname()[1]))
    finally:
        server.should_exit = True
        thread.join()
