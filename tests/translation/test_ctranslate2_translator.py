"""A small NLLB, as any NLLB is loaded and asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from livestt.errors import BadModel, MissingExtra, UnsupportedOption
from livestt.models import conversions
from livestt.settings import Settings
from livestt.translation import TranslationJob, TranslatorSettings
from livestt.translation.ctranslate2_translator import CTranslate2Translator
from livestt.translation.registry import load_translator

FIXTURES = Path(__file__).parents[1] / "fixtures"
FOLDER = FIXTURES / "translator-synth"
PAIRS = [
    ("Good morning, they moved this number.", "Gut Morgen, diese bewegte dies Zahl."),
    (
        "Did the woman clean this dark bird before dinner?",
        "Tat das Frau putzen dies dunkel Vogel vor Abendessen?",
    ),
    (
        "How many people were there over the mountain?",
        "Wie viele Leute waren dort jenseits das Berg?",
    ),
]


@pytest.fixture(scope="module")
def translator() -> Iterator[CTranslate2Translator]:
    made = CTranslate2Translator(TranslatorSettings(str(FOLDER), threads=1, device="cpu"))
    yield made
    made.close()


def asked(text: str, source: str = "en", target: str = "de") -> TranslationJob:
    return TranslationJob(0, text, source, target)


def test_it_says_what_it_can(translator: CTranslate2Translator) -> None:
    able = translator.capabilities
    assert able.languages == {"de", "en"}
    assert (able.name, able.model) == ("ctranslate2", "translator-synth")


@pytest.mark.parametrize(("english", "german"), PAIRS)
def test_both_directions(translator: CTranslate2Translator, english: str, german: str) -> None:
    assert translator.run([asked(english)]) == [german]
    assert translator.run([asked(german, "de", "en")]) == [english]


def test_a_batch_of_both_directions_answers_like_one_by_one(
    translator: CTranslate2Translator,
) -> None:
    jobs = [asked(english) for english, _ in PAIRS]
    jobs += [asked(german, "de", "en") for _, german in PAIRS]
    assert len({translator.batch_key(job) for job in jobs}) == 1
    assert translator.run(jobs) == [translator.run([job])[0] for job in jobs]


@pytest.mark.parametrize("text", ["", "…", "日本語 👋", "word " * 2000])
def test_anything_is_answered(translator: CTranslate2Translator, text: str) -> None:
    (answer,) = translator.run([asked(text)])
    assert len(answer) < 5_000


def test_it_loads_by_the_settings(recordings: list[dict[str, Any]]) -> None:
    loaded = load_translator(
        Settings(translation_model=str(FOLDER), target_language="deu_Latn", device="cpu", threads=1)
    )
    assert loaded is not None
    texts = [row["text"] for row in recordings if len(row["segments"]) == 1]
    answers = loaded.run([asked(text) for text in texts[:16]])
    assert all(answer[-1] == text[-1] for answer, text in zip(answers, texts, strict=False))
    loaded.close()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"target_language": "fr", "translation_model": str(FOLDER)}, "between de, en"),
        ({"target_language": "de", "translation_backend": "none"}, "leave out"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UnsupportedOption, match=says):
        load_translator(Settings(device="cpu", **settings))


def test_nothing_is_loaded_unless_asked() -> None:
    assert load_translator(Settings()) is None


def test_folders_that_hold_no_translator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> str:
        with pytest.raises((BadModel, MissingExtra)) as error:
            CTranslate2Translator(TranslatorSettings(str(tmp_path), model_dir=str(tmp_path / "c")))
        return str(error.value)

    assert "tokenizer.json" in refused()
    shutil.copy(FOLDER / "tokenizer.json", tmp_path)
    assert "neither model.bin nor safetensors" in refused()
    (tmp_path / "model.safetensors").touch()
    monkeypatch.setattr(conversions, "find_spec", lambda name: None)
    assert "./scripts/install torch" in refused()
    (tmp_path / "model.bin").touch()
    assert "cannot be loaded" in refused()
    (tmp_path / "tokenizer.json").write_text("{}")
    assert "cannot be read" in refused()
    known = json.loads((FIXTURES / "whisper-synth" / "tokenizer.json").read_text("utf-8"))
    (tmp_path / "tokenizer.json").write_text(json.dumps(known))
    assert "neither an NLLB nor a MADLAD-400" in refused()


def test_a_name_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="Give a folder or org/name"):
        CTranslate2Translator(TranslatorSettings("no such thing"))
