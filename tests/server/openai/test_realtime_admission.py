"""Who may open ``/v1/realtime``: handshakes, keys and limits, over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from livestt.server.openai import realtime

from ..conftest import Serve
from ..engines import Watched
from ..running import Running
from .realtime_client import CLEAR, COMMIT, MANUAL, SCRIPT, Client, append, silence


def post(server: Running, path: str, body: Any, key: str = "") -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers if key else {})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


class TestLimits:
    def test_a_full_server_refuses_the_handshake(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT), max_sessions=1)

        async def talk() -> None:
            async with Client.at(server) as client:
                await client.send(MANUAL, append(silence(1)))
                await client.wait("delta")
                with pytest.raises(InvalidStatus) as refusal:
                    await connect(f"ws://127.0.0.1:{server.port}/v1/realtime")
                assert refusal.value.response.status_code == 429
                body = json.loads(refusal.value.response.body or b"")
                assert body["error"]["code"] == "rate_limit_exceeded"

        asyncio.run(talk())

    def test_a_server_that_fills_up_meanwhile_says_so(self, serve: Serve) -> None:
        server = serve(Watched(SCRIPT), max_sessions=1)

        async def talk() -> None:
            async with Client.at(server) as first, Client.at(server) as second:
                await first.send(MANUAL, append(silence(1)))
                await first.wait("delta")
                await second.send(append(silence(1)), COMMIT, CLEAR)
                assert await second.to_the_end() == 1013
                assert second.of("error")[0]["error"]["code"] == "rate_limit_exceeded"

        asyncio.run(talk())


class TestHandshake:
    @pytest.mark.parametrize(
        ("offered", "chosen"),
        [
            ([], None),
            (["realtime"], "realtime"),
            (["realtime", "openai-insecure-api-key.K"], "realtime"),
            (["realtime", "openai-insecure-api-key.K", "openai-beta.realtime-v1"], "realtime"),
            (["openai-insecure-api-key.K", "openai-beta.realtime-v1"], "openai-beta.realtime-v1"),
        ],
    )
    def test_subprotocols(self, serve_all: Serve, offered: list[str], chosen: str | None) -> None:
        server = serve_all(Watched(SCRIPT))

        async def talk() -> None:
            async with Client.at(server, subprotocols=offered or None) as client:
                assert client.socket.subprotocol == chosen
                beta = "openai-beta.realtime-v1" in offered
                assert ("input_audio_format" in client.told[0]["session"]) == beta

        asyncio.run(talk())

    def test_the_header_of_the_beta(self, serve_all: Serve) -> None:
        server = serve_all(Watched(SCRIPT))

        async def talk() -> None:
            header = {"OpenAI-Beta": "realtime=v1"}
            async with Client.at(
                server, "/v1/realtime?model=gpt-4o-transcribe", additional_headers=header
            ) as client:
                assert client.told[0]["session"]["input_audio_format"] == "pcm16"

        asyncio.run(talk())


class TestKeys:
    KEY = "a-key-that-is-long-enough"

    @pytest.fixture
    def locked(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Running:
        monkeypatch.setenv("LIVESTT_API_KEYS", self.KEY)
        return serve(Watched(SCRIPT))

    def test_without_one_nobody_gets_in(self, locked: Running) -> None:
        async def talk() -> None:
            with pytest.raises(InvalidStatus) as refusal:
                await connect(f"ws://127.0.0.1:{locked.port}/v1/realtime")
            assert refusal.value.response.status_code == 401
            body = json.loads(refusal.value.response.body or b"")
            assert body["error"]["code"] == "invalid_api_key"

        asyncio.run(talk())
        status, body = post(locked, "/v1/realtime/client_secrets", {})
        assert (status, body["error"]["code"]) == (401, "invalid_api_key")

    def test_an_ephemeral_key_opens_the_session_it_was_made_for(self, locked: Running) -> None:
        made = []
        for language in ("fr", "de"):
            fields = {"transcription": {"language": language, "model": "whisper-1"}}
            session = {"type": "transcription", "audio": {"input": fields}}
            body = {"session": session, "expires_after": {"anchor": "created_at", "seconds": 60}}
            status, secret = post(locked, "/v1/realtime/client_secrets", body, self.KEY)
            assert status == 200
            assert secret["value"].startswith("ek_")
            assert secret["session"]["audio"]["input"]["transcription"]["language"] == language
            made.append(secret["value"])

        async def talk(key: str) -> str:
            offered = ["realtime", f"openai-insecure-api-key.{key}"]
            async with Client.at(locked, subprotocols=offered) as client:
                await client.send(append(silence(1)), COMMIT)
                await client.wait("completed")
                fields = client.told[0]["session"]["audio"]["input"]
                return str(fields["transcription"]["language"])

        assert [asyncio.run(talk(key)) for key in made] == ["fr", "de"]
        assert {language for _, language in locked.engine.languages} == {"fr", "de"}  # type: ignore[attr-defined]

    def test_the_beta_makes_a_session_with_a_secret(self, locked: Running) -> None:
        body = {"input_audio_format": "g711_ulaw"}
        status, made = post(locked, "/v1/realtime/transcription_sessions", body, self.KEY)
        assert status == 200
        assert made["input_audio_format"] == "g711_ulaw"
        assert made["client_secret"]["value"].startswith("ek_")
        assert made["client_secret"]["expires_at"] > 0

    @pytest.mark.parametrize(
        "body",
        [
            {"expires_after": 3},
            {"expires_after": {"seconds": 5}},
            {"expires_after": {"seconds": True}},
            {"session": 3},
            {"session": {"audio": {"input": {"transcription": {"language": "tlh"}}}}},
            [],
        ],
    )
    def test_a_bad_request_is_refused_in_openais_shape(self, locked: Running, body: Any) -> None:
        status, answer = post(locked, "/v1/realtime/client_secrets", body, self.KEY)
        assert status == 400
        assert answer["error"]["type"] == "invalid_request_error"

    def test_an_ephemeral_key_makes_no_others(self, locked: Running) -> None:
        _, made = post(locked, "/v1/realtime/client_secrets", {}, self.KEY)
        status, _ = post(locked, "/v1/realtime/client_secrets", {}, made["value"])
        assert status == 403


def test_connections_without_audio_have_a_limit(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime, "MAX_IDLE", 2)
    server = serve(Watched(SCRIPT))

    async def crowd() -> None:
        async with Client.at(server) as first, Client.at(server):
            await first.wait("session.created")
            with pytest.raises(InvalidStatus) as caught:
                async with Client.at(server):
                    pass
            assert caught.value.response.status_code == 429
            await first.send(MANUAL, append(silence(2)))
            await first.wait("delta")
            async with Client.at(server) as third:
                await third.wait("session.created")

    asyncio.run(crowd())


def test_a_key_with_a_limit_holds_no_more_connections_without_audio(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or one key could take every place there is, for ever."""
    keys = ["small:transcribe:small-key-0123456789:max_sessions=1", "large:large-key-0123456789"]
    monkeypatch.setenv("LIVESTT_API_KEYS", " ".join(keys))
    url = f"ws://127.0.0.1:{serve(Watched(SCRIPT)).port}/v1/realtime"
    small, large = (
        {"additional_headers": {"Authorization": f"Bearer {key}-key-0123456789"}}
        for key in ("small", "large")
    )

    async def crowd() -> None:
        async with connect(url, **small) as first:
            await first.recv()
            with pytest.raises(InvalidStatus) as caught:
                await connect(url, **small)
            assert caught.value.response.status_code == 429
            async with connect(url, **large) as other:
                await other.recv()

    asyncio.run(crowd())
