from __future__ import annotations

import pytest

from livestt.languages import CODES
from livestt.translation.codes import FLORES, find, flores_tokens, madlad_tokens

LANGUAGES = ["de", "pt", "zh", "zho_Hant"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("de", "de"),
        (" DE ", "de"),
        ("de-AT", "de"),
        ("pt_BR", "pt"),
        ("deu_Latn", "de"),
        ("zho_hant", "zho_Hant"),
        ("xx", None),
        ("", None),
    ],
)
def test_what_people_write(wanted: str, found: str | None) -> None:
    assert find(wanted, LANGUAGES) == found


def test_the_table_is_of_whispers_languages() -> None:
    assert set(FLORES) < CODES
    assert len(set(FLORES.values())) == len(FLORES)


def test_nllb() -> None:
    vocabulary = {"deu_Latn", "ace_Arab", "haus", "eng_Latn"}
    tokens = flores_tokens(vocabulary.__contains__, ["</s>", "<mask>", "ace_Arab", "eng_Latn"])
    assert tokens == {"ace_Arab": "ace_Arab", "de": "deu_Latn", "en": "eng_Latn"}


def test_madlad() -> None:
    assert madlad_tokens({"<2de>", "de"}.__contains__, ["de", "fr"]) == {"de": "<2de>"}
