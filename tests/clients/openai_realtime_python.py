"""The OpenAI Python SDK's Realtime connections: async, sync, the beta, and an ephemeral key."""

import asyncio
import base64
import sys
import wave
from array import array
from collections.abc import Iterator

from openai import AsyncOpenAI, OpenAI

base, path = sys.argv[1:3]
options = {
    "api_key": "any",
    "base_url": f"{base}/v1",
    "websocket_base_url": f"{base.replace('http', 'ws', 1)}/v1",
}
WORDS = "conversation.item.input_audio_transcription."
SESSION = {
    "type": "transcription",
    "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}}},
}


def chunks() -> Iterator[str]:
    """The recording at 24 kHz, as the API wants it, and silence that ends the sentence."""
    with wave.open(path) as file:
        heard = array("h", file.readframes(file.getnframes()))
    heard.extend([0] * 16_000)
    places = (i * 2 / 3 for i in range((len(heard) - 1) * 3 // 2))
    audio = array("h", (round(heard[int(p)] + (heard[int(p) + 1] - heard[int(p)]) * (p % 1))
                        for p in places)).tobytes()  # fmt: skip
    for start in range(0, len(audio), 4800):
        yield base64.b64encode(audio[start : start + 4800]).decode()


async def live() -> str:
    """The server detects the turn."""
    async with AsyncOpenAI(**options).realtime.connect(
        extra_query={"intent": "transcription"}
    ) as connection:
        await connection.session.update(session=SESSION)
        for audio in chunks():
            await connection.input_audio_buffer.append(audio=audio)
        async for event in connection:
            if event.type == f"{WORDS}completed":
                return event.transcript
    return ""


def sync() -> str:
    """The client commits."""
    turns = {**SESSION["audio"]["input"], "turn_detection": None}
    deltas = []
    with OpenAI(**options).realtime.connect(extra_query={"intent": "transcription"}) as connection:
        connection.session.update(session={"type": "transcription", "audio": {"input": turns}})
        for audio in chunks():
            connection.input_audio_buffer.append(audio=audio)
        connection.input_audio_buffer.commit()
        for event in connection:
            if event.type == f"{WORDS}delta":
                deltas.append(event.delta)
            elif event.type == f"{WORDS}completed":
                return event.transcript if event.transcript == "".join(deltas) else ""
    return ""


async def beta() -> str:
    """As it was before the API became stable."""
    session = {"input_audio_format": "pcm16", "input_audio_transcription": {"model": "whisper-1"}}
    async with AsyncOpenAI(**options).beta.realtime.connect(
        model="gpt-4o-transcribe", extra_query={"intent": "transcription"}
    ) as connection:
        await connection.transcription_session.update(session=session)
        for audio in chunks():
            await connection.input_audio_buffer.append(audio=audio)
        async for event in connection:
            if event.type == f"{WORDS}completed":
                return event.transcript
    return ""


def ephemeral() -> str:
    """A key for a browser, and the session that it was made for."""
    made = OpenAI(**options).realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 60}, session=SESSION
    )
    with OpenAI(**{**options, "api_key": made.value}).realtime.connect(
        extra_query={"intent": "transcription"}
    ) as connection:
        for audio in chunks():
            connection.input_audio_buffer.append(audio=audio)
        for event in connection:
            if event.type == f"{WORDS}completed":
                return event.transcript
    return ""


print("live:", asyncio.run(live()))
print("sync:", sync())
print("beta:", asyncio.run(beta()))
print("ephemeral:", ephemeral())
