"""Whoever has left takes everything along: objects are counted, whatever holds them."""

from __future__ import annotations

import gc
import random
from collections import Counter

import anyio
import numpy as np
import pytest
import soundfile

from livestt.bench.guests import GUESTS, Guest, Visit, visit_once
from livestt.engines.scripted import ScriptedEngine
from livestt.speakers.scripted import ScriptedDiarizer
from livestt.store import Store
from livestt.translation.scripted import ScriptedTranslator

from .conftest import Serve
from .running import Running, wait_until

GUESTS_OF_A_KIND = 6
LAST = 2
"""What of a kind may stay: an idle thread remembers the last thing it did."""
OURS = ("livestt.server", "livestt.driver", "livestt.session", "livestt.file_session",
        "livestt.speakers.driving", "livestt.translation.driving")  # fmt: skip
SOUND = np.random.default_rng(1).normal(0, 3000, 15 * 16_000).astype("<i2")


@pytest.fixture(scope="module")
def server(serve_all: Serve, tmp_path_factory: pytest.TempPathFactory) -> Running:
    return serve_all(
        ScriptedEngine(),
        kept=Store(str(tmp_path_factory.mktemp("store") / "words.db")),
        diarizer=ScriptedDiarizer(),
        translator=ScriptedTranslator(),
        max_sessions=8,
        resume_seconds=0.05,
        target_language="de",
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("files") / "a.flac"
    soundfile.write(path, SOUND[:64_000], 16_000)
    return path.read_bytes()


def objects() -> Counter[str]:
    """How many there are of each of our classes."""
    gc.collect()
    kinds = (type(thing) for thing in gc.get_objects())
    return Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in kinds
        if isinstance(kind.__module__, str) and kind.__module__.startswith(OURS)
    )


@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.__name__)
def test_who_has_left_leaves_nothing(guest: Guest, server: Running, file: bytes) -> None:
    url = server.url().rstrip("?")
    visit = Visit(url, url, 200.0, SOUND.tobytes(), [file], random.Random(1))
    anyio.run(visit_once, visit, guest)
    server.check_idle()
    before = objects()
    for _ in range(GUESTS_OF_A_KIND):
        anyio.run(visit_once, visit, guest)
    server.check_idle()
    assert not visit.failed
    wait_until(lambda: all(n <= LAST for n in (objects() - before).values()))
