"""One server, every surface, the same words."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from urllib.request import Request, urlopen

import pytest

from livestt.engines.scripted import script_of

from .conftest import Serve
from .deepgram.client import CLOSE, PCM, converse
from .engines import Watched
from .openai.realtime_client import COMMIT, Client, append, update
from .running import Running
from .test_wyoming import SECOND
from .test_wyoming import Client as HomeAssistant
from .test_wyoming import transcript as wyoming_transcript

openai = pytest.importorskip("openai")

TEXT = "The same words for everybody, whoever asks."
AUDIO = SECOND * 4


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of(TEXT)), wyoming_port=0)


def file() -> tuple[str, bytes]:
    data = io.BytesIO()
    with wave.open(data, "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(AUDIO)
    return "talk.wav", data.getvalue()


def test_native(server: Running) -> None:
    assert server.talk(AUDIO, encoding="s16le").text == TEXT


def test_deepgram(server: Running) -> None:
    assert converse(server, [AUDIO, CLOSE], {**PCM, "punctuate": "true"}).text() == TEXT


def test_deepgram_file(server: Running) -> None:
    request = Request(f"{server.http}/v1/listen?punctuate=true", file()[1], method="POST")
    with urlopen(request) as answer:
        channel = json.load(answer)["results"]["channels"][0]
    assert channel["alternatives"][0]["transcript"] == TEXT


def test_realtime(server: Running) -> None:
    async def talk() -> list[str]:
        async with Client.at(server) as client:
            await client.send(update(turn_detection=None), append(AUDIO), COMMIT)
            await client.wait("completed")
            return client.transcripts

    assert asyncio.run(talk()) == [TEXT]


def test_openai_file(server: Running) -> None:
    with openai.OpenAI(api_key="any", base_url=f"{server.http}/v1") as client:
        assert client.audio.transcriptions.create(model="whisper-1", file=file()).text == TEXT


def test_openai_stream(server: Running) -> None:
    with openai.OpenAI(api_key="any", base_url=f"{server.http}/v1") as client:
        events = list(
            client.audio.transcriptions.create(model="whisper-1", file=file(), stream=True)
        )
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert "".join(deltas) == events[-1].text == TEXT


def test_asr(server: Running) -> None:
    name, data = file()
    edge = b"--edge"
    head = f'\r\nContent-Disposition: form-data; name="audio_file"; filename="{name}"\r\n\r\n'
    body = b"".join((edge, head.encode(), data, b"\r\n", edge, b"--\r\n"))
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    with urlopen(Request(f"{server.http}/asr?output=json", body, kind, method="POST")) as answer:
        assert json.load(answer)["text"] == TEXT


def test_home_assistant(server: Running) -> None:
    async def talk() -> str:
        async with HomeAssistant(server) as client:
            return wyoming_transcript(await client.record(*[SECOND] * 4))

    assert asyncio.run(talk()) == TEXT
