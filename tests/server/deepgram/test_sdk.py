"""Deepgram's own SDKs, unmodified, against a running server.

``scripts/test-clients`` runs older ones, LiveKit and pipecat.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment

from livestt.testing import decode_file

from ..conftest import FIXTURES, Lent, Serve
from ..running import PATIENCE, Running, check_heard

# The SDK uses names that websockets and pydantic would like to retire.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NAME = "awb-01"
SPEECH = FIXTURES / "speech" / f"{NAME}.flac"
PCM: dict[str, Any] = {"model": "nova-3", "encoding": "linear16", "sample_rate": "16000"}


@pytest.fixture(scope="module")
def server(serve_all: Serve, lent_whisper: Lent) -> Running:
    return serve_all(lent_whisper, vad=True, language="en", audio_max_len=8)


@pytest.fixture(scope="module")
def text(recordings: list[dict[str, Any]]) -> str:
    return next(row["text"] for row in recordings if row["id"] == NAME)


def environment(server: Running) -> DeepgramClientEnvironment:
    socket = server.http.replace("http", "ws", 1)
    return DeepgramClientEnvironment(
        base=server.http, production=socket, agent=socket, agent_rest=server.http
    )


def pcm() -> bytes:
    return np.round(decode_file(SPEECH) * 32767).astype("<i2").tobytes()


async def say(connection: Any, hear: Callable[[Any], None]) -> None:
    """Send the recording, then listen until the server closes."""
    connection.on(EventType.MESSAGE, hear)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(connection.start_listening())
        data = pcm()
        for at in range(0, len(data), 3_200):
            await connection.send_media(data[at : at + 3_200])
        await connection.send_close_stream()


def test_live(server: Running, text: str) -> None:
    heard: list[Any] = []

    async def main() -> None:
        client = AsyncDeepgramClient(api_key="any", environment=environment(server))
        options = {"interim_results": "true", "punctuate": "true", "vad_events": "true"}
        async with client.listen.v1.connect(**PCM, **options) as connection:
            await say(connection, heard.append)

    asyncio.run(main())
    finals = [m for m in heard if m.type == "Results" and m.is_final]
    told = [m.channel.alternatives[0].transcript for m in finals]
    check_heard(" ".join(filter(None, told)), text)
    assert any(m.speech_final for m in finals)
    assert heard[0].type == "SpeechStarted"
    assert heard[-1].type == "Metadata"
    assert all(type(message).__name__.startswith("ListenV1") for message in heard)


def test_turns(server: Running, text: str) -> None:
    heard: list[Any] = []

    async def main() -> None:
        client = AsyncDeepgramClient(api_key="any", environment=environment(server))
        async with client.listen.v2.connect(**{**PCM, "model": "flux-general-en"}) as connection:
            await say(connection, heard.append)

    asyncio.run(main())
    ends = [m.transcript for m in heard if getattr(m, "event", "") == "EndOfTurn"]
    assert len(ends) == 1
    check_heard(ends[0], text)
    assert heard[0].type == "Connected"


@pytest.fixture
def client(server: Running) -> Iterator[DeepgramClient]:
    """The SDK does not close its connections by itself."""
    with httpx.Client(timeout=PATIENCE) as connections:
        yield DeepgramClient(
            api_key="any", environment=environment(server), httpx_client=connections
        )


def test_file(client: DeepgramClient, text: str) -> None:
    answer = client.listen.v1.media.transcribe_file(
        request=SPEECH.read_bytes(), model="nova-3", smart_format=True, utterances=True
    )
    alternative = answer.results.channels[0].alternatives[0]
    assert alternative.transcript == text
    assert alternative.paragraphs.paragraphs[0].sentences[0].text == text
    assert answer.results.utterances[0].transcript == text
    assert answer.metadata.duration == pytest.approx(2.955, abs=0.1)


def test_a_refusal(client: DeepgramClient) -> None:
    with pytest.raises(ApiError) as refusal:
        client.listen.v1.media.transcribe_file(request=b"no audio", model="nova-3")
    assert refusal.value.status_code == 400
    assert "err_code" in json.dumps(refusal.value.body)


ROOT = Path(__file__).parents[3]
NODE = shutil.which("node")


@pytest.mark.skipif(
    not (NODE and (ROOT / "node_modules" / "@deepgram").exists()), reason="npm ci has not been run"
)
def test_javascript(server: Running, text: str, tmp_path: Path) -> None:
    """Live, a file and turns."""
    with wave.open(str(tmp_path / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm())
    script = ROOT / "tests" / "clients" / "deepgram_node.mjs"
    run = subprocess.run(
        [NODE or "", script, server.http, tmp_path / "speech.wav"],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [f"{what}: {text}" for what in ("live", "file", "turns")]
