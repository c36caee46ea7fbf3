"""Settings of translation: into which language, and what translates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from livestt.option import setting

if TYPE_CHECKING:
    from livestt.translation import TranslatorSettings

TRANSLATOR_GROUP = "livestt.translators"
"""Entry-point group of the translators; `livestt.translation.registry` imports them."""

BUILTIN_TRANSLATORS: Mapping[str, str] = {
    "ctranslate2": "livestt.translation.ctranslate2_translator:CTranslate2Translator",
    "scripted": "livestt.translation.scripted:ScriptedTranslator",
}
"""Known without entry points too, so that a checkout that was never installed works."""

USUAL_TRANSLATOR = "facebook/nllb-200-distilled-600M"
"""Model where none is named."""


def translators() -> tuple[str, ...]:
    """What ``--translation-backend`` accepts here: ``auto``, ``none`` and each there is."""
    found = {point.name for point in entry_points(group=TRANSLATOR_GROUP)}
    return ("auto", "none", *sorted(found | BUILTIN_TRANSLATORS.keys()))


@dataclass(frozen=True, kw_only=True)
class TranslationSettings:
    """What the operator decides about translation."""

    target_language: str | None = setting(
        None,
        "Translation",
        "Language, such as de, that sessions are translated into unless they ask for another. "
        "Captions themselves stay in the spoken language.",
    )
    translation_model: str | None = setting(
        None,
        "Translation",
        "Model that translates: a folder or a Hugging Face repository with NLLB-200 or MADLAD-400. "
        f"With --target-language, by default {USUAL_TRANSLATOR}, whose licence forbids commercial "
        "use. Anything not in CTranslate2's format is converted once, which needs the extra torch.",
    )
    translation_backend: str = setting(
        "auto",
        "Translation",
        "What translates. auto is ctranslate2 if there is a --translation-model or a "
        "--target-language, and otherwise none.",
        choices=translators,
        synonyms={"nllb": "ctranslate2"},
        hints={"alignatt": "Lines are translated by NLLB-200 or MADLAD-400."},
    )

    @property
    def translator(self) -> str:
        """The translator's name; ``none`` if nothing is translated."""
        if self.translation_backend != "auto":
            return self.translation_backend
        return "ctranslate2" if self.translation_model or self.target_language else "none"

    def translator_settings(
        self, threads: int, device: str, compute_type: str, cache: str | None
    ) -> TranslatorSettings:
        """The part a translator needs to load."""
        from livestt.translation import TranslatorSettings

        model = self.translation_model or USUAL_TRANSLATOR
        return TranslatorSettings(model, compute_type, threads, device, cache)
