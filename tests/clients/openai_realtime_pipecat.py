"""pipecat's OpenAI Realtime service: it commits when its own voice detection says so, or leaves
turns to the server."""

import asyncio
import sys

from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat_pipeline import heard, recording

base, path = sys.argv[1:3]
socket = f"{base.replace('http', 'ws', 1)}/v1/realtime"


async def live(turn_detection: object) -> str:
    service = OpenAIRealtimeSTTService(
        api_key="any", base_url=socket, turn_detection=turn_detection
    )
    audio = recording(path) + bytes(32_000)
    return await heard(service, audio, lambda _: True, stops=not turn_detection)


async def main() -> None:
    print("own vad:", await live(False))
    print("server vad:", await live({"type": "server_vad"}))


asyncio.run(main())
