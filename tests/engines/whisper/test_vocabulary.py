"""Tokens and text, with the tokenizer of the test model and one that knows only English."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from faster_whisper.tokenizer import Tokenizer
from tokenizers import Tokenizer as File

from livestt.engines.vocabularies import from_folder
from livestt.engines.whisper.alignment import Piece, merge_punctuation
from livestt.engines.whisper.vocabulary import Vocabulary
from livestt.errors import BadModel

MODEL = Path(__file__).parents[2] / "fixtures" / "whisper-synth"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return from_folder(MODEL, multilingual=True)


def theirs(language: str, tokens: tuple[int, ...]) -> list[Piece]:
    """The words as faster-whisper splits them."""
    file = File.from_file(str(MODEL / "tokenizer.json"))
    splitter = Tokenizer(file, True, task="transcribe", language=language)
    texts, ids = splitter.split_to_word_tokens([*tokens, splitter.eot])
    pieces = [Piece(text, tuple(i)) for text, i in zip(texts, ids, strict=True)]
    return merge_punctuation([piece for piece in pieces if splitter.eot not in piece.tokens])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", ' "Hello," she said; 3.14 isn\'t 4.'),
        ("de", " Frau Müller-Lüdenscheidt (aus Köln) sagt: naïve Cafés!"),
        ("ja", "今日は良い天気ですね。"),
        ("zh", "你好，世界"),  # noqa: RUF001 - the full-width comma is data
        ("ru", " Привет, мир"),
        ("hi", " नमस्ते दुनिया 👋🏽"),
    ],
)
def test_words_are_those_of_faster_whisper(
    vocabulary: Vocabulary, language: str, text: str
) -> None:
    tokens = vocabulary.text_tokens(text)
    words = vocabulary.words(tokens, language)
    assert words == theirs(language, tokens)
    assert "".join(word.text for word in words) == text
    assert tuple(token for word in words for token in word.tokens) == tokens


@pytest.mark.parametrize("count", range(1, 8))
def test_half_a_character_is_split_like_there(vocabulary: Vocabulary, count: int) -> None:
    tokens = vocabulary.text_tokens(" नमस्ते 👋🏽")[:count]
    assert vocabulary.words(tokens, "hi") == theirs("hi", tokens)


def test_marks_belong_to_their_characters(vocabulary: Vocabulary) -> None:
    words = vocabulary.words(vocabulary.text_tokens("ที่นี่ดี"), "th")
    assert [word.text for word in words] == ["ที่", "นี่", "ดี"]


def test_no_tokens_no_words(vocabulary: Vocabulary) -> None:
    assert vocabulary.words((), "en") == []


def test_languages_and_starts(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.languages) == 99
    assert vocabulary.languages["en"] == 50259
    assert vocabulary.start("fr", "translate") == (50258, 50265, 50358, 50363)
    assert (vocabulary.eot, vocabulary.previous, vocabulary.no_speech) == (50257, 50361, 50362)


def test_an_english_model_is_told_neither_language_nor_task(vocabulary: Vocabulary) -> None:
    english = replace(vocabulary, multilingual=False)
    assert english.languages == {}
    assert english.start("en", "transcribe") == (50258, 50363)


def test_a_vocabulary_that_is_not_whispers(vocabulary: Vocabulary, tmp_path: Path) -> None:
    other = replace(vocabulary, token=lambda name: None)
    with pytest.raises(ValueError, match=r"has no token <\|endoftext\|>"):
        _ = other.eot
    with pytest.raises(BadModel, match=r"no tokenizer\.json"):
        from_folder(tmp_path, multilingual=True)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(BadModel, match=r"tokenizer\.json cannot be read"):
        from_folder(tmp_path, multilingual=True)
