"""``WS /v1/listen`` over real sockets."""

from __future__ import annotations

import asyncio
import hashlib
import json
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import httpx2 as httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from livestt.engines.scripted import script_of
from livestt.server.timing import Timing
from livestt.speakers.scripted import ScriptedDiarizer, ScriptedTurn
from livestt.testing import decode_file
from livestt.timebase import from_ms

from ..conftest import FIXTURES, Lent, Serve
from ..engines import Watched
from ..running import PATIENCE, Running, check_heard, wait_until
from .client import CLOSE, FINALIZE, PCM, Told, address, converse, silence

TEXT = "Every word of this is heard once. And so is this one."
AUDIO = [silence(0.1)] * 60
INTERIM = {**PCM, "interim_results": "true", "punctuate": "true"}


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Running:
    return serve_all(Watched(script_of(TEXT)))


def test_every_word_comes_in_one_final(server: Running) -> None:
    told = converse(server, [*AUDIO, CLOSE], INTERIM)
    assert told.text() == TEXT
    assert told.code == 1000
    assert told.kinds[-1] == "Metadata"
    assert told.kinds.count("Metadata") == 1
    assert set(told.kinds) == {"Results", "Metadata"}


def test_metadata_says_what_was_received(server: Running) -> None:
    told = converse(server, [*AUDIO, CLOSE], {**PCM, "extra": ["a:b"], "tag": ["t"]})
    metadata = told.messages[-1]
    assert metadata["sha256"] == hashlib.sha256(b"".join(AUDIO)).hexdigest()
    assert metadata["duration"] == 6.0
    assert metadata["request_id"] == told.headers["dg-request-id"]
    assert metadata["extra"] == {"a": "b"}
    assert metadata["tags"] == ["t"]
    assert list(metadata["model_info"]) == metadata["models"]


def test_no_audio_at_all(server: Running) -> None:
    told = converse(server, [CLOSE], PCM)
    assert told.kinds == ["Metadata"]
    assert told.messages[0]["sha256"] == hashlib.sha256().hexdigest()


def test_each_finalize_is_answered_once_and_the_stream_goes_on(server: Running) -> None:
    frames = [*AUDIO[:20], FINALIZE, FINALIZE, *AUDIO[20:], FINALIZE, CLOSE]
    told = converse(server, frames, {**PCM, "punctuate": "true"})
    assert sum(message["from_finalize"] for message in told.finals()) == 3
    words = [word["punctuated_word"] for m in told.finals()
             for word in m["channel"]["alternatives"][0]["words"]]  # fmt: skip
    assert len(set(words)) == len(words) or words.count("is") == 2


def test_an_empty_frame_ends_the_audio(server: Running) -> None:
    assert converse(server, [*AUDIO, b""], INTERIM).kinds[-1] == "Metadata"


def test_a_silent_client_is_given_up(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)), Timing(silent_client=2))
    told = converse(server, AUDIO, INTERIM)
    assert told.text() == TEXT
    assert (told.code, str(told.reason)[:8]) == (1011, "NET-0001")
    assert "Metadata" not in told.kinds


