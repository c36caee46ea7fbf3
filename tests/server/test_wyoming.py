"""The Wyoming port, and Home Assistant's own client library on the other side."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import warnings
from typing import Any

import pytest
import soundfile
from anyio._backends._asyncio import TCPSocketListener
from anyio.abc import SocketAttribute

from livestt.engines.scripted import script_of
from livestt.errors import SetupError
from livestt.server.timing import Timing

from .conftest import FIXTURES, Lent, Serve
from .engines import Watched
from .running import PATIENCE, Running, check_heard, wait_until

pytest.importorskip("wyoming")

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of audioop, which the library uses
    from wyoming.asr import Transcribe, Transcript, TranscriptChunk
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncTcpClient
    from wyoming.error import Error
    from wyoming.event import Event
    from wyoming.info import Describe, Info
    from wyoming.ping import Ping, Pong

TEXT = "Turn the kitchen lights on."
FORMAT = {"rate": 16_000, "width": 2, "channels": 1}
SECOND = bytes(32_000)


def port(server: Running) -> int:
    found = server.app.state.wyoming_port
    assert isinstance(found, int)
    return found


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of(TEXT)), wyoming_port=0)


class Client:
    """One connection."""

    def __init__(self, server: Running) -> None:
        self._client = AsyncTcpClient("127.0.0.1", port(server))

    async def __aenter__(self) -> Client:
        await self._client.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.disconnect()

    async def say(self, *events: Any) -> None:
        for event in events:
            await self._client.write_event(event.event())

    async def hear(self) -> Event | None:
        async with asyncio.timeout(PATIENCE):
            return await self._client.read_event()

    async def record(self, *chunks: bytes, transcribe: Transcribe | None = None) -> list[Event]:
        """Everything up to the transcript, and what belongs to it."""
        await self.say(transcribe or Transcribe(language="en"), AudioStart(**FORMAT))
        await self.say(*(AudioChunk(audio=chunk, **FORMAT) for chunk in chunks), AudioStop())
        events = []
        while True:
            event = await self.hear()
            assert event is not None
            events.append(event)
            chunked = any(TranscriptChunk.is_type(e.type) for e in events)
            if event.type == ("transcript-stop" if chunked else "transcript"):
                return events


def transcript(events: list[Event]) -> str:
    return next(Transcript.from_event(e).text for e in events if Transcript.is_type(e.type))


def test_a_command_is_transcribed_while_it_is_spoken(server: Running) -> None:
    async def talk() -> None:
        async with Client(server) as client:
            events = await client.record(*[SECOND] * 3)
            kinds = [event.type for event in events]
            assert kinds[0] == "transcript-start"
            assert kinds[-2:] == ["transcript", "transcript-stop"]
            assert transcript(events) == TEXT
            chunks = [e.data["text"] for e in events if TranscriptChunk.is_type(e.type)]
            assert "".join(chunks) == TEXT

    asyncio.run(talk())


def test_chunks_come_before_the_recording_ends(server: Running) -> None:
    async def talk() -> None:
        async with Client(server) as client:
            await client.say(AudioStart(**FORMAT), AudioChunk(audio=SECOND * 2, **FORMAT))
            event = await client.hear()
            assert event is not None
            assert event.type == "transcript-start"

    asyncio.run(talk())


def test_one_connection_takes_many_recordings(server: Running) -> None:
    async def talk() -> list[str]:
        async with Client(server) as client:
            return [
                transcript(await client.record(*chunks))
                for chunks in ([SECOND] * 3, [], [SECOND] * 3, [b""])
            ]

    assert asyncio.run(talk()) == [TEXT, "", TEXT, ""]


def test_a_stop_without_a_start_is_an_empty_recording(server: Running) -> None:
    async def talk() -> str:
        async with Client(server) as client:
            await client.say(AudioStop())
            event = await client.hear()
            assert event is not None
            return transcript([event])

    assert asyncio.run(talk()) == ""


def test_audio_of_another_rate_and_width(server: Running) -> None:
    wide = {"rate": 44_100, "width": 4, "channels": 2}

    async def talk() -> str:
        async with Client(server) as client:
            await client.say(AudioStart(**wide))
            for _ in range(3):
                await client.say(AudioChunk(audio=bytes(44_100 * 8), **wide))
            await client.say(AudioStop())
            while (event := await client.hear()) is not None:
                if Transcript.is_type(event.type):
                    return transcript([event])
        return ""

    assert asyncio.run(talk()) == TEXT


def test_describe(server: Running) -> None:
    async def talk() -> Info:
        async with Client(server) as client:
            await client.say(Ping(text="hello"), Describe())
            pong = await client.hear()
            assert pong is not None
            assert Pong.from_event(pong).text == "hello"
            event = await client.hear()
            assert event is not None
            return Info.from_event(event)

    [program] = asyncio.run(talk()).asr
    assert program.name == "livestt"
    assert program.installed
    assert program.supports_transcript_streaming
    assert program.models[0].languages == ["de", "en", "es", "fr"]


@pytest.mark.parametrize(
    "events",
    [
        [Transcribe(language="tlh")],
        [AudioStart(rate=16_000, width=9, channels=1)],
        [AudioChunk(rate=1, width=2, channels=1, audio=b"")],
        [AudioStart(**FORMAT), AudioChunk(rate=8_000, width=2, channels=1, audio=b"")],
    ],
    ids=["language", "width", "rate", "change"],
)
def test_what_cannot_be_honoured_is_said_and_the_connection_ends(
    server: Running, events: list[Any]
) -> None:
    async def talk() -> None:
        async with Client(server) as client:
            await client.say(*events)
            event = await client.hear()
            assert event is not None
            assert Error.from_event(event).code == "bad_request"
            while event is not None:
                event = await client.hear()

    asyncio.run(talk())


@pytest.mark.parametrize("data", [b"nonsense\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * 100_000, b"\0"])
def test_bytes_that_are_no_wyoming_disturb_nobody(server: Running, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port(server)), timeout=PATIENCE) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := client.recv(1000):
                answer += piece
        except ConnectionResetError:  # it was refused before all of it was read
            return
    if b"\n" in data:
        assert json.loads(answer.split(b"\n")[0])["type"] == "error"


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)), wyoming_port=0)

    async def talk() -> None:
        async with Client(server) as client:
            await client.say(AudioStart(**FORMAT), AudioChunk(audio=SECOND, **FORMAT))
            await client.hear()

    asyncio.run(talk())
    server.check_idle()


def test_a_full_server_says_so(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)), wyoming_port=0, max_sessions=1)

    async def talk() -> None:
        async with Client(server) as first, Client(server) as second:
            await first.say(AudioStart(**FORMAT), AudioChunk(audio=SECOND, **FORMAT))
            await first.hear()
            await second.say(AudioStart(**FORMAT))
            event = await second.hear()
            assert event is not None
            assert Error.from_event(event).code == "too_many_sessions"

    asyncio.run(talk())


def test_a_stopping_server_gives_the_transcript_it_has(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)), wyoming_port=0)

    async def talk() -> str:
        async with Client(server) as client, Client(server):
            await client.say(AudioStart(**FORMAT), AudioChunk(audio=SECOND * 3, **FORMAT))
            event = await client.hear()
            server.server.should_exit = True
            while event is not None:
                if Transcript.is_type(event.type):
                    return transcript([event])
                event = await client.hear()
        return ""

    assert asyncio.run(talk()) == TEXT


def test_who_does_not_read_is_given_up(serve: Serve) -> None:
    server = serve(Watched(), Timing(send=0.2), wyoming_port=0)
    connections = server.app.state.services.sessions.connections
    with socket.create_connection(("127.0.0.1", port(server)), timeout=PATIENCE) as client:
        ask = json.dumps({"type": "ping", "data": {"text": "x" * 50_000}}).encode() + b"\n"
        client.settimeout(0.5)
        try:
            wait_until(lambda: connections)
            while connections:
                client.sendall(ask)
        except OSError:
            pass
        wait_until(lambda: not connections)


def test_who_cannot_be_let_in_harms_nobody(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    accept, failures = TCPSocketListener.accept, [errno.EMFILE, errno.ECONNABORTED]

    async def failing(listener: TCPSocketListener) -> Any:
        if failures:
            raise OSError(failures.pop(), "no")
        return await accept(listener)

    monkeypatch.setattr(TCPSocketListener, "accept", failing)
    monkeypatch.setattr("livestt.server.wyoming.PAUSE", 0.01)
    server = serve(Watched(script_of(TEXT)), wyoming_port=0)

    async def talk() -> str:
        async with Client(server) as client:
            return transcript(await client.record(*[SECOND] * 3))

    assert asyncio.run(talk()) == TEXT
    assert not failures


def test_who_lost_power_is_noticed_by_the_kernel(serve: Serve) -> None:
    server = serve(Watched(), wyoming_port=0)
    connections = server.app.state.services.sessions.connections
    with socket.create_connection(("127.0.0.1", port(server)), timeout=PATIENCE):
        wait_until(lambda: connections)
        (connection,) = connections
        theirs = connection._stream.extra(SocketAttribute.raw_socket)
        assert theirs.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_it_is_off_unless_asked_for(serve: Serve) -> None:
    assert serve(Watched()).app.state.wyoming_port is None


def test_a_port_that_is_taken_is_named() -> None:
    from livestt.server.wyoming import listening
    from livestt.settings import Settings

    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]

        class Services:
            class pipeline:
                settings = Settings(wyoming_port=number)

        async def start() -> None:
            async with listening(Services()):  # type: ignore[arg-type]
                pass

        with pytest.raises(SetupError, match=str(number)):
            asyncio.run(start())


def test_real_speech(serve: Serve, lent_whisper: Lent) -> None:
    server = serve(lent_whisper, vad=True, wyoming_port=0)
    rows = (FIXTURES / "speech" / "manifest.jsonl").read_text("utf-8").splitlines()
    text = next(row["text"] for row in map(json.loads, rows) if row["id"] == "slt-02")
    samples, _ = soundfile.read(FIXTURES / "speech" / "slt-02.flac", dtype="int16")

    async def talk() -> str:
        async with Client(server) as client:
            return transcript(await client.record(samples.tobytes()))

    check_heard(asyncio.run(talk()), text)
