# /// script
# requires-python = ">=3.11"
# dependencies = ["openai[realtime]>=3.51"]
# ///
"""Live captions of a WAV file with OpenAI's Python SDK over Realtime, against livestt.

    uv run examples/openai_realtime.py speech.wav [http://localhost:8000]

The file (16 bit, mono) is sent at the speed at which it was spoken, as a microphone would.
"""

import asyncio
import base64
import os
import sys
import wave

from openai import AsyncOpenAI
from websockets.exceptions import InvalidStatus

if len(sys.argv) < 2:
    raise SystemExit(__doc__)
path = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "http://localhost:8000"
client = AsyncOpenAI(api_key=os.environ.get("LIVESTT_API_KEY", "none"), base_url=f"{server}/v1")
WORDS = "conversation.item.input_audio_transcription"
PATIENCE = 3
"""Seconds without news, after the end of the file, that mean that all has been said."""


async def speak(connection: object, file: wave.Wave_read) -> None:
    """A tenth of a second at a time, and a second of silence that ends the last sentence."""
    rate = file.getframerate()
    while data := file.readframes(rate // 10):
        await connection.input_audio_buffer.append(audio=base64.b64encode(data).decode())
        await asyncio.sleep(0.1)
    await connection.input_audio_buffer.append(audio=base64.b64encode(bytes(2 * rate)).decode())


async def main() -> None:
    with wave.open(path) as file:
        sound = {
            # livestt takes any rate, OpenAI 24000 only.
            "format": {"type": "audio/pcm", "rate": file.getframerate()},
            "transcription": {"model": "gpt-4o-transcribe"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
        }
        async with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            await connection.session.update(
                session={"type": "transcription", "audio": {"input": sound}}
            )
            async with asyncio.TaskGroup() as tasks:
                speaking = tasks.create_task(speak(connection, file))
                await show(connection, speaking)


async def show(connection: object, speaking: asyncio.Task[None]) -> None:
    """Words as soon as they are sure, a line for each utterance."""
    while True:
        try:
            event = await asyncio.wait_for(connection.recv(), PATIENCE)
        except TimeoutError:
            if speaking.done():
                return
            continue
        if event.type == f"{WORDS}.delta":
            print(event.delta, end="", flush=True)
        elif event.type == f"{WORDS}.completed":
            print()
        elif event.type == "error":
            raise SystemExit(event.error.message)


try:
    asyncio.run(main())
except InvalidStatus as error:
    status = error.response.status_code
    wrong = "it needs another key; set LIVESTT_API_KEY" if status == 401 else error
    raise SystemExit(f"{server}: {wrong}") from None
except (OSError, wave.Error, EOFError) as error:
    raise SystemExit(f"{path} at {server}: {error}") from None
