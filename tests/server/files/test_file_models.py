"""Requests for files that name a model: loaded when it is wanted, and not for ever."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from livestt.engines import Hypothesis, Job
from livestt.engines import scheduler as scheduling
from livestt.engines.scripted import script_of
from livestt.errors import BadModel, UnsupportedOption
from livestt.server.files import file_models
from livestt.settings import Settings
from livestt.store import Store

from ..conftest import Serve
from ..engines import Watched
from ..running import PATIENCE, Running, wait_until
from ..test_asr_rest import PCM, post


class Held(Watched):
    """Says which model it is, and may be held up."""

    def __init__(self, name: str) -> None:
        super().__init__(script_of(f"This is {name}."))
        self.capabilities = replace(self.capabilities, model=name)
        self.name = name
        self.closed = False
        self.may_run = threading.Event()
        self.may_run.set()
        self.held_up = threading.Event()
        """Whether a job came that may not run."""

    def answers(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if not self.may_run.is_set():
            self.held_up.set()
        assert self.may_run.wait(PATIENCE)
        return super().answers(jobs)

    def close(self) -> None:
        self.closed = True


class Loader:
    """Makes engines, and remembers them; one of them cannot be made."""

    def __init__(self) -> None:
        self.made: list[Held] = []
        self.broken = False
        self.asked: list[str] = []
        self.may_load = threading.Event()
        self.may_load.set()

    def __call__(self, settings: Settings) -> Held:
        assert settings.model is not None
        self.asked.append(settings.model)
        assert self.may_load.wait(PATIENCE)
        if self.broken:
            raise BadModel("There is nothing at /srv/models.")
        self.made.append(Held(settings.model))
        return self.made[-1]

    @property
    def names(self) -> list[str]:
        return [engine.name for engine in self.made]


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    made = Loader()
    monkeypatch.setattr(file_models, "_load", made)
    yield made
    assert all(engine.closed for engine in made.made), "left in memory"
    assert all(s.releases == 1 for engine in made.made for s in engine.streams)


@pytest.fixture
def server(loader: Loader, serve: Serve) -> Running:
    return serve(Held("our own"), file_model=("small", "large-v3"))


def said(server: Running, **query: str) -> str:
    status, _, body = post(server, "/asr", PCM, encode="false", output="txt", **query)
    assert status == 200, body
    return body.strip()


@pytest.mark.parametrize(
    ("model", "who"),
    [
        ("small", "small"),
        ("whisper-small", "small"),
        ("Systran/faster-whisper-large-v3", "large-v3"),
        ("whisper-1", "our own"),
        ("tiny", "our own"),
        ("", "our own"),
    ],
)
def test_who_answers(server: Running, model: str, who: str) -> None:
    assert said(server, model=model) == f"This is {who}."


def test_a_folder_goes_by_its_own_name(loader: Loader, serve: Serve) -> None:
    server = serve(Held("our own"), file_model=("/srv/models/ours-ct2", "org/theirs"))
    assert server.services.uploads.file_models.names == ["our own", "ours-ct2", "org/theirs"]
    assert said(server, model="ours-ct2") == "This is /srv/models/ours-ct2."
    assert said(server, model="/srv/models/ours-ct2") == "This is our own."


def test_the_servers_own_model_is_not_loaded_twice(loader: Loader, serve: Serve) -> None:
    server = serve(Held("our own"), file_model=("our own", "/srv/our own"))
    assert server.services.uploads.file_models.names == ["our own"]
    assert said(server, model="our own") == "This is our own."
    assert loader.asked == []


def test_nothing_is_loaded_before_it_is_named(server: Running, loader: Loader) -> None:
    assert said(server) == "This is our own."
    assert loader.names == []
    assert [said(server, model="small") for _ in range(2)] == ["This is small."] * 2
    assert loader.names == ["small"]


def test_another_model_takes_the_place(server: Running, loader: Loader) -> None:
    said(server, model="small")
    said(server, model="large-v3")
    assert [engine.closed for engine in loader.made] == [True, False]
    said(server, model="small")
    assert loader.names == ["small", "large-v3", "small"]


def test_two_may_be_in_memory(loader: Loader, serve: Serve) -> None:
    server = serve(Held("our own"), file_model=("small", "large-v3"), file_models_loaded=2)
    for model in ("small", "large-v3", "small"):
        said(server, model=model)
    assert loader.names == ["small", "large-v3"]
    assert server.services.uploads.file_models.loaded == ["small", "large-v3"]


def test_a_model_that_is_at_work_is_waited_for(server: Running, loader: Loader) -> None:
    said(server, model="small")
    small = loader.made[0]
    small.may_run.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(said, server, model="small")
        assert small.held_up.wait(PATIENCE)
        second = pool.submit(said, server, model="large-v3")
        wait_until(lambda: server.services.uploads.admitted == 2)
        assert loader.names == ["small"]
        small.may_run.set()
        assert first.result() == "This is small."
        assert second.result() == "This is large-v3."
    assert small.closed


def test_a_model_that_is_there_waits_for_none_that_comes(loader: Loader, serve: Serve) -> None:
    server = serve(Held("our own"), file_model=("small", "large-v3"), file_models_loaded=2)
    said(server, model="small")
    loader.may_load.clear()
    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(said, server, model="large-v3")
        wait_until(lambda: "large-v3" in loader.asked)
        assert said(server, model="small") == "This is small."
        assert not large.done()
        loader.may_load.set()
        assert large.result() == "This is large-v3."


def test_two_who_want_the_same_model_load_it_once(server: Running, loader: Loader) -> None:
    loader.may_load.clear()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(said, server, model="small") for _ in range(2)]
        wait_until(lambda: loader.asked and server.services.uploads.admitted == 2)
        loader.may_load.set()
        assert [one.result() for one in both] == ["This is small."] * 2
    assert loader.names == ["small"]


def test_who_waits_for_a_place_gets_it(server: Running, loader: Loader) -> None:
    """However many more ask for the model that has it."""
    said(server, model="small")
    small = loader.made[0]
    small.may_run.clear()
    models_of = server.services.uploads.file_models
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(said, server, model="small")
        assert small.held_up.wait(PATIENCE)
        second = pool.submit(said, server, model="large-v3")
        wait_until(lambda: models_of._crowded)
        third = pool.submit(said, server, model="small")
        wait_until(lambda: models_of._moving.statistics().tasks_waiting == 1)
        small.may_run.set()
        assert [one.result()[8:] for one in (first, second, third)] == [
            "small.",
            "large-v3.",
            "small.",
        ]
    assert loader.names == ["small", "large-v3", "small"]


@pytest.mark.parametrize("path", ["/asr?encode=false&model=large-v3", "/v1/audio/transcriptions"])
def test_who_goes_while_a_model_is_waited_for_leaves_its_place(
    server: Running, loader: Loader, path: str
) -> None:
    said(server, model="small")
    small = loader.made[0]
    small.may_run.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(said, server, model="small")
        assert small.held_up.wait(PATIENCE)
        body = b"".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'.encode()
            for name, more, text in [
                ("model", "", "large-v3"),
                ("file", '; filename="a.wav"', "abcd"),
                ("audio_file", '; filename="a.wav"', "abcd"),
            ]
        )
        going = HTTPConnection(server.http.removeprefix("http://"), timeout=PATIENCE)
        kind = {"content-type": "multipart/form-data; boundary=b"}
        going.request("POST", path, body + b"--b--\r\n", kind)
        wait_until(lambda: server.services.uploads.file_models._crowded)
        going.close()
        wait_until(lambda: server.services.uploads.admitted == 1)
        small.may_run.set()
        assert first.result() == "This is small."
    assert loader.names == ["small"]


def test_a_file_on_a_model_that_hangs_is_told(
    loader: Loader, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_models, "LOOK", 0.01)
    server = serve(Held("our own"), file_model=("small",))
    server.expects_errors = True
    said(server, model="small")
    small = loader.made[0]
    small.may_run.clear()
    with ThreadPoolExecutor(1) as pool:
        file = pool.submit(post, server, "/asr", PCM, encode="false", model="small")
        assert small.held_up.wait(PATIENCE)
        with monkeypatch.context() as impatient:
            impatient.setattr(scheduling, "HUNG", 0.0)
            status, _, body = file.result()
        small.may_run.set()
    assert (status, json.loads(body)["code"]) == (500, "engine_error")


def test_a_model_that_cannot_do_what_is_wanted_is_not_left_in_memory(
    server: Running, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise UnsupportedOption("It does not attend.")

    monkeypatch.setattr(file_models, "Pipeline", refuse)
    status, _, body = post(server, "/asr", PCM, encode="false", model="small")
    assert (status, json.loads(body)["code"]) == (500, "engine_error")
    assert loader.made[0].closed


def test_a_model_that_cannot_be_loaded(server: Running, loader: Loader) -> None:
    loader.broken = True
    status, _, body = post(server, "/asr", PCM, encode="false", model="small")
    assert (status, json.loads(body)["code"]) == (500, "engine_error")
    assert "the model small cannot be loaded" in body
    assert "/srv" not in body
    loader.broken = False
    assert said(server, model="small") == "This is small."


def test_an_idle_model_leaves(loader: Loader, serve: Serve) -> None:
    server = serve(Held("our own"), file_model=("small",), model_idle_seconds=0.05)
    assert said(server, model="small") == "This is small."
    wait_until(lambda: loader.made[0].closed)
    assert said(server, model="small") == "This is small."


def test_files_give_way_to_who_speaks_to_the_other_model(server: Running, loader: Loader) -> None:
    said(server, model="small")
    held = server.services.uploads.file_models._loaded["small"].chosen.scheduler
    assert not held.live
    server.talk(PCM, encoding="s16le")
    server.services.scheduler._last_live = time.monotonic() + PATIENCE
    assert held.live


def test_the_transcript_names_its_model(loader: Loader, serve: Serve, tmp_path: Path) -> None:
    kept = Store(f"{tmp_path}/t.db")
    server = serve(Held("our own"), kept=kept, file_model=("small",))
    status, headers, _ = post(server, "/asr", PCM, encode="false", model="small")
    assert status == 200
    assert kept.get(headers["livestt-transcript"]).model == "small"
