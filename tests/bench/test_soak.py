"""Guests of every kind, and a server that is looked at when they have left."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import anyio
import numpy as np
import pytest
import soundfile
from server.running import Running

from livestt.bench.guests import GUESTS, Guest, Visit, visit_once
from livestt.bench.leaks import Look, trends
from livestt.bench.soak import Schedule, soak
from livestt.engines.scripted import ScriptedEngine
from livestt.server.timing import Timing
from livestt.settings import Settings


@pytest.fixture(scope="module")
def sound() -> bytes:
    noise = np.random.default_rng(1).normal(0, 3000, 15 * 16_000)
    return noise.astype("<i2").tobytes()


@pytest.fixture(scope="module")
def file(sound: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("files") / "a.flac"
    soundfile.write(path, np.frombuffer(sound[:64_000], "<i2"), 16_000)
    return path.read_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    settings = Settings(port=0, vad=False, max_sessions=8, resume_seconds=0.2)
    with Running(ScriptedEngine(), settings, Timing()) as running:
        yield running


@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.__name__)
def test_guest(guest: Guest, server: Running, sound: bytes, file: bytes) -> None:
    url = server.url().rstrip("?")
    visit = Visit(url, url, 20.0, sound, [file], random.Random(1))
    anyio.run(visit_once, visit, guest)
    assert not visit.failed
    assert visit.done == {guest.__name__: 1}


def test_who_finds_nobody_has_failed(sound: bytes, file: bytes) -> None:
    url = "ws://127.0.0.1:9/asr"
    visit = Visit(url, url, 20.0, sound, [file], random.Random(1))
    for guest in GUESTS:
        anyio.run(visit_once, visit, guest)
    assert not visit.done
    assert visit.failed.total() == len(GUESTS)


def look(minutes: float, rss: int) -> Look:
    return Look(60 * minutes, rss, rss, 5, 10, 20, 1)


def test_the_warm_up_counts_for_nothing() -> None:
    looks = [look(0, 10), *(look(minutes, 1000 + 2 * minutes) for minutes in range(1, 8))]
    trend = trends(looks)
    assert trend["rss"].per_hour == pytest.approx(120)
    assert (trend["rss"].first, trend["rss"].last) == (1004, 1014)
    assert trend["tasks"].per_hour == pytest.approx(0)


def test_a_short_soak(sound: bytes, file: bytes, tmp_path: Path) -> None:
    looks: list[Look] = []
    options = ["--backend", "scripted", "--no-vad", "--log-level", "error"]
    options += ["--store", str(tmp_path / "words.db"), "--resume-seconds", "0.2"]

    async def run() -> Visit:
        found, visit = await soak(
            options, sound, [file], Schedule(seconds=2.0, cycle=2.0, rate=5.0, most=6),
            lambda look, visit: looks.append(look), speed=20.0,
        )  # fmt: skip
        assert found.looks == looks
        assert found.stayed == 0
        return visit

    visit = anyio.run(run)
    assert visit.done
    assert visit.seconds > 0
    assert len(looks) >= 2
    assert all(one.rss > 0 and one.threads > 0 and one.files > 0 and one.tasks for one in looks)
