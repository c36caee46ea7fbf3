"""What all Whisper engines make of what a model writes, without a model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job, Samples, StreamOptions
from livestt.engines.vocabularies import from_folder
from livestt.engines.whisper.alignment import Span
from livestt.engines.whisper.engine import Pass, Row, WhisperEngine, Written
from livestt.timebase import SAMPLE_RATE

MODEL = Path(__file__).parents[2] / "fixtures" / "whisper-synth"
ARTICLE: dict[str, str] = json.loads(
    Path(__file__).with_name("article_one.json").read_text("utf-8")
)
VOCABULARY = from_folder(MODEL, multilingual=True)


class Writer:
    """Writes a text as far as it may, evenly over the audio."""

    def __init__(self, text: str) -> None:
        self.tokens = VOCABULARY.text_tokens(text)

    def languages(self, rows: Sequence[int]) -> list[tuple[str, float]]:
        return [("ja", 1.0) for _ in rows]

    def write(self, rows: Sequence[Row]) -> list[Written]:
        [row] = rows
        tokens = self.tokens[: row.limit]
        pace = len(row.job.audio) / SAMPLE_RATE * 50 / len(self.tokens)
        heard = [Span(int(i * pace), int((i + 1) * pace)) for i in range(len(tokens))]
        complete = len(tokens) < row.limit
        return [Written(tokens, [0.9] * len(tokens), heard, 0.0, complete)]


class Engine(WhisperEngine):
    def __init__(self, text: str) -> None:
        able = Capabilities("test", "test", "window", detects_language=True, translates=True)
        super().__init__(EngineSettings(), VOCABULARY, able)
        self._text = text

    @contextmanager
    def _begin(self, audio: Sequence[Samples], seconds: int) -> Iterator[Pass]:
        yield Writer(self._text)


def ask(text: str, seconds: float, *, final: bool = False, **options: str) -> Hypothesis:
    audio = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    job = Job(None, audio, 0, final, StreamOptions(**options))  # type: ignore[arg-type]
    [answer] = Engine(text).answer([job])
    return answer


@pytest.mark.parametrize("language", ["bn", "hi", "ka", "ml", "ta"])
def test_scripts_of_many_tokens_are_heard(language: str) -> None:
    text = " " + ARTICLE[language]
    heard = text[: len(text) // 3]
    answer = ask(heard, 3.5, language=language)
    assert answer.rejected is None
    assert "".join(word.text for word in answer.words) == heard


def test_more_than_the_decoder_can_write_is_heard_as_far_as_it_goes() -> None:
    answer = ask(" " + ARTICLE["ml"], 10.5, language="ml")
    assert answer.rejected is None
    text = "".join(word.text for word in answer.words).strip()
    assert text
    assert ARTICLE["ml"].startswith(text)


def test_unless_nobody_will_ask_about_the_rest() -> None:
    assert ask(" " + ARTICLE["ml"], 10.5, language="ml", final=True).rejected == "too_long"


def test_a_translation_has_the_words_of_english() -> None:
    answer = ask(" an internationalised anthology", 4.0, language="ja", task="translate")
    assert [word.text for word in answer.words] == [" an", " internationalised", " anthology"]
