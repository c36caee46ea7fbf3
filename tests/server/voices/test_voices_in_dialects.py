"""Names of voices in every dialect that has a place for them, by the clients that people use."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from openai import BadRequestError, OpenAI
from speakers.choir import DIMENSIONS, Choir, sound_of
from websockets.asyncio.client import connect

from livestt.store import Store

from ..conftest import Serve
from ..running import PATIENCE, Running, plain, wait_until
from .voices_rig import ADA, CHARLES, EVE, TEXT, diarizer, engine, enrol, pcm, sample, spoken, wav

SETTINGS = {"diarization": True, "voice_min_seconds": 1.0, "voices": True}
FILE = ("talk.wav", wav(spoken(ADA, CHARLES, ADA)), "audio/wav")


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Running:
    store = Store(str(tmp_path / "transcripts.db"))
    return serve(engine(), kept=store, diarizer=diarizer(), embedder=Choir(), **SETTINGS)


def url_of(voice: int, seconds: float = 3.0) -> str:
    return "data:audio/wav;base64," + base64.b64encode(sample(voice, seconds)).decode()


def client(server: Running) -> OpenAI:
    return OpenAI(base_url=f"{server.http}/v1", api_key="any", max_retries=0, timeout=PATIENCE)


class TestOpenAI:
    def ask(self, server: Running, *known: tuple[str, str], stream: bool = False) -> Any:
        return client(server).audio.transcriptions.create(
            file=FILE,
            model="gpt-4o-transcribe-diarize",
            response_format="diarized_json",
            stream=stream,
            known_speaker_names=[name for name, _ in known],
            known_speaker_references=[reference for _, reference in known],
        )

    def test_known_speakers_are_named(self, server: Running) -> None:
        told = self.ask(server, ("Charles", url_of(CHARLES)), ("Eve", url_of(EVE)))
        assert [segment.speaker for segment in told.segments] == ["A", "Charles", "A"]
        assert not hasattr(told, "warnings")

    def test_kept_voices_are_known_too(self, server: Running) -> None:
        enrol(server, "Ada", sample(ADA))
        told = self.ask(server, ("Charles", url_of(CHARLES)))
        assert [segment.speaker for segment in told.segments] == ["Ada", "Charles", "Ada"]

    def test_what_a_request_says_counts_more_than_what_is_kept(self, server: Running) -> None:
        enrol(server, "Ada", sample(ADA))
        told = self.ask(server, ("Countess", url_of(ADA)))
        assert [segment.speaker for segment in told.segments] == ["Countess", "B", "Countess"]

    def test_names_are_right_in_a_stream(self, server: Running) -> None:
        events = list(self.ask(server, ("Ada", url_of(ADA)), stream=True))
        said = "".join(e.delta for e in events if e.type == "transcript.text.delta")
        assert said.strip() == TEXT
        segments = [e.speaker for e in events if e.type == "transcript.text.segment"]
        assert segments == ["Ada", "B", "Ada"]

    @pytest.mark.parametrize(
        "reference", [url_of(ADA, 0.5), "data:audio/wav;base64,????", "data:,no%20audio"]
    )
    def test_a_bad_sample_is_refused_by_number(self, server: Running, reference: str) -> None:
        with pytest.raises(BadRequestError) as refused:
            self.ask(server, ("Ada", url_of(ADA)), ("Charles", reference))
        assert "known_speaker_references[1]" in str(refused.value)
        assert refused.value.param == "known_speaker_references"


class TestAsrRest:
    def ask(self, server: Running, **query: str) -> httpx.Response:
        return httpx.post(
            f"{server.http}/asr", params=query, files={"audio_file": FILE}, timeout=PATIENCE
        )

    def test_embeddings_of_each_speaker(self, server: Running) -> None:
        told = self.ask(
            server, output="json", diarize="true", return_speaker_embeddings="true"
        ).json()
        vectors = told["speaker_embeddings"]
        assert sorted(vectors) == sorted({segment["speaker"] for segment in told["segments"]})
        assert sorted(vectors) == ["SPEAKER_00", "SPEAKER_01"]
        assert len(vectors["SPEAKER_00"]) == DIMENSIONS
        assert np.dot(vectors["SPEAKER_01"], sound_of(CHARLES)) > 0.99
        assert "warnings" not in told

    def test_kept_voices_have_their_names(self, server: Running) -> None:
        enrol(server, "Charles", sample(CHARLES))
        told = self.ask(server, output="json", diarize="true").json()
        names = [segment["speaker"] for segment in told["segments"]]
        assert names == ["SPEAKER_00", "Charles", "SPEAKER_00"]
        assert {word["speaker"] for word in told["word_segments"]} == {"SPEAKER_00", "Charles"}
        assert "[Charles] And mine" in self.ask(server, output_format="srt").json()["srt"]
        assert "Charles: And mine" in self.ask(server, output="txt", diarize="true").text


class TestDeepgram:
    def test_words_of_a_file(self, server: Running) -> None:
        enrol(server, "Charles", sample(CHARLES))
        told = httpx.post(
            f"{server.http}/v1/listen",
            params={"diarize": "true"},
            content=FILE[1],
            headers={"content-type": "audio/wav"},
            timeout=PATIENCE,
        ).json()
        words = told["results"]["channels"][0]["alternatives"][0]["words"]
        named = {(word["speaker"], word.get("speaker_name")) for word in words}
        assert named == {(0, None), (1, "Charles")}

    def test_live_words_of_speakers_that_somebody_names(self, server: Running) -> None:
        def name() -> bool:
            session = server.sessions.latest
            if session is None or not session.transcript.duration:
                return False
            url = f"{server.http}/transcripts/{session.id}"
            return httpx.patch(url, json={"speakers": {"1": "Countess"}}).status_code == 200

        words = asyncio.run(dictated(server, name))
        assert (words[-1]["speaker"], words[-1].get("speaker_name")) == (0, "Countess")

    def test_live_words_once_the_voice_is_known(self, server: Running) -> None:
        enrol(server, "Ada", sample(ADA))
        words = asyncio.run(dictated(server, lambda: named(server)))
        assert plain(" ".join(word["word"] for word in words)) == plain(TEXT)
        assert (words[-1]["speaker"], words[-1].get("speaker_name")) == (0, "Ada")


def named(server: Running) -> bool:
    session = server.sessions.latest
    return session is not None and bool(session.transcript.people.names)


async def dictated(server: Running, until: Callable[[], bool]) -> list[dict[str, Any]]:
    """The final words of a live session; its second half comes once something is so."""
    audio = pcm(spoken(ADA, CHARLES, ADA))
    url = f"ws://127.0.0.1:{server.port}/v1/listen?encoding=linear16&sample_rate=16000&diarize=true"
    words: list[dict[str, Any]] = []
    async with connect(url, compression=None) as socket, asyncio.timeout(PATIENCE):
        half = len(audio) // 2
        await socket.send(audio[:half])
        await asyncio.to_thread(wait_until, until)
        await socket.send(audio[half:])
        await socket.send(json.dumps({"type": "CloseStream"}))
        async for message in socket:
            told = json.loads(message)
            if told.get("is_final"):
                words += told["channel"]["alternatives"][0]["words"]
    return words
