"""How Deepgram writes words."""

from __future__ import annotations

import pytest

from livestt.events import Word
from livestt.protocols.deepgram.words import WordForm, alternative, plain


def spoken(*texts: str) -> list[Word]:
    return [Word(text, i * 1600, i * 1600 + 800, 0.5 + 0.1 * i) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("text", "bare"),
    [(" Hello,", " hello"), ("It's", "it's"), (" 3.5!", " 3.5"), (" -", " -"), ("日本。", "日本")],
)
def test_plain_words(text: str, bare: str) -> None:
    assert plain(text) == bare


def test_a_transcript_with_and_without_punctuation() -> None:
    said = spoken(" Hello,", " World.")
    assert alternative(said, WordForm())["transcript"] == "hello world"
    entry = alternative(said, WordForm(punctuated=True))
    assert entry["transcript"] == "Hello, World."
    assert [word["word"] for word in entry["words"]] == ["hello", "world"]
    assert entry["confidence"] == 0.55


def test_scripts_without_spaces_get_none() -> None:
    assert alternative(spoken("日本", "語。"), WordForm())["transcript"] == "日本語"


def test_blanks_are_no_words() -> None:
    assert alternative(spoken(" ", ""), WordForm())["words"] == []


def test_nothing_said() -> None:
    assert alternative([], WordForm()) == {"transcript": "", "confidence": 0.0, "words": []}


def test_replacements_keep_what_stands_around_the_word() -> None:
    form = WordForm(punctuated=True, replacements={"monica": "Dana"})
    entry = alternative(spoken(" Ask", " Monica,", " please."), form)
    assert entry["transcript"] == "Ask Dana, please."


def test_speakers_count_from_zero_and_only_where_known() -> None:
    said = [Word(" a", 0, 1, speaker=1), Word(" b", 1, 2)]
    entry = alternative(said, WordForm(speakers=True))
    assert [word.get("speaker") for word in entry["words"]] == [0, None]
    assert "speaker" not in alternative(said, WordForm())["words"][0]


def test_languages_by_how_much_they_are_spoken() -> None:
    said = [Word(" un", 0, 1, language="fr"), Word(" a", 1, 2, language="en"),
            Word(" the", 2, 3, language="en"), Word(" x", 3, 4)]  # fmt: skip
    assert alternative(said, WordForm(languages=True))["languages"] == ["en", "fr"]
