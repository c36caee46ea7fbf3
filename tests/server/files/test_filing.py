"""Files that are sent over HTTP are in the list of transcripts, unless somebody says no."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from livestt.engines.scripted import script_of
from livestt.store import Store
from livestt.store.entries import titled

from ..conftest import Serve
from ..engines import Faulty, Watched
from ..running import Running

SAID = "Good morning everybody and welcome to the show. It is about foxes."
PCM = bytes(32_000 * 6)
RAW = {"encode": "false"}
Start = Callable[..., Running]


@pytest.fixture
def start(serve: Serve, tmp_path: Path) -> Start:
    def starting(engine: Any = None, **settings: Any) -> Running:
        store = Store(str(tmp_path / "transcripts.db"))
        return serve(engine or Watched(script_of(SAID)), kept=store, **settings)

    return starting


def asr(server: Running, name: str = "talk.wav", **query: str) -> httpx2.Response:
    files = {"audio_file": (name, PCM)}
    return httpx2.post(f"{server.http}/asr", params={**RAW, **query}, files=files, timeout=60)


def listed(server: Running) -> list[dict[str, Any]]:
    return list(httpx2.get(f"{server.http}/transcripts").json()["transcripts"])


def test_a_file_is_listed_found_and_read_like_a_session(start: Start) -> None:
    server = start()
    answer = asr(server, "dir/Monday.mp3")
    [row] = listed(server)
    assert answer.headers["livestt-transcript"] == row["id"]
    assert (row["title"], row["words"], row["seconds"]) == ("Monday.mp3", len(SAID.split()), 6.0)
    assert row["ended"] is not None
    found = httpx2.get(f"{server.http}/transcripts", params={"q": "about fox"}).json()["lines"]
    assert [line["transcript"] for line in found] == [row["id"]]
    text = httpx2.get(f"{server.http}/transcripts/{row['id']}?format=txt").text
    assert text.split() == answer.text.split() == SAID.split()
    assert httpx2.delete(f"{server.http}/transcripts/{row['id']}").status_code == 204


def test_every_dialect_stores(start: Start) -> None:
    server = start()
    wav = Path(__file__).parents[2] / "fixtures" / "speech" / "awb-01.flac"
    openai = f"{server.http}/v1/audio/transcriptions"
    form = {"model": "whisper-1"}
    assert httpx2.post(openai, data=form, files={"file": ("a.flac", wav.read_bytes())}).is_success
    streamed = httpx2.post(
        openai, data={**form, "stream": "true"}, files={"file": ("b.flac", wav.read_bytes())}
    )
    assert "transcript.text.done" in streamed.text
    deepgram = httpx2.post(f"{server.http}/v1/listen", content=wav.read_bytes())
    assert deepgram.is_success
    rows = list(reversed(listed(server)))
    assert [row["title"] for row in rows] == ["a.flac", "b.flac", ""]
    told = [answer.headers["livestt-transcript"] for answer in (streamed, deepgram)]
    assert told == [row["id"] for row in rows[1:]]
    channels = {"encoding": "linear16", "sample_rate": "16000", "channels": "2"}
    both = httpx2.post(
        f"{server.http}/v1/listen", params={**channels, "multichannel": "true"}, content=PCM
    )
    newest = [row["id"] for row in listed(server)[:2]]
    assert both.headers["livestt-transcript"].split(",") == newest[::-1]


@pytest.mark.parametrize("no", [{"store": "false"}, {"store": "0"}])
def test_a_request_may_say_no(start: Start, no: dict[str, str]) -> None:
    server = start()
    answer = asr(server, **no)
    assert answer.is_success
    assert "livestt-transcript" not in answer.headers
    raw = {"encoding": "linear16", "sample_rate": "16000", **no}
    deepgram = httpx2.post(f"{server.http}/v1/listen", params=raw, content=PCM)
    assert deepgram.is_success, deepgram.text
    assert listed(server) == []


def test_so_may_the_operator(start: Start) -> None:
    server = start(store_files=False)
    assert asr(server).is_success
    assert listed(server) == []


def test_nonsense_is_refused(start: Start) -> None:
    assert asr(start(), store="perhaps").status_code == 400


def test_a_file_that_fails_is_not_stored(start: Start) -> None:
    server = start(Faulty(script_of(SAID), kind="engine error", times=100))
    assert asr(server).status_code == 500
    assert listed(server) == []


@pytest.mark.parametrize(
    ("name", "title"),
    [("a/b.wav", "b.wav"), ("C:\\a\\b.wav", "b.wav"), ("x\0y\n.wav", "xy.wav"), ("", "")],
)
def test_titles(name: str, title: str) -> None:
    assert titled(name) == title
    assert len(titled("a" * 1000)) == 200
