"""One text in many languages, with the tokens that Whisper has for them.

Article 1 of the Universal Declaration of Human Rights takes ten and a half seconds in English; all
languages convey what they say in about the same time (Coupé et al. 2019).
"""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path

import pytest

from livestt.engines.vocabularies import from_folder
from livestt.engines.whisper.guards import Step, fault
from livestt.engines.whisper.prompts import max_new_tokens
from livestt.engines.whisper.scripts import compressible, letters
from livestt.engines.whisper.vocabulary import Vocabulary

MODEL = Path(__file__).parents[2] / "fixtures" / "whisper-synth"
ARTICLE: dict[str, str] = json.loads(
    Path(__file__).with_name("article_one.json").read_text("utf-8")
)
SECONDS = 10.5
STEP = 2.0
"""Seconds of speech that a live step has not heard yet."""
POSITIONS = 50
"""Of the encoder, per second."""


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return from_folder(MODEL, multilingual=True)


def step(vocabulary: Vocabulary, text: str, language: str, seconds: float) -> Step:
    """An answer without any fault, written in this time."""
    tokens = vocabulary.text_tokens(text)
    pieces = vocabulary.characters(tokens)
    ends = accumulate(len(piece.text) for piece in pieces)
    pace = seconds * POSITIONS / max(1, len(text))
    return Step(
        tokens,
        (0.9,) * len(tokens),
        tuple(end * pace for end in ends),
        text,
        seconds,
        no_speech=0.0,
        hit_limit=len(tokens) >= max_new_tokens(seconds, language),
    )


@pytest.mark.parametrize("language", ARTICLE)
@pytest.mark.parametrize("pace", [1.0, 1.4])
def test_what_people_say_is_no_fault(vocabulary: Vocabulary, language: str, pace: float) -> None:
    text = " " + ARTICLE[language]
    heard = text[: round(len(text) * STEP * pace / SECONDS)]
    assert fault(step(vocabulary, heard, language, STEP)) is None


@pytest.mark.parametrize("language", ARTICLE)
def test_a_loop_is_one_in_any_script(vocabulary: Vocabulary, language: str) -> None:
    again = (" " + ARTICLE[language][:18]) * 6
    assert fault(step(vocabulary, again, language, SECONDS)) == "loop"


@pytest.mark.parametrize("language", ARTICLE)
def test_text_out_of_nothing_is_believed_in_no_script(
    vocabulary: Vocabulary, language: str
) -> None:
    assert fault(step(vocabulary, ARTICLE[language], language, SECONDS / 6)) is not None


def test_letters() -> None:
    assert letters(" Hi, you 5") == 5 + 2 + 2
    assert letters("की") == letters("é") == letters("e\u0301") == 1
    assert letters("今日は") == 6


def test_letters_of_three_bytes_compress_like_those_of_one() -> None:
    assert len(compressible("ทั้งหลาย")) == 8
    assert compressible("naïve 語") == "naïve 語".encode()
