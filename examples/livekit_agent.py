# /// script
# requires-python = ">=3.11"
# dependencies = ["livekit-agents>=1.8", "livekit-plugins-deepgram>=1.8"]
# ///
"""A LiveKit agent whose ears are livestt: it writes down what is said in a room.

    uv run examples/livekit_agent.py dev                  # joins the rooms of a LiveKit server
    uv run examples/livekit_agent.py file speech.wav      # the same session, fed from a file

LIVESTT_URL names the livestt server (http://localhost:8000). For rooms, LiveKit's own variables
LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are needed too.
"""

import asyncio
import logging
import os
import sys
import wave

import aiohttp
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    JobContext,
    TurnHandlingOptions,
    cli,
)
from livekit.agents.voice.events import CloseEvent, UserInputTranscribedEvent
from livekit.agents.voice.io import AudioInput
from livekit.plugins import deepgram

LIVESTT = os.environ.get("LIVESTT_URL", "http://localhost:8000")
KEY = os.environ.get("LIVESTT_API_KEY", "none")
server = AgentServer()


def listening(**more: object) -> AgentSession:
    """A session that listens, and prints what it hears."""
    ears = deepgram.STT(base_url=f"{LIVESTT}/v1/listen", api_key=KEY, **more)
    session = AgentSession(stt=ears, turn_handling=TurnHandlingOptions(turn_detection="stt"))

    @session.on("user_input_transcribed")
    def show(event: UserInputTranscribedEvent) -> None:
        print(f"\r\033[K{event.transcript}", end="\n" if event.is_final else "", flush=True)

    return session


@server.rtc_session()
async def join(context: JobContext) -> None:
    """Someone has opened a room."""
    await listening().start(Agent(instructions="Listen."), room=context.room)


class Recording(AudioInput):
    """A WAV file of 16 bits as a microphone, with a second of silence at its end."""

    def __init__(self, path: str) -> None:
        super().__init__(label="recording")
        self.over = asyncio.Event()
        with wave.open(path) as file:
            self._rate = file.getframerate()
            silence = bytes(2 * self._rate)
            self._left = file.readframes(file.getnframes()) + silence

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(0.05)
        size = self._rate // 20 * 2
        data, self._left = self._left[:size], self._left[size:]
        if not data:
            self.over.set()
            raise StopAsyncIteration
        return rtc.AudioFrame(data, self._rate, 1, len(data) // 2)


async def hear(path: str) -> None:
    """What `join` does, with a recording in the place of a room."""
    async with aiohttp.ClientSession() as connections:
        session = listening(http_session=connections)
        recording = Recording(path)
        session.input.audio = recording
        failures: list[Exception] = []

        @session.on("close")
        def closed(event: CloseEvent) -> None:
            failures.extend([event.error.error] if event.error else [])
            recording.over.set()

        await session.start(Agent(instructions="Listen."), record=False)
        await recording.over.wait()
        await session.aclose()
    for failure in failures:
        wrong = getattr(failure, "status_code", None) == 401
        why = "it needs another key; set LIVESTT_API_KEY" if wrong else failure
        raise SystemExit(f"{LIVESTT}: {why}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["file"]:
        if len(sys.argv) < 3:
            raise SystemExit(__doc__)
        logging.getLogger("livekit.agents").setLevel(logging.CRITICAL)  # `hear` says why it ends
        try:
            asyncio.run(hear(sys.argv[2]))
        except (OSError, wave.Error, EOFError) as error:
            raise SystemExit(f"{sys.argv[2]} at {LIVESTT}: {error}") from None
    else:
        cli.run_app(server)
