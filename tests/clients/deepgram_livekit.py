"""LiveKit's Deepgram plugin: live, files and turns."""

import asyncio
import sys
import wave

import aiohttp
from livekit import rtc
from livekit.agents import stt
from livekit.plugins import deepgram

base, path = sys.argv[1:3]


def frames() -> list[rtc.AudioFrame]:
    """The recording in pieces of 50 ms."""
    with wave.open(path) as file:
        pieces = iter(lambda: file.readframes(800), b"")
        return [rtc.AudioFrame(data, 16_000, 1, len(data) // 2) for data in pieces]


async def live(engine: stt.STT) -> str:
    stream = engine.stream()
    for frame in frames():
        stream.push_frame(frame)
    stream.end_input()
    finals = [
        event.alternatives[0].text
        async for event in stream
        if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT
    ]
    await stream.aclose()
    return " ".join(finals)


async def main() -> None:
    socket = base.replace("http", "ws", 1)
    async with aiohttp.ClientSession() as session:
        given = {"api_key": "any", "http_session": session}
        engine = deepgram.STT(base_url=f"{base}/v1/listen", **given)
        print("live:", await live(engine))
        heard = await engine.recognize(frames())
        print("file:", heard.alternatives[0].text)
        turns = deepgram.STTv2(base_url=f"{socket}/v2/listen", **given)
        print("turns:", await live(turns))


asyncio.run(main())
