"""Whether what comes is what was declared, as far as one can hear."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines import Samples
from livestt.events import Warned
from livestt.unheard import ENOUGH, WARNING, Unheard
from livestt.vad import FRAME
from livestt.vad.silero import SileroVad

SPEECH = Path(__file__).parent / "fixtures" / "speech" / "stream-one-voice.flac"


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad()


@pytest.fixture(scope="module")
def speech() -> Samples:
    audio, _ = soundfile.read(SPEECH, dtype="float32")
    return np.asarray(audio[: len(audio) // FRAME * FRAME], np.float32)


def told(vad: SileroVad, samples: Samples) -> list[Warned]:
    samples = samples[: len(samples) // FRAME * FRAME]
    return Unheard().receive(samples, vad.open().probabilities(samples))


def as_16_bit(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768


def test_speech_as_declared(vad: SileroVad, speech: Samples) -> None:
    assert told(vad, speech) == []


def test_speech_as_something_else(vad: SileroVad, speech: Samples) -> None:
    whole = (speech * 32767).astype(np.int16)
    assert told(vad, as_16_bit(speech.astype("<f4").tobytes())) == [WARNING], "floats"
    assert told(vad, as_16_bit(whole.astype(">i2").tobytes())) == [WARNING], "big-endian"
    assert told(vad, np.repeat(speech, 3)) == [WARNING], "48 kHz"


def test_silence_and_quiet_say_nothing(vad: SileroVad, speech: Samples) -> None:
    assert told(vad, np.zeros(FRAME * 1000, np.float32)) == []
    assert told(vad, speech * np.float32(0.001)) == []


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=3 * ENOUGH), st.data())
def test_any_pieces_say_the_same(frames: list[tuple[bool, bool]], data: st.DataObject) -> None:
    samples = np.repeat(np.array([0.1 * loud for loud, _ in frames], np.float32), FRAME)
    probabilities = np.array([0.9 * speaks for _, speaks in frames], np.float32)
    whole = Unheard().receive(samples, probabilities)
    pieces, said, at = Unheard(), [], 0
    while at < len(frames):
        until = at + data.draw(st.integers(1, 200))
        said += pieces.receive(samples[at * FRAME : until * FRAME], probabilities[at:until])
        at = until
    assert said == whole
    first = [speaks for loud, speaks in frames if loud][:ENOUGH]
    assert bool(whole) == (len(first) == ENOUGH and sum(first) < len(first) / 4)
