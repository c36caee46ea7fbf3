"""Voice profiles over real sockets: kept only when asked, used, tied to their model, deletable."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import httpx2 as httpx
import pytest
from speakers.choir import Choir, sound_of, sung
from websockets.asyncio.client import connect

from livestt.server.voices import book
from livestt.speakers.heard_voice import HeardVoice
from livestt.store import Store
from livestt.vad.silero import SileroVad

from ..conftest import Serve
from ..running import PATIENCE, Dialogue, Running, listen
from .voices_rig import (
    ADA,
    CHARLES,
    EVE,
    RAW,
    diarizer,
    engine,
    enrol,
    message,
    pcm,
    sample,
    spoken,
    voices,
    wav,
)

SETTINGS = {"diarization": True, "voices": True, "voice_min_seconds": 1.0}


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "transcripts.db")


@pytest.fixture
def server(serve: Serve, place: str) -> Running:
    return serve(engine(), kept=Store(place), diarizer=diarizer(), embedder=Choir(), **SETTINGS)


def talk(server: Running, *more: str, by: tuple[int, int, int] = (ADA, CHARLES, ADA)) -> Dialogue:
    return server.talk(pcm(spoken(*by)), message(type="flush"), *more, **RAW)


class TestProfiles:
    def test_are_listed_renamed_and_deleted(self, server: Running) -> None:
        made = enrol(server, "  Ada \n Lovelace ", sample(ADA), sample(ADA, 2.0))
        assert made.status_code == 201
        voice = made.json()
        assert voice["name"] == "Ada Lovelace"
        assert (voice["samples"], voice["seconds"], voice["usable"]) == (2, 5.0, True)
        told = httpx.get(f"{server.http}/voices").json()
        assert told["enabled"]
        assert (told["model"], told["threshold"]) == ("choir", 0.7)
        assert told["voices"] == [voice]
        url = f"{server.http}/voices/{voice['id']}"
        assert httpx.patch(url, json={"name": "Countess"}).json()["name"] == "Countess"
        assert httpx.delete(url).status_code == 204
        assert voices(server) == []
        assert httpx.delete(url).json()["code"] == "unknown_voice"

    @pytest.mark.parametrize(
        ("name", "samples", "code"),
        [
            ("Ada", [sample(ADA, 1.0)], "unusable_sample"),
            ("Ada", [sample(ADA, 31.0)], "unusable_sample"),
            ("Ada", [sample(ADA), sample(EVE)], "unusable_sample"),
            ("Ada", [b"this is no audio" * 100], "bad_audio"),
            ("", [sample(ADA)], "bad_request"),
            ("x" * 101, [sample(ADA)], "bad_request"),
            ("Ada", [], "bad_request"),
        ],
    )
    def test_are_refused_with_a_reason(
        self, server: Running, name: str, samples: list[bytes], code: str
    ) -> None:
        refused = enrol(server, name, *samples)
        assert refused.status_code in (400, 415, 422)
        assert refused.json()["code"] == code
        assert voices(server) == []

    def test_have_names_of_their_own(self, server: Running) -> None:
        enrol(server, "Ada", sample(ADA))
        other = enrol(server, "Eve", sample(EVE)).json()
        assert enrol(server, "Ada", sample(EVE)).json()["code"] == "name_taken"
        renamed = httpx.patch(f"{server.http}/voices/{other['id']}", json={"name": "Ada"})
        assert renamed.status_code == 409

    def test_are_kept_only_if_asked(self, serve: Serve, place: str) -> None:
        off = {**SETTINGS, "voices": False}
        server = serve(engine(), kept=Store(place), embedder=Choir(), diarizer=diarizer(), **off)
        assert httpx.get(f"{server.http}/voices").json()["enabled"] is False
        assert enrol(server, "Ada", sample(ADA)).json()["code"] == "voices_off"
        told = talk(server, message(type="remember", speaker=1, name="Ada"))
        assert told.messages[0]["voices"] is False
        assert [error["code"] for error in told.of("error")] == ["voices_off"]

    def test_of_another_model_are_not_compared(self, serve: Serve, place: str) -> None:
        first = serve(engine(), kept=Store(place), embedder=Choir(), **SETTINGS)
        enrol(first, "Ada", sample(ADA))
        other = Choir(model="another choir")
        second = serve(engine(), kept=Store(place), diarizer=diarizer(), embedder=other, **SETTINGS)
        assert [voice["usable"] for voice in voices(second)] == [False]
        assert talk(second).state.names == {}

    def test_belong_to_a_key(
        self, serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ann, bea, boss = ("a" * 20, "b" * 20, "c" * 20)
        monkeypatch.setenv(
            "LIVESTT_API_KEYS", f"ann:transcribe:{ann} bea:transcribe:{bea} boss:admin:{boss}"
        )
        server = serve(engine(), kept=Store(place), embedder=Choir(), **SETTINGS)
        mine, hers, all_of_them = ({"authorization": f"Bearer {key}"} for key in (ann, bea, boss))
        voice = enrol(server, "Ada", sample(ADA), headers=mine).json()
        assert voices(server, hers) == []
        assert voices(server, mine) == voices(server, all_of_them) == [voice]
        url = f"{server.http}/voices/{voice['id']}"
        assert httpx.delete(url, headers=hers).status_code == 404
        token = httpx.post(f"{server.http}/tokens", headers=mine, json={}).json()["token"]
        lent = {"authorization": f"Bearer {token}"}
        assert httpx.get(f"{server.http}/voices", headers=lent).status_code == 403
        assert httpx.delete(url, headers=all_of_them).status_code == 204


class TestSessions:
    def test_name_the_voices_they_know(self, server: Running) -> None:
        voice = enrol(server, "Charles", sample(CHARLES)).json()
        told = talk(server)
        assert told.messages[0]["voices"] is True
        assert told.state.names == {2: "Charles"}
        last = [state for state in told.messages if "recognized" in state][-1]
        assert last["recognized"] == {
            "2": {"voice": voice["id"], "name": "Charles", "similarity": 1.0}
        }

    def test_a_name_by_hand_counts_more(self, server: Running) -> None:
        enrol(server, "Charles", sample(CHARLES))
        told = talk(server, message(type="rename", speaker=2, name="Mr Babbage"))
        assert told.state.names == {2: "Mr Babbage"}

    def test_a_name_is_stored_and_exported(self, server: Running) -> None:
        enrol(server, "Charles", sample(CHARLES))
        session = talk(server).messages[0]["session"]
        url = f"{server.http}/transcripts/{session}"
        assert httpx.get(url).json()["speakers"] == {"2": "Charles"}
        assert "Charles: And mine is Charles" in httpx.get(url, params={"format": "txt"}).text

    def test_a_channel_given_to_somebody_else_is_a_new_speaker(self, server: Running) -> None:
        told = talk(server, by=(ADA, CHARLES, EVE))
        assert [line.speaker for line in told.state.lines] == [1, 2, 3]

    def test_a_voice_that_comes_back_elsewhere_is_the_same_speaker(
        self, serve: Serve, place: str
    ) -> None:
        channels = diarizer((0, 1, 2))
        server = serve(engine(), kept=Store(place), diarizer=channels, embedder=Choir(), **SETTINGS)
        assert [line.speaker for line in talk(server).state.lines] == [1, 2, 1]

    def test_speaker_and_voice_can_be_remembered(self, server: Running) -> None:
        told = asyncio.run(remembering(server))
        assert [answer["voice"]["name"] for answer in told.of("remembered")] == ["Ada"]
        assert told.state.names == {1: "Ada"}
        codes = [error["code"] for error in told.of("error")]
        assert set(codes[:-3]) <= {"too_little_speech"}
        assert codes[-3:] == ["too_little_speech", "bad_request", "name_taken"]
        assert [voice["name"] for voice in voices(server)] == ["Ada"]
        assert talk(server).state.names == {1: "Ada"}
        assert talk(server, by=(CHARLES, ADA, CHARLES)).state.names == {2: "Ada"}


async def remembering(server: Running) -> Dialogue:
    """Remember the first speaker while the session runs, and ask for what cannot be."""
    told = Dialogue()
    async with connect(server.url(**RAW), compression=None) as socket:

        async def remember(speaker: int, name: str = "") -> str:
            await socket.send(message(type="remember", speaker=speaker, name=name))
            while (answer := json.loads(await socket.recv())).get("type") not in (
                "remembered",
                "error",
            ):
                told.messages.append(answer)
            told.messages.append(answer)
            return answer.get("code", "")

        await socket.send(pcm(spoken(ADA, CHARLES, ADA)))
        async with asyncio.timeout(PATIENCE):
            while await remember(1, "Ada"):
                pass
            await remember(9, "Eve")
            await remember(2)
            await remember(1)
        await socket.send(b"")
        rest = await listen(socket)
    return Dialogue([*told.messages, *rest.messages])


def test_enrolment_hears_speech_alone(serve: Serve, place: str) -> None:
    server = serve(engine(), kept=Store(place), embedder=Choir(), **{**SETTINGS, "vad": True})
    silence = enrol(server, "Nobody", wav(sung(0, 3.0)))
    assert silence.json()["code"] == "unusable_sample"
    assert "0.0 s of speech" in silence.json()["message"]


def test_enrolment_loads_no_voice_detector_of_its_own(
    serve: Serve, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(engine(), kept=Store(place), embedder=Choir(), **{**SETTINGS, "vad": True})

    def load(detector: SileroVad) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(SileroVad, "__init__", load)
    assert enrol(server, "Nobody", wav(sung(0, 3.0))).json()["code"] == "unusable_sample"


def test_so_many_enrol_at_once_and_the_next_comes_later(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, counting = threading.Event(), threading.Lock()
    busy: list[int] = [0]

    def slowly(samples: object, listener: object) -> HeardVoice:
        with counting:
            busy.append(busy[-1] + 1)
        may_end.wait(PATIENCE)
        with counting:
            busy.append(busy[-1] - 1)
        return HeardVoice.of(sound_of(ADA), 32_000)

    monkeypatch.setattr(book, "enrolled", slowly)
    most = book.LISTENING + book.WAITING
    with ThreadPoolExecutor(most + 1) as clients:
        asked = [clients.submit(enrol, server, f"Ada {n}", sample(ADA)) for n in range(most + 1)]
        try:
            first = next(as_completed(asked)).result()
        finally:
            may_end.set()
        rest = sorted(one.result().status_code for one in asked)
    assert (first.status_code, first.json()["code"]) == (429, "too_many_uploads")
    assert int(first.headers["retry-after"]) > 0
    assert rest == [201] * most + [429]
    assert max(busy) <= book.LISTENING
    assert enrol(server, "Eve", sample(EVE)).status_code == 201, "there is room again"
