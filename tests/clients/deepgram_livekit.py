"""LiveKit's Deepgram plugin: live."""

import asyncio
import sys
import wave

import aiohttp
from livekit import rtc
from livekit.agents import stt
from livekit.plugins import deepgram

base, path = sys.argv[1:3]


async def main() -> None:
    async with aiohttp.ClientSession() as session:
        engine = deepgram.STT(api_key="any", base_url=f"{base}/v1/listen", http_session=session)
        stream = engine.stream()
        with wave.open(path) as file:
            while data := file.readframes(800):
                stream.push_frame(rtc.AudioFrame(data, 16_000, 1, len(data) // 2))
        stream.end_input()
        finals = [
            event.alternatives[0].text
            async for event in stream
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT
        ]
        await stream.aclose()
    print("live:", " ".join(finals))


asyncio.run(main())
