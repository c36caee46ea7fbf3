"""Audio that the voice detector takes for speech although it may be music or noise."""

from __future__ import annotations

import json
import os
from pathlib import Path

import anyio
import numpy as np
import pytest

from livestt.engines import Hypothesis, StreamOptions
from livestt.engines.faster_whisper import FasterWhisperEngine
from livestt.engines.scripted import ScriptedEngine
from livestt.events import Committed, Interim, Word
from livestt.files import transcribe_file
from livestt.policies import PolicyName, choose
from livestt.session import Session
from livestt.settings import Settings
from livestt.testing import Harness
from livestt.vad import FRAME

SHARED = os.environ.get("LIVESTT_SHARED")
ENGINE = ScriptedEngine().capabilities


def said(probability: float, score: float) -> list[str]:
    """What a session shows and commits of one word, given both witnesses' certainty."""
    session = Session(None, ENGINE, choose("utterance", ENGINE), StreamOptions())
    frames = np.full(40, probability, np.float32)
    session.receive_audio(np.zeros(len(frames) * FRAME, np.float32), frames)
    session.receive_end()
    while job := session.next_job():
        word = Word(" tomorrow", job.start + 4_000, job.start + 8_000, score)
        session.receive_hypothesis(job, Hypothesis((word,), (word.end,), language="en"))
    events = session.take_events()
    return [w.text for e in events if isinstance(e, Committed | Interim) for w in e.words]


@pytest.mark.parametrize(
    ("probability", "score", "believed"),
    [
        (0.98, 0.99, True),
        (0.98, 0.3, True),
        (0.6, 0.95, True),
        (0.6, 0.5, False),
        (0.9, 0.5, False),  # as 32 bits a little less, whichever NumPy compares
    ],
)
def test_two_weak_witnesses_are_none(probability: float, score: float, *, believed: bool) -> None:
    assert said(probability, score) == ([" tomorrow"] if believed else [])


@pytest.mark.parametrize("policy", ["alignatt", "localagreement", "utterance"])
@pytest.mark.parametrize("silence", range(20, 60, 7))
def test_a_short_answer_is_not_lost_whenever_it_was_last_heard(
    policy: PolicyName, silence: int
) -> None:
    """It waits for the end of the utterance, which a step may have heard without knowing."""
    session = Session(None, ENGINE, choose(policy, ENGINE))
    track = np.array([0.05] * silence + [0.6] * 20 + [0.05] * 60, np.float32)
    word = Word(" yes", silence * FRAME + 2_000, silence * FRAME + 6_000, 0.95)
    for probability in track:
        session.receive_audio(np.zeros(FRAME, np.float32), np.array([probability]))
        while job := session.next_job():
            heard = job.start <= word.start and word.end <= job.end
            answer = Hypothesis((word,), (word.end,), language="en") if heard else Hypothesis(())
            session.receive_hypothesis(job, answer)
    committed = [e for e in session.take_events() if isinstance(e, Committed)]
    assert [w.text for e in committed for w in e.words] == [" yes"]


def test_three_clear_frames_make_it_speech_however_they_are_cut() -> None:
    for clear, believed in ((2, False), (3, True)):
        session = Session(None, ENGINE, choose("utterance", ENGINE))
        track = np.array([0.6] * 10 + [0.95] * clear + [0.6] * 20, np.float32)
        for probability in track:
            session.receive_audio(np.zeros(FRAME, np.float32), np.array([probability]))
        session.receive_end()
        job = session.next_job()
        assert job is not None
        word = Word(" perhaps", job.start + 4_000, job.start + 8_000, 0.5)
        session.receive_hypothesis(job, Hypothesis((word,), (word.end,), language="en"))
        committed = [e for e in session.take_events() if isinstance(e, Committed)]
        assert bool(committed) is believed


def no_speech() -> list[Path]:
    """Recordings of noise, music and silence."""
    assert SHARED is not None
    root = next(p for p in (Path(SHARED), Path(SHARED, "data")) if (p / "manifest.jsonl").exists())
    rows = map(json.loads, (root / "manifest.jsonl").read_text().splitlines())
    return [root / row["file"] for row in rows if row["kind"] == "nospeech"]


@pytest.mark.shared
@pytest.mark.skipif(SHARED is None, reason="LIVESTT_SHARED is not set")
@pytest.mark.parametrize("language", ["en", "auto"])
def test_no_words_out_of_noise_music_and_silence(
    whisper: FasterWhisperEngine, language: str
) -> None:
    for file in no_speech():
        text = transcribe_file(file, whisper, Settings(language=language)).text
        assert text == "", file.name


@pytest.mark.shared
@pytest.mark.skipif(SHARED is None, reason="LIVESTT_SHARED is not set")
@pytest.mark.parametrize("policy", ["alignatt", "localagreement"])
def test_no_words_out_of_noise_music_and_silence_live(
    whisper: FasterWhisperEngine, policy: str
) -> None:
    async def heard(file: Path) -> list[str]:
        shown: set[str] = set()
        settings = Settings(language="en", backend_policy=policy)
        async with Harness(whisper, settings) as harness:
            harness.on_update(lambda state: shown.add(state.text))
            await harness.feed(file, speed=0)
            await harness.finish()
        return sorted(shown - {""})

    assert {file.name: words for file in no_speech() if (words := anyio.run(heard, file))} == {}
