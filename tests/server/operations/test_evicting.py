"""The model goes when nobody needs it, and comes back for the next one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import httpx2
import pytest

from livestt.engines.scripted import script_of
from livestt.errors import ModelUnavailable
from livestt.residence import Models, Residence
from livestt.resident import Resident
from livestt.server.timing import Timing

from ..conftest import Serve
from ..engines import Watched
from ..running import PATIENCE, Running, wait_until

TEXT = " ".join(f"word{i}" for i in range(20))
AUDIO = bytes(32_000 * 9)
QUERY = {"encoding": "s16le", "mode": "diff"}


def get(server: Running, path: str) -> tuple[int, dict[str, Any]]:
    answer: HTTPResponse | HTTPError
    try:
        answer = urlopen(f"{server.http}{path}")
    except HTTPError as error:
        answer = error
    with answer:
        return int(answer.status or 0), json.loads(answer.read())


def figure(server: Running, name: str) -> float:
    with urlopen(f"{server.http}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    [value] = [line.split()[-1] for line in lines if line.startswith(name)]
    return float(value)


class Loading:
    """Loads an engine when it is allowed to, and if it can."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.failure: Exception | None = None

    def __call__(self) -> Watched:
        self.begun.set()
        self.gate.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure
        return Watched(script_of(TEXT))


@pytest.fixture
def loading() -> Iterator[Loading]:
    loading = Loading()
    yield loading
    loading.gate.set()


@pytest.fixture
def start(serve: Serve, loading: Loading) -> Callable[..., tuple[Running, Residence]]:
    def starting(timing: Timing | None = None, idle: float = 0.05) -> tuple[Running, Residence]:
        models = Models(Watched(script_of(TEXT)))
        residence = Residence(models, lambda: Models(loading()))
        engine = Resident(residence, models.engine.capabilities)
        return serve(engine, timing, model_idle_seconds=idle), residence

    return starting


def test_a_session_waits_for_the_model_and_loses_nothing(
    start: Callable[..., tuple[Running, Residence]], loading: Loading
) -> None:
    server, engine = start()
    wait_until(lambda: engine.state == "unloaded")
    assert figure(server, "livestt_model_loaded ") == 0

    def allow() -> None:
        assert loading.begun.wait(PATIENCE)
        wait_until(lambda: len(server.sessions) == 1)
        assert get(server, "/ready")[1]["model_state"] == "loading"
        loading.gate.set()

    helper = threading.Thread(target=allow)
    helper.start()
    told = server.talk(AUDIO, **QUERY)
    helper.join()
    assert told.text == TEXT
    assert [m["code"] for m in told.of("warning")] == ["model_loading", "model_loaded"]
    assert told.kinds[0] == "config", "nobody waits for an answer"
    wait_until(lambda: engine.state == "unloaded")
    wait_until(lambda: engine.stats.evictions == 2)
    assert figure(server, 'whisperx_model_evictions_total{model="scripted"}') == 2
    assert figure(server, "livestt_model_loads_total") == 1
    assert figure(server, "whisperx_loaded_models") == 0


def test_nobody_fetches_a_model_only_to_ask_whether_it_works(
    start: Callable[..., tuple[Running, Residence]],
) -> None:
    server, engine = start()
    wait_until(lambda: engine.state == "unloaded")
    status, body = get(server, "/ready")
    assert (status, body["model_state"], body["answered_ago"]) == (200, "unloaded", None)
    assert get(server, "/health")[1]["loaded_models"] == []
    assert engine.stats.loads == 0


def test_a_model_that_does_not_come_back_is_no_secret(
    start: Callable[..., tuple[Running, Residence]], loading: Loading
) -> None:
    server, engine = start(Timing(unready=0))
    wait_until(lambda: engine.state == "unloaded")
    loading.failure = ModelUnavailable("the disk is gone")
    loading.gate.set()
    told = server.talk(AUDIO, **QUERY)
    [error] = told.of("error")
    assert (error["code"], told.text) == ("engine_error", "")
    assert "the disk is gone" in error["message"]
    status, body = get(server, "/ready")
    assert status == 503
    assert "the disk is gone" in body["message"]
    loading.failure = None
    assert get(server, "/ready")[0] == 200, "asking fetches it, once that has failed"
    assert server.talk(AUDIO, **QUERY).text == TEXT


def test_a_file_waits_too(
    start: Callable[..., tuple[Running, Residence]], loading: Loading
) -> None:
    server, engine = start()
    loading.gate.set()
    wait_until(lambda: engine.state == "unloaded")
    fields = {"encode": "false"}
    answer = httpx2.post(
        f"{server.http}/asr", params=fields, files={"audio_file": AUDIO}, timeout=PATIENCE
    )
    assert answer.status_code == 200, answer.text
    assert answer.text.split() == TEXT.split()
