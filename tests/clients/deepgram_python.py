"""The Deepgram Python SDK, generation 5 and later: live, files and turns."""

import asyncio
import sys
import wave
from importlib.metadata import version
from pathlib import Path

from deepgram import AsyncDeepgramClient
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment

base, path = sys.argv[1:3]
RECORDING = Path(path).read_bytes()
socket = base.replace("http", "ws", 1)


def environment() -> DeepgramClientEnvironment:
    """All addresses the SDK wants; generation 5 knows one fewer."""
    places = {"base": base, "production": socket, "agent": socket}
    try:
        return DeepgramClientEnvironment(**places, agent_rest=base)
    except TypeError:
        return DeepgramClientEnvironment(**places)


async def live(client: AsyncDeepgramClient) -> str:
    finals = []

    def hear(message: object) -> None:
        if getattr(message, "type", "") == "Results" and message.is_final:
            finals.append(message.channel.alternatives[0].transcript)

    options = {"model": "nova-3", "language": "en", "encoding": "linear16", "sample_rate": "16000",
               "interim_results": "true", "punctuate": "true"}  # fmt: skip
    async with client.listen.v1.connect(**options) as connection:
        connection.on(EventType.MESSAGE, hear)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(connection.start_listening())
            with wave.open(path) as file:
                while data := file.readframes(1600):
                    await connection.send_media(data)
            await finish(connection)
    return " ".join(filter(None, finals))


async def finish(connection: object) -> None:
    """Say that the audio has ended."""
    if hasattr(connection, "send_close_stream"):
        await connection.send_close_stream()
    else:
        from deepgram.extensions.types.sockets import ListenV1ControlMessage

        await connection.send_control(ListenV1ControlMessage(type="CloseStream"))


async def file(client: AsyncDeepgramClient) -> str:
    options = {"model": "nova-3", "smart_format": True}
    answer = await client.listen.v1.media.transcribe_file(request=RECORDING, **options)
    return answer.results.channels[0].alternatives[0].transcript


async def turns(client: AsyncDeepgramClient) -> str:
    ends = []

    def hear(message: object) -> None:
        if getattr(message, "event", "") == "EndOfTurn":
            ends.append(message.transcript)

    options = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": "16000"}
    async with client.listen.v2.connect(**options) as connection:
        connection.on(EventType.MESSAGE, hear)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(connection.start_listening())
            with wave.open(path) as file:
                while data := file.readframes(1280):
                    await connection.send_media(data)
            await finish(connection)
    return " ".join(ends)


async def main() -> None:
    client = AsyncDeepgramClient(api_key="any", environment=environment())
    print("live:", await live(client))
    print("file:", await file(client))
    if not version("deepgram-sdk").startswith("5."):
        print("turns:", await turns(client))


asyncio.run(main())