def test_what_is_not_audio(server: Running) -> None:
    told = converse(server, [b"this is not audio at all " * 400, CLOSE])
    assert (told.code, str(told.reason)[:9]) == (1008, "DATA-0000")


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ({"utterance_end_ms": "999"}, "Invalid 'utterance_end_ms' value of '999'"),
            ({"encoding": "linear16"}, "'sample_rate' is required"),
            ({"language": "tlh"}, "Invalid 'language' value of 'tlh'"),
            ({"callback": "http://localhost/"}, "'callback' is not supported"),
        ],
    )
    def test_a_bad_query(self, server: Running, query: dict[str, str], message: str) -> None:
        response = self.refused(server, query)
        assert response.response.status_code == 400
        body = json.loads(response.response.body or b"")
        assert body["err_code"] == "INVALID_QUERY_PARAMETER"
        assert body["err_msg"].startswith(message)
        assert response.response.headers["dg-error"].startswith(message)
        assert response.response.headers["dg-request-id"] == body["request_id"]
        UUID(body["request_id"])

    def test_a_full_server(self, serve: Serve) -> None:
        server = serve(Watched(script_of(TEXT)), max_sessions=1)
        query = {**PCM, "channels": "2", "multichannel": "true"}
        response = self.refused(server, query).response
        assert response.status_code == 429
        assert json.loads(response.body or b"")["err_code"] == "TOO_MANY_REQUESTS"
        assert response.headers["retry-after"]
        server.check_idle()

    def test_a_wrong_key(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIVESTT_API_KEYS", KEY)
        response = self.refused(serve(Watched(script_of(TEXT))), PCM).response
        assert response.status_code == 401
        assert json.loads(response.body or b"")["err_code"] == "INVALID_AUTH"
        assert response.headers["dg-error"]

    def refused(self, server: Running, query: dict[str, str]) -> InvalidStatus:
        with pytest.raises(InvalidStatus) as refusal:
            converse(server, [], query)
        return refusal.value


KEY = "right-key-0123456789"


class TestKeys:
    @pytest.fixture
    def guarded(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Running:
        monkeypatch.setenv("LIVESTT_API_KEYS", KEY)
        return serve(Watched(script_of(TEXT)))

    @pytest.mark.parametrize("scheme", ["token", "bearer"])
    def test_a_key_as_subprotocol(self, guarded: Running, scheme: str) -> None:
        told = converse(guarded, [CLOSE], PCM, subprotocols=[scheme, KEY])
        assert (told.code, told.subprotocol) == (1000, scheme)

    def test_a_temporary_token(self, guarded: Running) -> None:
        address = f"{guarded.http}/v1/auth/grant"
        headers = {"authorization": f"Token {KEY}"}
        answer = httpx.post(address, json={"ttl_seconds": 60}, headers=headers)
        assert answer.json()["expires_in"] == 60
        token = answer.json()["access_token"]
        assert converse(guarded, [CLOSE], PCM, subprotocols=["bearer", token]).code == 1000
        for wrong in (-1, 0, True, "x"):
            refused = httpx.post(address, json={"ttl_seconds": wrong}, headers=headers)
            assert (refused.status_code, refused.json()["err_code"]) == (400, "Bad Request")
        assert httpx.post(address).status_code == 401


@pytest.mark.parametrize("scheme", ["token", "bearer", "Token"])
def test_a_browser_sends_its_key_as_a_subprotocol(server: Running, scheme: str) -> None:
    told = converse(server, [CLOSE], PCM, subprotocols=[scheme, "secret"])
    assert told.subprotocol == scheme


def test_no_subprotocol_is_chosen_where_none_was_offered(server: Running) -> None:
    assert converse(server, [CLOSE], PCM).subprotocol is None


def test_text_that_is_no_message_is_answered(server: Running) -> None:
    told = converse(server, ["hello", '{"type":"KeepAlive"}', *AUDIO, CLOSE], INTERIM)
    assert told.messages[0]["type"] == "Error"
    assert told.messages[0]["message"] == "hello"
    assert told.text() == TEXT


def test_configure_changes_the_key_terms(server: Running) -> None:
    good = json.dumps({"type": "Configure", "keyterms": ["Zürich"]})
    bad = json.dumps({"type": "Configure", "keyterms": 7})
    told = converse(server, [good, bad, *AUDIO, CLOSE], INTERIM)
    assert [kind for kind in told.kinds if kind.startswith("Configure")] == [
        "ConfigureSuccess",
        "ConfigureFailure",
    ]
    assert told.text() == TEXT


def test_channels_apart(server: Running) -> None:
    query = {**INTERIM, "channels": "2", "multichannel": "true"}
    frames = [silence(0.2)] * 60
    told = converse(server, [*frames[:20], FINALIZE, *frames[20:], CLOSE], query)
    assert [told.text(0).split()[:4], told.text(1).split()[:4]] == [TEXT.split()[:4]] * 2
    for channel in (0, 1):
        assert sum(message["from_finalize"] for message in told.finals(channel)) == 1
    assert told.messages[-1]["channels"] == 2
    assert told.messages[-1]["duration"] == 6.0


def test_one_channel_is_finalized(server: Running) -> None:
    query = {**INTERIM, "channels": "2", "multichannel": "true"}
    one = json.dumps({"type": "Finalize", "channel": 1})
    told = converse(server, [silence(1), one, silence(1), CLOSE], query)
    answers = [m for m in told.messages if m.get("from_finalize")]
    assert [message["channel_index"] for message in answers] == [[1, 2]]


@pytest.mark.parametrize(
    ("encoding", "rate"),
    [("linear16", 24000), ("linear32", 44100), ("mulaw", 16000), ("alaw", 16000)],
)
def test_real_speech_in_any_raw_encoding(
    serve: Serve, lent_whisper: Lent, encoding: str, rate: int
) -> None:
    server = serve(lent_whisper, vad=True, language="en")
    told = converse(
        server,
        [*pieces(raw("slt-01", encoding, rate)), CLOSE],
        {"encoding": encoding, "sample_rate": str(rate), "punctuate": "true"},
    )
    check_heard(told.text(), "Good morning, everybody did not take our red building.")
    check_words(told)


def test_real_speech_in_a_container(serve: Serve, lent_whisper: Lent) -> None:
    server = serve(lent_whisper, vad=True, language="en")
    data = Path(FIXTURES, "speech", "awb-01.flac").read_bytes()
    told = converse(server, [*pieces(data), CLOSE], {"vad_events": "true", "smart_format": "true"})
    [expected] = [text for name, text in texts() if name == "awb-01"]
    check_heard(told.text(), expected)
    assert told.kinds[0] == "SpeechStarted"
    check_words(told)


def check_words(told: Told) -> None:
    """Words have times and confidences of their own."""
    words = [word for m in told.finals() for word in m["channel"]["alternatives"][0]["words"]]
    assert all(a["end"] <= b["start"] for a, b in pairwise(words))
    assert all(0 < word["confidence"] < 1 for word in words)


def texts() -> list[tuple[str, str]]:
    lines = Path(FIXTURES, "speech", "manifest.jsonl").read_text("utf-8").splitlines()
    return [(row["id"], row["text"]) for row in map(json.loads, lines)]


def raw(name: str, encoding: str, rate: int) -> bytes:
    """A sentence in a raw encoding."""
    import av

    pcm = np.round(decode_file(Path(FIXTURES, "speech", f"{name}.flac")) * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(pcm[None], "s16", "mono")
    frame.sample_rate = 16_000
    resampled = av.AudioResampler("s16", "mono", rate)
    parts = [f.to_ndarray()[0] for f in [*resampled.resample(frame), *resampled.resample(None)]]
    samples = np.concatenate(parts)
    if encoding == "linear16":
        return samples.astype("<i2").tobytes()
    if encoding == "linear32":
        return (samples / 32768).astype("<f4").tobytes()
    encoder = av.CodecContext.create(f"pcm_{encoding}", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, "mono", "s16"
    packed = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
    packed.sample_rate = rate
    return b"".join(bytes(packet) for packet in [*encoder.encode(packed), *encoder.encode(None)])


def pieces(data: bytes) -> list[bytes]:
    """In sizes that cut samples in two."""
    return [data[i : i + 3_333] for i in range(0, len(data), 3_333)]


KNOWN = [
    silence(0.5),
    FINALIZE,
    '{"type":"KeepAlive"}',
    '{"type":"Configure","keyterms":[]}',
    '{"type":"Finalize","channel":9}',
]


class TestAnyFrames:
    """Whatever is sent, only documented messages and close codes come back."""

    frames = st.lists(
        st.one_of(
            st.binary(max_size=400),
            st.text(max_size=40),
            st.sampled_from(KNOWN),
        ),
        max_size=12,
    )

    @given(frames=frames, raw_audio=st.booleans())
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_get_documented_answers(
        self, server: Running, frames: list[bytes | str], raw_audio: bool
    ) -> None:
        told = converse(server, [*frames, CLOSE], INTERIM if raw_audio else {})
        known = {"Results", "Metadata", "Error", "ConfigureSuccess", "ConfigureFailure"}
        assert set(told.kinds) <= known
        assert told.code in (1000, 1008)
        assert told.code == 1000 or str(told.reason).startswith("DATA-0000")
        if raw_audio:
            assert (told.code, told.kinds[-1]) == (1000, "Metadata")


def test_a_key_in_the_address_does_no_harm(server: Running) -> None:
    assert converse(server, [CLOSE], {**PCM, "token": quote("a b")}).code == 1000


def test_a_slow_reader_gets_every_final_and_few_guesses(serve: Serve) -> None:
    """It sleeps while 200 s of speech pass by."""
    text = " ".join(f"supercalifragilisticexpialidocious{i}" for i in range(490))
    server = serve(Watched(script_of(text)), Timing(state_interval=0.001))

    async def sleep_then_read() -> Told:
        told = Told()
        url = address(server, query=INTERIM)
        async with connect(url, compression=None, max_size=None, max_queue=1) as client:
            for _ in range(200):
                await client.send(silence(1))
            await asyncio.to_thread(wait_until, lambda: server.seconds() >= 199)
            await client.send(CLOSE)
            told.messages = [json.loads(message) async for message in client]
        return told

    told = asyncio.run(sleep_then_read())
    assert told.text() == text
    guesses = [m for m in told.messages if m["type"] == "Results" and not m["is_final"]]
    assert len(guesses) < 100  # it is 200 s with a guess for each half of a second


TURNS = [ScriptedTurn(0, 0, from_ms(1600)), ScriptedTurn(1, from_ms(1600), from_ms(9000))]


def test_speakers_are_known_when_words_are_final(serve: Serve) -> None:
    diarizer = ScriptedDiarizer(turns=TURNS)
    server = serve(Watched(script_of(TEXT)), diarizer=diarizer, diarization=True)
    frames = [*AUDIO[:20], FINALIZE, *AUDIO[20:], FINALIZE, CLOSE]
    told = converse(server, frames, {**PCM, "diarize": "true"})
    assert sum(message["from_finalize"] for message in told.finals()) == 2
    words = [word for m in told.finals() for word in m["channel"]["alternatives"][0]["words"]]
    assert {word["speaker"] for word in words if word["end"] < 1.5} == {0}
    assert {word["speaker"] for word in words if word["start"] > 2.0} == {1}
    plain = converse(server, [*AUDIO, CLOSE], PCM)
    assert not any("speaker" in word for m in plain.finals()
                   for word in m["channel"]["alternatives"][0]["words"])  # fmt: skip


def test_a_finalize_is_answered_with_speakers_though_no_audio_follows(serve: Serve) -> None:
    diarizer = ScriptedDiarizer(turns=TURNS)
    server = serve(Watched(script_of(TEXT)), diarizer=diarizer, diarization=True)

    async def press_to_talk() -> Told:
        told = Told()
        async with connect(address(server, query={**PCM, "diarize": "true"})) as client:
            for part in (AUDIO[:20], AUDIO[20:30]):
                for frame in part:
                    await client.send(frame)
                await client.send(FINALIZE)
                answered = len(told.finals())
                while not any(m["from_finalize"] for m in told.finals()[answered:]):
                    async with asyncio.timeout(PATIENCE):
                        told.messages.append(json.loads(await client.recv()))
        return told

    told = asyncio.run(press_to_talk())
    words = [word for m in told.finals() for word in m["channel"]["alternatives"][0]["words"]]
    assert words[-1]["end"] > 2.0
    assert {word["speaker"] for word in words if word["end"] < 1.5} == {0}
