"""The languages of Whisper, by the English names in which OpenAI's API answers. Pure."""

from __future__ import annotations

from typing import Any

# Code and name of each, as in OpenAI's ``tokenizer.py``.
_TABLE = """
en english, zh chinese, de german, es spanish, ru russian, ko korean, fr french, ja japanese,
pt portuguese, tr turkish, pl polish, ca catalan, nl dutch, ar arabic, sv swedish, it italian,
id indonesian, hi hindi, fi finnish, vi vietnamese, he hebrew, uk ukrainian, el greek, ms malay,
cs czech, ro romanian, da danish, hu hungarian, ta tamil, no norwegian, th thai, ur urdu,
hr croatian, bg bulgarian, lt lithuanian, la latin, mi maori, ml malayalam, cy welsh, sk slovak,
te telugu, fa persian, lv latvian, bn bengali, sr serbian, az azerbaijani, sl slovenian,
kn kannada, et estonian, mk macedonian, br breton, eu basque, is icelandic, hy armenian,
ne nepali, mn mongolian, bs bosnian, kk kazakh, sq albanian, sw swahili, gl galician, mr marathi,
pa punjabi, si sinhala, km khmer, sn shona, yo yoruba, so somali, af afrikaans, oc occitan,
ka georgian, be belarusian, tg tajik, sd sindhi, gu gujarati, am amharic, yi yiddish, lo lao,
uz uzbek, fo faroese, ht haitian creole, ps pashto, tk turkmen, nn nynorsk, mt maltese,
sa sanskrit, lb luxembourgish, my myanmar, bo tibetan, tl tagalog, mg malagasy, as assamese,
tt tatar, haw hawaiian, ln lingala, ha hausa, ba bashkir, jw javanese, su sundanese, yue cantonese
"""

_CODES = {
    name: code
    for code, _, name in (
        entry.strip().partition(" ") for entry in _TABLE.replace("\n", " ").split(",")
    )
}
_NAMES = {code: name for name, code in _CODES.items()}
CODES = frozenset(_NAMES)


def code_of(language: Any) -> str | None:
    """The code of a language given by code or by English name; None for anything else."""
    if not isinstance(language, str):
        return None
    language = language.strip().lower()
    return language if language in CODES else _CODES.get(language)


def name_of(code: str) -> str:
    """The English name of a language, in small letters; the code itself if it has none here."""
    return _NAMES.get(code, code)
