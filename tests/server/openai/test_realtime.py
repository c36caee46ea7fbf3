"""``/v1/realtime`` over real sockets, from its first audio to its end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from livestt.server.openai.realtime_stream import MAX_OWED
from livestt.server.timing import Timing

from ..conftest import FIXTURES, Lent, Serve
from ..engines import Faulty, Gated, Watched
from ..running import Running, check_heard, wait_until
from .realtime_client import CLEAR, COMMIT, MANUAL, SCRIPT, Client, append, said, silence, update


class TestConversation:
    def test_deltas_flow_before_the_commit(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL, append(silence(2)))
                await client.wait("delta")
                assert "committed" not in client.kinds
                await client.send(append(silence(2)), COMMIT)
                completed = await client.wait("completed")
                assert completed["transcript"] == said(client.of("delta"))
                assert completed["transcript"].startswith("One two three")
                assert completed["usage"] == {"type": "duration", "seconds": 4.0}
                assert client.kinds[:2] == ["session.created", "session.updated"]

        asyncio.run(talk())

    def test_each_commit_is_an_item(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL)
                for _ in range(4):
                    await client.send(append(silence(1)), COMMIT)
                await client.wait("completed", 4)
                items = [message["item_id"] for message in client.of("committed")]
                assert [message["item_id"] for message in client.of("completed")] == items
                assert " ".join(filter(None, client.transcripts)) == " ".join(
                    word.text.strip() for word in SCRIPT
                )

        asyncio.run(talk())

    def test_cleared_audio_leaves_no_words(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL, append(silence(1.6)), CLEAR, append(silence(1.6)), COMMIT)
                await client.wait("completed")
                assert client.transcripts == ["five six seven eight."]

        asyncio.run(talk())

    def test_an_append_of_15_mib(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT), seconds_ahead=600)

        async def talk() -> None:
            async with Client.at(server) as client:
                audio = bytes(15 << 20)
                fast = {"type": "audio/pcm", "rate": 192_000}
                await client.send(update(turn_detection=None, format=fast), append(audio), COMMIT)
                completed = await client.wait("completed")
                assert completed["usage"]["seconds"] == pytest.approx(len(audio) / 2 / 192_000)
                assert client.transcripts == ["One two three four five six seven eight."]
                await client.send(append(audio + b"\0"))
                assert (await client.wait("error"))["error"]["param"] == "audio"

        asyncio.run(talk())

    def test_a_frame_that_is_too_large_closes_the_socket(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send("x" * (33 << 20))
                assert await client.to_the_end() == 1009

        asyncio.run(talk())

    @pytest.mark.parametrize(
        ("frame", "param"),
        [(b"\0\0", None), ("nonsense", None), ('{"type": "response.create"}', "type")],
    )
    def test_what_is_not_understood_is_answered_and_the_session_goes_on(
        self, serve_all: Serve, frame: str | bytes, param: str | None
    ) -> None:
        server = serve_all(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(frame)
                error = (await client.wait("error"))["error"]
                assert error["type"] == "invalid_request_error"
                assert error["param"] == param
                await client.send(MANUAL, append(silence(1)), COMMIT)
                await client.wait("completed")

        asyncio.run(talk())

    def test_a_client_that_leaves_leaves_nothing_behind(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL, append(silence(3)))
                await client.wait("delta")

        asyncio.run(talk())
        server.check_idle()

    def test_a_connection_without_audio_takes_no_session(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT), max_sessions=1)

        async def talk() -> None:
            async with Client.at(server), Client.at(server) as second:
                assert server.listing() == []
                await second.send(MANUAL, append(silence(1)), COMMIT)
                await second.wait("completed")

        asyncio.run(talk())


class TestEnd:
    def test_a_stopping_server_completes_what_it_heard(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client, Client.at(server) as idle:
                await client.send(MANUAL, append(silence(2)))
                await client.wait("delta")
                server.server.should_exit = True
                assert await client.to_the_end() == 1012
                assert client.transcripts[0].startswith("One two three")
                assert await idle.to_the_end() == 1012

        asyncio.run(talk())

    def test_who_does_not_read_is_given_up(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT), Timing(send=0.3))

        async def talk() -> None:
            async with Client.at(server) as client:
                assert client.socket.transport is not None
                client.socket.transport.pause_reading()  # type: ignore[attr-defined]
                try:
                    while server.server.server_state.tasks:
                        await client.send('{"type": "sing", "event_id": "' + "x" * 500 + '"}')
                except ConnectionClosed:
                    pass

        asyncio.run(talk())
        wait_until(lambda: not server.server.server_state.tasks)


class TestFailure:
    def test_an_engine_that_fails_fails_the_item(self, serve: Serve) -> None:
        server = serve(Faulty(SCRIPT, kind="engine error", times=3))

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL, append(silence(1)), COMMIT)
                failed = await client.wait("failed")
                assert failed["error"]["code"] == "engine_error"
                assert failed["item_id"] == client.of("committed")[0]["item_id"]
                await client.send(append(silence(1)), COMMIT)
                await client.wait("completed")

        asyncio.run(talk())

    def test_while_the_engine_is_busy_commits_are_taken(self, serve: Serve) -> None:
        engine = Gated(SCRIPT)
        server = serve(engine)

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL)
                for _ in range(3):
                    await client.send(append(silence(1)), COMMIT)
                await client.wait("committed", 3)
                assert "completed" not in client.kinds
                engine.gate.set()
                await client.wait("completed", 3)

        try:
            asyncio.run(talk())
        finally:
            engine.gate.set()

    def test_a_client_that_asks_without_end_is_held_up(self, serve: Serve) -> None:
        engine = Gated(SCRIPT)
        server = serve(engine)
        count = 2 * MAX_OWED

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL, append(silence(1)), CLEAR)
                await client.wait("cleared")
                await client.send(*[CLEAR] * count)
                await client.wait("cleared", MAX_OWED)
                [session] = server.sessions
                assert session.owed_flushes <= MAX_OWED
                engine.gate.set()
                await client.wait("cleared", count + 1)

        try:
            asyncio.run(talk())
        finally:
            engine.gate.set()


class TestWithoutVoiceDetection:
    def test_the_client_has_to_commit(self, serve_all: Serve) -> None:
        server = serve_all(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server) as client:
                assert client.told[0]["session"]["audio"]["input"]["turn_detection"] is None
                await client.send(update(turn_detection={"type": "server_vad"}))
                error = (await client.wait("error"))["error"]
                assert error["param"] == "session.audio.input.turn_detection"

        asyncio.run(talk())


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)
events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                *("session.update", "transcription_session.update", "response.create", "sing"),
                *("input_audio_buffer.append", "input_audio_buffer.commit"),
                "input_audio_buffer.clear",
            ]
        )
    },
    optional={"session": values, "audio": values, "event_id": values},
)
frames = st.text(max_size=50) | st.binary(max_size=50) | events.map(json.dumps)


@pytest.fixture(scope="module")
def fuzzed(serve_all: Serve) -> Running:
    return serve_all(Watched(SCRIPT))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(frames, min_size=1, max_size=8))
def test_any_frame_gets_a_documented_answer(fuzzed: Running, frames: list[str | bytes]) -> None:
    async def talk() -> None:
        async with Client.at(fuzzed) as client:
            for frame in frames:
                try:
                    frame.encode() if isinstance(frame, str) else frame
                except UnicodeEncodeError:
                    continue
                await client.send(frame)
            # What the frames did to it, the connection still works.
            await client.send('{"type": "the end"}')
            while not any("the end" in str(m.get("error")) for m in client.told):
                await client.next()
            known = {"session.created", "session.updated", "transcription_session.updated"}
            known |= {"error", "cleared"}
            assert set(client.kinds) <= known

    asyncio.run(talk())


@pytest.fixture(scope="module")
def talking(serve_all: Serve, lent_whisper: Lent) -> Running:
    return serve_all(lent_whisper, vad=True)


def speech(name: str, rate: int = 16_000) -> tuple[bytes, str]:
    """Samples of a recording as PCM, and what is said in it."""
    manifest = (FIXTURES / "speech" / "manifest.jsonl").read_text("utf-8").splitlines()
    row = next(row for row in map(json.loads, manifest) if row["id"] == name)
    samples, found = soundfile.read(Path(FIXTURES / "speech" / row["file"]), dtype="int16")
    assert found == rate
    return samples.tobytes(), row["text"]


def test_utterances_of_real_speech(talking: Running) -> None:
    spoken = [speech(name) for name in ("slt-01", "awb-02")]

    async def talk() -> None:
        async with Client.at(talking) as client:
            await client.send(update(transcription={"language": "en"}))
            first, second = spoken[0][0], spoken[1][0]
            still_speaking = 3 * 32_000
            await client.send(append(first[:still_speaking]))
            await client.wait("delta")
            assert "speech_started" in client.kinds
            assert "speech_stopped" not in client.kinds
            await client.send(append(first[still_speaking:] + silence(1)))
            await client.send(append(second + silence(1)))
            await client.wait("completed", 2)
            assert len(client.transcripts) == 2
            for told, (_, text) in zip(client.transcripts, spoken, strict=True):
                check_heard(told, text)
            starts = [message["audio_start_ms"] for message in client.of("speech_started")]
            ends = [message["audio_end_ms"] for message in client.of("speech_stopped")]
            assert len(starts) == len(ends) == 2
            assert starts == sorted(starts)

    asyncio.run(talk())
