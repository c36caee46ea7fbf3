"""What is known of a file once it has been heard."""

from __future__ import annotations

import pytest
from protocols.recordings import TEXT, WORDS, recording

from livestt.events import Warned
from livestt.recording import (
    SpeakersWanted,
    average_log_probability,
    compression_ratio,
    log_probability,
    shortfall,
)


def test_a_recording_knows_its_words_and_its_language() -> None:
    made = recording()
    assert made.text == TEXT
    assert [segment.text for segment in made.segments] == ["Hello, world.", "It is late."]
    assert len(made.words) == 5
    assert (made.language, made.language_probability) == ("en", 0.75)
    assert made.duration == 96_800
    assert [made.no_speech(segment) for segment in made.segments] == [0.25, 0.5]


def test_a_language_that_was_named_is_certain() -> None:
    made = recording((), language="fr")
    assert (made.language, made.language_probability) == ("fr", 1.0)
    assert recording(()).language is None


def test_warnings_are_kept() -> None:
    assert recording((Warned("unclear", "hm"),)).warnings == [Warned("unclear", "hm")]


def test_scores_as_logarithms() -> None:
    assert log_probability(1.0) == 0
    assert log_probability(0.0) == pytest.approx(-11.5129)
    assert average_log_probability(WORDS) == pytest.approx(-0.3993, abs=1e-4)
    assert average_log_probability(()) == 0


def test_repetition_shows() -> None:
    assert compression_ratio("no " * 200) > 10
    assert compression_ratio("") < 1


def test_what_cannot_be_had_about_speakers_is_said() -> None:
    wanted = SpeakersWanted(embeddings=True, names=("Ada",), samples=("data:,",))
    assert [w.code for w in shortfall(wanted, diarizes=False, compares=True)] == [
        "speakers_unavailable"
    ]
    assert [w.code for w in shortfall(wanted, diarizes=True, compares=False)] == [
        "embeddings_unavailable",
        "known_speakers_unavailable",
    ]
    assert shortfall(SpeakersWanted(1, 2), diarizes=True, compares=False) == []
    assert shortfall(wanted, diarizes=True, compares=True) == []
