"""A whole transcript in another language. Blocking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from livestt.events import Translated
from livestt.segments import Segment
from livestt.subtitles import Spoken
from livestt.translation import TranslationJob, Translator
from livestt.translation.codes import find
from livestt.translation.reading import in_translation
from livestt.translation.sentences import join


@dataclass(frozen=True, slots=True)
class Reading:
    """A transcript in the language it was translated into; `livestt.subtitles` can write it."""

    segments: tuple[Segment, ...]
    language: str | None
    duration: int

    @property
    def text(self) -> str:
        return join(segment.text for segment in self.segments if segment.text)


def translate(spoken: Spoken, translator: Translator, target: str, source: str | None) -> Reading:
    """Every line in another language; those in that language already, or in none that the
    translator knows, stay as they are.

    Args:
        spoken: the transcript.
        translator: a loaded one.
        target: a language of the translator's.
        source: language that all lines are in; None is what each says.

    Raises:
        EngineError: the translator failed.
    """
    able = translator.capabilities
    jobs: list[TranslationJob] = []
    for segment in spoken.segments:
        language = find(source or segment.language or spoken.language or "", able.languages)
        if segment.text and language not in (None, target):
            jobs.append(TranslationJob(segment.id, segment.text, language or "", target))
    texts: dict[int, str] = {}
    for first in range(0, len(jobs), able.max_batch):
        batch = jobs[first : first + able.max_batch]
        texts |= dict(zip([job.line for job in batch], translator.run(batch), strict=True))
    lines = _with(list(spoken.segments), texts, target)
    return Reading(tuple(map(in_translation, lines)), target, spoken.duration)


def _with(segments: Sequence[Segment], texts: dict[int, str], target: str) -> list[Segment]:
    return [
        replace(segment, translation=Translated(segment.id, texts[segment.id], target))
        if segment.id in texts
        else segment
        for segment in segments
    ]
