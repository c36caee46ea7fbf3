"""Verdicts and timeline from made-up notes, then from a file through the real pipeline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
import soundfile

from livestt.bench.diagnosis import (
    Asked,
    Moment,
    Probes,
    Sound,
    Verdict,
    listen_to,
    verdicts,
)
from livestt.bench.probing import Probe
from livestt.bench.timeline import timeline
from livestt.engines import Hypothesis, Job
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import EngineError
from livestt.settings import Settings
from livestt.timebase import SAMPLE_RATE

from .conftest import SCRIPT, TEXT


def probes(**changes: Any) -> Probes:
    """Notes of a run in which all went well."""
    well: dict[str, Any] = {
        "sound": Sound(10.0, -12.0, 0.0),
        "speed": 1.0,
        "model": "base",
        "speech": [(1.0, 4.0), (6.0, 9.0)],
        "asked": [Asked(2.0, 2.1, 2.4, 1.5, 3), Asked(7.0, 7.0, 7.5, 2.5, 4)],
        "moments": [Moment(1.0, 1.0, 0.9, 0.9), Moment(5.0, 5.0, 4.9, 4.0)],
        "committed": [(2.4, 3), (7.5, 4)],
        "took": 10.0,
    }
    return Probes(**{**well, **changes})


def levels(found: Sequence[Verdict]) -> dict[str, str]:
    return {verdict.subject: verdict.level for verdict in found}


def test_all_well() -> None:
    found = levels(verdicts(probes()))
    assert set(found.values()) == {"ok"}
    assert list(found) == ["Sound", "Decoding", "Speech", "Engine", "Words", "Lag"]


SLOW = [Asked(0.0, 0.0, 9.0, 2.0, 1), Asked(9.0, 9.0, 13.0, 2.0, 1)]
MANY = [Asked(i, i, i + 0.1, 1.0, 1, "loop" if i % 2 else None) for i in range(10)]


@pytest.mark.parametrize(
    ("changes", "subject", "level", "says"),
    [
        ({"asked": SLOW}, "Engine", "fail", "1.30x real time: it cannot keep up"),
        ({"asked": SLOW[:1]}, "Engine", "warn", "0.90x real time: no room for a second"),
        ({"asked": SLOW, "speed": 0.5}, "Engine", "ok", "0.65x real time"),
        ({"asked": MANY}, "Answers", "warn", "5 of 10 were rejected, most often: loop"),
        ({"speech": []}, "Speech", "fail", "none was found"),
        ({"committed": []}, "Words", "fail", "no word was recognised"),
        ({"sound": Sound(10, -3.0, 0.02)}, "Sound", "warn", "2.0% of it clipped"),
        ({"sound": Sound(10, -50.0, 0.0)}, "Sound", "warn", "very quiet"),
        ({"moments": [Moment(9.5, 9.5, 9, 9)]}, "Decoding", "warn", "before 9.5 s of the file"),
        ({"moments": [Moment(6, 6, 6, 2)]}, "Lag", "fail", "at most 4.0 s of audio waited"),
        ({"moments": [Moment(6, 6, 6, 2)], "speed": 4.0}, "Lag", "ok", "at most 4.0 s"),
        ({"warnings": ["lost", "lost"]}, "Session", "fail", "lost"),
        ({"failure": "engine died"}, "Session", "fail", "engine died"),
    ],
)
def test_what_is_wrong(changes: dict[str, Any], subject: str, level: str, says: str) -> None:
    [found] = [verdict for verdict in verdicts(probes(**changes)) if verdict.subject == subject]
    assert (found.level, says in found.says) == (level, True), found
    assert bool(found.advice) == (level != "ok" and subject != "Session")


def test_as_fast_as_it_goes_nothing_can_be_late() -> None:
    found = levels(verdicts(probes(speed=0.0, moments=[Moment(6, 9.9, 6, 2)])))
    assert "Lag" not in found
    assert found["Decoding"] == "ok"


def test_timeline() -> None:
    first, second = timeline(probes(), 2)
    assert (first.start, first.end, second.end) == (0.0, 5.0, 10.0)
    assert (first.jobs, first.words, second.words) == (1, 3, 4)
    assert (first.waited, first.took) == (pytest.approx(0.1), pytest.approx(0.3))
    assert (first.window, second.window) == (1.5, 2.5)
    assert (first.speech, second.speech) == (pytest.approx(0.6), pytest.approx(0.6))
    assert (first.decoded, first.lag) == (4.9, pytest.approx(0.9))
    assert (second.decoded, second.lag) == (4.9, 0.0)


def test_level() -> None:
    wave = np.sin(np.arange(SAMPLE_RATE) / 5).astype(np.float32)
    loud = listen_to(np.clip(3 * wave, -1, 1), SAMPLE_RATE)
    assert loud.seconds == 1.0
    assert loud.clipped > 0.5
    assert listen_to(0.1 * wave, SAMPLE_RATE).peak == pytest.approx(-23, abs=0.2)
    assert listen_to(np.zeros(0, np.float32), SAMPLE_RATE) == Sound(0.0, pytest.approx(-120), 0.0)


class Sluggish(ScriptedEngine):
    """Takes its time, or fails."""

    def __init__(self, seconds: float = 0.0, error: str = "") -> None:
        super().__init__(script=SCRIPT)
        self._seconds = seconds
        self._error = error

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        if self._error:
            raise EngineError(self._error)
        time.sleep(self._seconds)
        return super().run(jobs)


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 2 * SAMPLE_RATE), SAMPLE_RATE)
    return path


def probed(path: Path, engine: Any, **settings: Any) -> Probes:
    fed: list[float] = []
    chosen = Settings(**{"vad": False, **settings})
    found = anyio.run(Probe(path, engine, chosen, 4.0, fed.append).run)
    assert fed == sorted(fed)
    assert fed[-1] == pytest.approx(found.sound.seconds)
    return found


def test_a_file_that_is_well(noise: Path) -> None:
    found = probed(noise, Sluggish())
    assert found.text == TEXT
    assert found.words == 6
    assert found.speech == [(0.0, 2.0)]
    assert sum(asked.words for asked in found.asked) >= 6
    assert all(a.submitted <= a.begun <= a.ended for a in found.asked)
    assert found.moments[-1].heard == found.moments[-1].decoded == 2.0
    assert "fail" not in levels(verdicts(found)).values()


def test_an_engine_that_is_too_slow(noise: Path) -> None:
    found = verdicts(probed(noise, Sluggish(seconds=0.3)))
    assert levels(found)["Engine"] == "fail"


def test_an_engine_that_fails(noise: Path) -> None:
    found = verdicts(probed(noise, Sluggish(error="out of memory")))
    assert any(v.level == "fail" and "out of memory" in v.says for v in found)


def test_silence(noise: Path) -> None:
    found = probed(noise, Sluggish(), vad=True)
    assert levels(verdicts(found))["Speech"] == "fail"
    assert replace(found.sound, seconds=2.0) == found.sound
