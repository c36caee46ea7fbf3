"""LiveKit's OpenAI plugin over Realtime: the server's voice detection, and LiveKit's own."""

import asyncio
import sys
import wave

from livekit import rtc
from livekit.agents import stt, utils
from livekit.plugins import openai

base, path = sys.argv[1:3]


async def live(model: str) -> str:
    engine = openai.STT(
        api_key="any", base_url=f"{base}/v1", model=model, use_realtime=True, language="en"
    )
    stream = engine.stream()
    with wave.open(path) as file:
        audio = file.readframes(file.getnframes()) + bytes(48_000)
    for start in range(0, len(audio), 1600):
        data = audio[start : start + 1600]
        stream.push_frame(rtc.AudioFrame(data, 16_000, 1, len(data) // 2))
        await asyncio.sleep(0.01)
    async for event in stream:
        if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
            await stream.aclose()
            return event.alternatives[0].text
    return ""


async def main() -> None:
    async with utils.http_context.open():
        print("server vad:", await live("gpt-4o-transcribe"))
        print("own vad:", await live("gpt-live-transcribe"))


asyncio.run(main())
