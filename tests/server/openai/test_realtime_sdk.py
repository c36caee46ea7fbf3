"""OpenAI's Python SDK talks to a running server, unmodified but for its base address."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import pytest

from livestt.engines.scripted import script_of

from ..conftest import Serve
from ..engines import Watched
from ..running import PATIENCE, Running

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.filterwarnings(
    "ignore:connect\\(\\) must be used:DeprecationWarning"  # the SDK's way with websockets 17
)

TEXT = "One two three four."
WORDS = "conversation.item.input_audio_transcription"
SESSION = {
    "type": "transcription",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
            "turn_detection": None,
        }
    },
}


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of(TEXT)))


def addresses(server: Running) -> dict[str, str]:
    return {
        "api_key": "any",
        "base_url": f"{server.http}/v1",
        "websocket_base_url": f"ws://127.0.0.1:{server.port}/v1",
    }


def audio() -> Iterator[str]:
    """Two seconds at 24 kHz."""
    for _ in range(20):
        yield base64.b64encode(bytes(4_800)).decode()


def test_sync(server: Running) -> None:
    told: list[Any] = []
    with openai.OpenAI(**addresses(server)) as client, client.realtime.connect(
        extra_query={"intent": "transcription"}
    ) as connection:  # fmt: skip
        connection.session.update(session=SESSION)
        for piece in audio():
            connection.input_audio_buffer.append(audio=piece)
        connection.input_audio_buffer.commit()
        for event in connection:
            told.append(event)
            if event.type == f"{WORDS}.completed":
                break
    kinds = [event.type for event in told]
    assert kinds[:2] == ["session.created", "session.updated"]
    assert "conversation.item.done" in kinds
    assert told[-1].transcript == TEXT
    assert told[-1].usage.seconds == 2
    assert "".join(event.delta for event in told if event.type == f"{WORDS}.delta") == TEXT
    assert told[1].session.audio.input.transcription.language == "en"


def test_async_in_the_words_of_the_beta(server: Running) -> None:
    async def talk() -> str:
        async with (
            asyncio.timeout(PATIENCE),
            openai.AsyncOpenAI(**addresses(server)) as client,
            client.beta.realtime.connect(
                model="gpt-4o-transcribe", extra_query={"intent": "transcription"}
            ) as connection,
        ):
            await connection.transcription_session.update(
                session={"input_audio_format": "pcm16", "turn_detection": None}  # type: ignore[typeddict-item]
            )
            for piece in audio():
                await connection.input_audio_buffer.append(audio=piece)
            await connection.input_audio_buffer.commit()
            async for event in connection:
                if event.type == f"{WORDS}.completed":
                    return str(event.transcript)
        return ""

    assert asyncio.run(talk()) == TEXT


def test_an_error_reaches_the_program(server: Running) -> None:
    with openai.OpenAI(**addresses(server)) as client, client.realtime.connect(
        extra_query={"intent": "transcription"}
    ) as connection:  # fmt: skip
        connection.response.create(event_id="mine")
        error = next(event for event in connection if event.type == "error").error
    assert error.event_id == "mine"
    assert error.param == "type"


def test_a_key_for_a_browser(server: Running) -> None:
    with openai.OpenAI(**addresses(server)) as client:
        made = client.realtime.client_secrets.create(session=SESSION)
    assert made.value.startswith("ek_")
    assert made.session.audio.input.transcription.language == "en"
