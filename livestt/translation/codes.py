"""The languages as models name them, and as people do. Pure.

People write codes of ISO 639 as Whisper does (`livestt.languages`), or a model's own. NLLB's are
those of FLORES-200, such as ``deu_Latn``; MADLAD's are ``<2de>``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

# ISO 639 and FLORES-200, for the languages that Whisper writes and NLLB knows.
_FLORES = """
af afr_Latn, am amh_Ethi, ar arb_Arab, as asm_Beng, az azj_Latn, ba bak_Cyrl, be bel_Cyrl,
bg bul_Cyrl, bn ben_Beng, bo bod_Tibt, bs bos_Latn, ca cat_Latn, cs ces_Latn, cy cym_Latn,
da dan_Latn, de deu_Latn, el ell_Grek, en eng_Latn, es spa_Latn, et est_Latn, eu eus_Latn,
fa pes_Arab, fi fin_Latn, fo fao_Latn, fr fra_Latn, gl glg_Latn, gu guj_Gujr, ha hau_Latn,
he heb_Hebr, hi hin_Deva, hr hrv_Latn, ht hat_Latn, hu hun_Latn, hy hye_Armn, id ind_Latn,
is isl_Latn, it ita_Latn, ja jpn_Jpan, jw jav_Latn, ka kat_Geor, kk kaz_Cyrl, km khm_Khmr,
kn kan_Knda, ko kor_Hang, lb ltz_Latn, ln lin_Latn, lo lao_Laoo, lt lit_Latn, lv lvs_Latn,
mg plt_Latn, mi mri_Latn, mk mkd_Cyrl, ml mal_Mlym, mn khk_Cyrl, mr mar_Deva, ms zsm_Latn,
mt mlt_Latn, my mya_Mymr, ne npi_Deva, nl nld_Latn, nn nno_Latn, no nob_Latn, oc oci_Latn,
pa pan_Guru, pl pol_Latn, ps pbt_Arab, pt por_Latn, ro ron_Latn, ru rus_Cyrl, sa san_Deva,
sd snd_Arab, si sin_Sinh, sk slk_Latn, sl slv_Latn, sn sna_Latn, so som_Latn, sq als_Latn,
sr srp_Cyrl, su sun_Latn, sv swe_Latn, sw swh_Latn, ta tam_Taml, te tel_Telu, tg tgk_Cyrl,
th tha_Thai, tk tuk_Latn, tl tgl_Latn, tr tur_Latn, tt tat_Cyrl, uk ukr_Cyrl, ur urd_Arab,
uz uzn_Latn, vi vie_Latn, yi ydd_Hebr, yo yor_Latn, yue yue_Hant, zh zho_Hans
"""
FLORES: Mapping[str, str] = dict(entry.split() for entry in _FLORES.replace("\n", " ").split(","))


def flores_tokens(knows: Callable[[str], bool], special: Iterable[str]) -> dict[str, str]:
    """The languages of a model that marks them as NLLB does.

    Args:
        knows: whether a token is in the model's vocabulary.
        special: its special tokens, among which are languages that have no other code here.

    Returns:
        The model's token by language: by ISO code, or by FLORES code where there is no other.
    """
    coded = set(FLORES.values())
    own = {token: token for token in special if _is_flores(token) and token not in coded}
    return own | {code: token for code, token in FLORES.items() if knows(token)}


def madlad_tokens(knows: Callable[[str], bool], codes: Iterable[str]) -> dict[str, str]:
    """The languages, among ``codes``, of a model that marks them as MADLAD-400 does."""
    return {code: f"<2{code}>" for code in codes if knows(f"<2{code}>")}


def find(wanted: str, languages: Iterable[str]) -> str | None:
    """The language that somebody means; a region that is not told apart is dropped.

    Args:
        wanted: a code such as ``de``, ``pt-BR`` or ``deu_Latn``, which is ``de`` too.
        languages: codes to choose from.
    """
    by_name = {code.lower(): code for code in languages}
    by_name |= {FLORES[code].lower(): code for code in by_name.values() if code in FLORES}
    name = wanted.strip().lower()
    return by_name.get(name) or by_name.get(name.replace("_", "-").split("-")[0])


def _is_flores(token: str) -> bool:
    language, _, script = token.partition("_")
    return len(language) == 3 and language.islower() and len(script) == 4 and script.istitle()
