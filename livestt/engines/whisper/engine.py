"""What all Whisper engines have in common, whatever runs the model.

Windows, prompts, batches, words and guards. A subclass loads a model and says how one pass of a
batch goes through it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job, Samples
from livestt.engines.whisper import guards
from livestt.engines.whisper.alignment import Span, timed_words
from livestt.engines.whisper.features import FloatArray, log_mel
from livestt.engines.whisper.prompts import (
    Prompt,
    context_tokens,
    hotwords_prompt,
    max_new_tokens,
    word_tokens,
)
from livestt.engines.whisper.steps import answer, unheard_seconds
from livestt.engines.whisper.vocabulary import Vocabulary
from livestt.engines.whisper.windows import TOKEN_FRAME, WindowMode, bucket_seconds, pad_features


@dataclass(frozen=True, slots=True)
class Row:
    """One job of a batch on its way through the model."""

    job: Job
    prompt: Prompt
    language: str
    language_probability: float
    limit: int
    """Most tokens it may write."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote for a row, and for each token how sure it is and where it heard it."""

    tokens: tuple[int, ...]
    """Text tokens after the prefix."""
    scores: Sequence[float]
    heard: Sequence[Span]
    no_speech: float
    complete: bool
    """Whether the end was written, rather than the limit reached."""
    looked: Sequence[int] | None = None
    """The position that the decoder looked at most, where that is known; the centre of the span
    stands in for it."""


class Pass(Protocol):
    """A batch inside the model, encoded."""

    def languages(self, rows: Sequence[int]) -> list[tuple[str, float]]:
        """For each of these rows the likeliest language and its probability."""

    def write(self, rows: Sequence[Row]) -> list[Written]:
        """Continue all rows, in order."""


class WhisperEngine:
    """An engine, once its model is loaded.

    Args:
        settings: as for any engine.
        vocabulary: the model's tokens.
        capabilities: what it can do.

    Attributes:
        scores_forget_context: whether scores are those of the text as if nothing came before.
    """

    scores_forget_context = False

    def __init__(
        self, settings: EngineSettings, vocabulary: Vocabulary, capabilities: Capabilities
    ) -> None:
        self.capabilities = capabilities
        self._settings = settings
        self._vocabulary = vocabulary

    def open(self, options: Any) -> None:
        """Whisper keeps no state between jobs, so a stream is nothing."""

    def release(self, stream: None) -> None: ...

    def reset(self, stream: None) -> None: ...

    def batch_key(self, job: Job) -> Hashable:
        """Equal windows can share a batch, whatever their prompts."""
        return bucket_seconds(len(job.audio), self._settings.window)

    def answer(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        """Answer a batch, each doubtful job a second time."""
        return answer(jobs, self._answer, self._settings.window)

    def _begin(self, audio: Sequence[Samples], seconds: int) -> AbstractContextManager[Pass]:
        """Encode windows of this length; the model is theirs until the block is left."""
        raise NotImplementedError

    def _answer(self, jobs: Sequence[Job], mode: WindowMode) -> list[Hypothesis]:
        seconds = bucket_seconds(len(jobs[0].audio), mode)
        with self._begin([job.audio for job in jobs], seconds) as begun:
            rows = self._rows(jobs, begun)
            written = begun.write(rows)
        return [self._hypothesis(row, one) for row, one in zip(rows, written, strict=True)]

    def _rows(self, jobs: Sequence[Job], begun: Pass) -> list[Row]:
        told = {i: self._language(job) for i, job in enumerate(jobs)}
        unknown = [i for i, language in told.items() if language is None]
        found = begun.languages(unknown) if unknown else []
        detected = dict(zip(unknown, found, strict=True))
        encode = self._vocabulary.text_tokens
        rows = []
        for i, job in enumerate(jobs):
            language, probability = detected.get(i) or (told[i] or "en", 1.0)
            start = self._vocabulary.start(language, job.options.task)
            prompt = Prompt(self._context(job), start, word_tokens(job.prefix, encode))
            limit = max_new_tokens(unheard_seconds(job), _written_in(job, language))
            rows.append(Row(job, prompt, language, probability, limit))
        return rows

    def _language(self, job: Job) -> str | None:
        return job.options.language if self.capabilities.detects_language else "en"

    def _context(self, job: Job) -> tuple[int, ...]:
        prompt = hotwords_prompt(job.options.prompt, job.options.hotwords)
        encode = self._vocabulary.text_tokens
        history = word_tokens(job.context, encode)
        fixed = encode(f" {prompt}") if prompt else ()
        return context_tokens(fixed, history, self._settings.max_context_tokens)

    def _hypothesis(self, row: Row, written: Written) -> Hypothesis:
        job, prompt = row.job, row.prompt
        pieces = self._vocabulary.words(written.tokens, _written_in(job, row.language))

        def at(position: int) -> int:
            return min(job.end, job.start + position * TOKEN_FRAME)

        words, attended = timed_words(pieces, written.heard, written.scores, at, row.language)
        if written.looked is not None:
            instants = [Span(position, position) for position in written.looked]
            _, attended = timed_words(pieces, instants, written.scores, at, row.language)
        step = guards.Step(
            tokens=written.tokens,
            scores=tuple(written.scores),
            centres=self._centres(written),
            text="".join(piece.text for piece in pieces),
            seconds=unheard_seconds(job),
            no_speech=written.no_speech,
            hit_limit=not written.complete,
            final=job.final,
            has_context=self.scores_forget_context and bool(prompt.context and job.context),
        )
        return Hypothesis(
            words,
            attended,
            language=row.language,
            language_probability=row.language_probability,
            rejected=guards.fault(step),
            details={"no_speech": step.no_speech, "tokens": float(len(written.tokens))},
        )

    def _centres(self, written: Written) -> tuple[float, ...]:
        """Where each character was heard; the tokens of one share a place."""
        lengths = [len(one.tokens) for one in self._vocabulary.characters(written.tokens)]
        firsts = accumulate(lengths[:-1], initial=0) if lengths else ()
        return tuple(written.heard[i].centre for i in firsts)


def _written_in(job: Job, spoken: str) -> str:
    """The language of a job's words, given the one that is spoken."""
    return "en" if job.options.task == "translate" else spoken


def windows(audio: Sequence[Samples], bands: int, seconds: int) -> FloatArray:
    """Features of a batch, each padded to the same length: ``[batch, bands, frames]``."""
    return np.stack([pad_features(log_mel(samples, bands), seconds) for samples in audio])
