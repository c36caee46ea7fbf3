"""A translator without a model, which reverses the letters of each word. For tests and demos."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from livestt.translation import TranslationJob, TranslatorCapabilities, TranslatorSettings

_LETTERS = re.compile(r"[^\W\d_]+")


class ScriptedTranslator:
    """Answers ``[de] siht`` for ``this``."""

    def __init__(self, settings: TranslatorSettings | None = None) -> None:
        languages = frozenset({"de", "en", "es", "fr"})
        self.capabilities = TranslatorCapabilities("scripted", "scripted", languages, max_batch=8)

    def batch_key(self, job: TranslationJob) -> Hashable:
        return ()

    def run(self, jobs: Sequence[TranslationJob]) -> list[str]:
        return [f"[{job.target}] {_LETTERS.sub(lambda m: m[0][::-1], job.text)}" for job in jobs]

    def close(self) -> None:
        """Nothing to free."""
