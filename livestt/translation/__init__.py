"""The translation contract: what is said, in another language.

As with embedders (`livestt.speakers.embeddings`), a **translator** is heavy, one per process and
shared by all sessions; it keeps no state for any of them. A job carries a line of text and two
languages, the answer is the line in the other one. `livestt.engines.scheduler` batches the jobs of
all sessions in worker threads.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TranslatorCapabilities:
    """Between which languages a translator translates, and how much it takes at once."""

    name: str
    """Its registry name, e.g. ``ctranslate2``."""
    model: str
    """Names the model for people."""
    languages: frozenset[str]
    """Codes (see `livestt.translation.codes`) of each language, which may be source and target."""
    max_batch: int = 1
    """Most jobs `Translator.run` takes at once."""
    parallel: int = 1
    """How many calls of `Translator.run` may go on at the same time."""
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class TranslationJob:
    """One question to a translator: how does this read in another language?"""

    line: int
    """Which line of the session's transcript it is (`livestt.segments.Segment.id`)."""
    text: str
    source: str
    """Code of the language it is in; one of the translator's."""
    target: str
    """Code of the language asked for; another one of them."""
    whole: bool = True
    """Whether the line is complete."""


class Translator(Protocol):
    """A loaded model. Constructed with `TranslatorSettings`; may raise `SetupError` then."""

    capabilities: TranslatorCapabilities

    def batch_key(self, job: TranslationJob) -> Hashable:
        """Jobs with equal keys may run in one batch."""

    def run(self, jobs: Sequence[TranslationJob]) -> list[str]:
        """Answer a batch of jobs, in order. Blocking; for worker threads.

        Raises:
            EngineError: the batch failed.
        """

    def close(self) -> None:
        """Free the model. No call follows."""


@dataclass(frozen=True, slots=True)
class TranslatorSettings:
    """What a translator needs to load. A subset of `livestt.settings.Settings`."""

    model: str = ""
    """A folder or a hub repository; a translator that needs none ignores it."""
    compute_type: str = "default"
    threads: int = 0
    """CPU threads; 0 lets the translator choose."""
    device: str = "auto"
    model_dir: str | None = None
    """Where downloaded weights are kept; None for the hub's usual cache."""
