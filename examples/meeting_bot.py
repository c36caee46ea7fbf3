# /// script
# requires-python = ">=3.11"
# dependencies = ["websockets>=15"]
# ///
"""Notes of a meeting from two channels: what you say, and what the others say.

    uv run examples/meeting_bot.py mine.wav theirs.wav [http://localhost:8000]
    ... | uv run examples/meeting_bot.py - [http://localhost:8000]

The first form plays two WAV files (16 kHz, 16 bits, mono) at the same time. The second reads
interleaved samples of that kind from another program, for instance on Linux the microphone and
what the loudspeaker plays:

    ffmpeg -loglevel error -f pulse -i default -f pulse -i @DEFAULT_MONITOR@ \
        -filter_complex amerge -ac 2 -ar 16000 -f s16le - | uv run examples/meeting_bot.py -

Each channel is transcribed on its own, so nobody has to be told apart by their voice.
"""

import asyncio
import json
import os
import sys
import wave
from collections.abc import AsyncIterator
from itertools import zip_longest

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

NAMES = ("You", "Others")
PIECE = 1600
"""Samples: a tenth of a second."""


async def meeting(paths: list[str]) -> AsyncIterator[bytes]:
    """Pieces of interleaved samples."""
    if paths == ["-"]:
        while data := await asyncio.to_thread(sys.stdin.buffer.read, PIECE * 4):
            yield data
        return
    mine, theirs = (samples(path) for path in paths)
    pairs = [a + b for a, b in zip_longest(mine, theirs, fillvalue=bytes(2))]
    for at in range(0, len(pairs), PIECE):
        yield b"".join(pairs[at : at + PIECE])
        await asyncio.sleep(PIECE / 16_000)


def samples(path: str) -> list[bytes]:
    with wave.open(path) as file:
        form = (file.getframerate(), file.getsampwidth(), file.getnchannels())
        assert form == (16_000, 2, 1), "WAV files of 16 kHz, 16 bits, mono, please"
        data = file.readframes(file.getnframes())
    return [data[at : at + 2] for at in range(0, len(data), 2)]


async def speak(connection: ClientConnection, paths: list[str]) -> None:
    async for data in meeting(paths):
        await connection.send(data)
    await connection.send(json.dumps({"type": "CloseStream"}))


async def main() -> None:
    given = sys.argv[1:]
    if not given:
        raise SystemExit(__doc__)
    server = given.pop() if given[-1].startswith("http") else "http://localhost:8000"
    address = (
        f"{server.replace('http', 'ws', 1)}/v1/listen?encoding=linear16&sample_rate=16000"
        "&channels=2&multichannel=true&smart_format=true"
    )
    key = {"authorization": f"Token {os.environ.get('LIVESTT_API_KEY', 'none')}"}
    async with connect(address, additional_headers=key) as connection, asyncio.TaskGroup() as tasks:
        tasks.create_task(speak(connection, given))
        async for text in connection:
            message = json.loads(text)
            if message["type"] == "Results" and message["channel"]["alternatives"][0]["transcript"]:
                name = NAMES[message["channel_index"][0]]
                said = message["channel"]["alternatives"][0]["transcript"]
                print(f"{message['start']:7.1f} s  {name}: {said}", flush=True)


try:
    asyncio.run(main())
except* InvalidStatus as group:
    [error] = group.exceptions
    status = error.response.status_code
    wrong = "it needs another key; set LIVESTT_API_KEY" if status == 401 else error
    raise SystemExit(f"the server: {wrong}") from None
except* (OSError, wave.Error, EOFError) as group:
    raise SystemExit(f"{' '.join(sys.argv[1:])}: {group.exceptions[0]}") from None
