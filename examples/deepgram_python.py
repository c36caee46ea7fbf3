# /// script
# requires-python = ">=3.11"
# dependencies = ["deepgram-sdk>=7.16"]
# ///
"""Live captions of a WAV file with Deepgram's Python SDK, against livestt.

    uv run examples/deepgram_python.py speech.wav [http://localhost:8000]

The file is sent at the speed at which it was spoken, as a microphone would. The server's key, if it
asks for one, is in LIVESTT_API_KEY.
"""

import asyncio
import os
import sys
import wave

from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment

if len(sys.argv) < 2:
    raise SystemExit(__doc__)
path = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "http://localhost:8000"
socket = server.replace("http", "ws", 1)
client = AsyncDeepgramClient(
    api_key=os.environ.get("LIVESTT_API_KEY", "none"),
    environment=DeepgramClientEnvironment(
        base=server, production=socket, agent=socket, agent_rest=server
    ),
)


def show(message: object) -> None:
    """Guesses on a line that is overwritten, finals on lines of their own."""
    if getattr(message, "type", None) != "Results":
        return
    text = message.channel.alternatives[0].transcript
    if text:
        print(f"\r\033[K{text}", end="\n" if message.is_final else "", flush=True)


async def main() -> None:
    with wave.open(path) as audio:
        if audio.getsampwidth() != 2:
            raise SystemExit(f"{path} has no samples of 16 bits.")
        async with client.listen.v1.connect(
            model="nova-3",
            encoding="linear16",
            sample_rate=audio.getframerate(),
            channels=audio.getnchannels(),
            interim_results=True,
            smart_format=True,
        ) as connection:
            connection.on(EventType.MESSAGE, show)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(connection.start_listening())
                while data := audio.readframes(audio.getframerate() // 10):
                    await connection.send_media(data)
                    await asyncio.sleep(0.1)
                await connection.send_close_stream()


try:
    asyncio.run(main())
except ApiError as error:
    wrong = "it needs another key; set LIVESTT_API_KEY" if error.status_code == 401 else error.body
    raise SystemExit(f"{server}: {wrong}") from None
except (OSError, wave.Error, EOFError) as error:
    raise SystemExit(f"{path} at {server}: {error}") from None
