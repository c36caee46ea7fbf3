# /// script
# requires-python = ">=3.11"
# dependencies = ["wyoming>=1.10", "audioop-lts; python_version >= '3.13'"]
# ///
"""What Home Assistant does: send a recording over Wyoming, get its words while it plays.

    livestt serve --wyoming-port 10300
    uv run examples/wyoming_client.py speech.wav [tcp://localhost:10300]

The file (linear PCM) is sent at the speed at which it was spoken.
"""

import asyncio
import sys
import wave

from wyoming.asr import Transcribe, Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error

if len(sys.argv) < 2:
    raise SystemExit(__doc__)
path = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "tcp://localhost:10300"


async def speak(client: AsyncClient) -> None:
    with wave.open(path) as file:
        sound = {
            "rate": file.getframerate(),
            "width": file.getsampwidth(),
            "channels": file.getnchannels(),
        }
        await client.write_event(Transcribe().event())
        await client.write_event(AudioStart(**sound).event())
        while data := file.readframes(file.getframerate() // 10):
            await client.write_event(AudioChunk(audio=data, **sound).event())
            await asyncio.sleep(0.1)
        await client.write_event(AudioStop().event())


async def main() -> None:
    async with AsyncClient.from_uri(server) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(speak(client))
        while (event := await client.read_event()) is not None:
            if TranscriptChunk.is_type(event.type):
                print(TranscriptChunk.from_event(event).text, end="", flush=True)
            elif Transcript.is_type(event.type):
                print(f"\n\nThe whole: {Transcript.from_event(event).text}")
                break
            elif Error.is_type(event.type):
                raise SystemExit(Error.from_event(event).text)


try:
    asyncio.run(main())
except* (OSError, wave.Error, EOFError) as group:
    raise SystemExit(f"{path} at {server}: {group.exceptions[0]}") from None
