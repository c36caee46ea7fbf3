"""A Whisper engine around any `Model` that shows its cross-attention.

What the engines on PyTorch and MLX have in common: windows, prompts, batches, words, guards.
Subclasses load a model and say what it can do.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job, Samples
from livestt.engines.whisper import guards
from livestt.engines.whisper.alignment import Span, timed_words
from livestt.engines.whisper.attention import places
from livestt.engines.whisper.decoding import (
    Decoded,
    Model,
    detect_languages,
    greedy,
    speculate,
)
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
class Loaded:
    """A model and what is needed to talk to it."""

    model: Model
    vocabulary: Vocabulary
    bands: int
    """Mel bands of its features."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One job of a batch on its way through the model."""

    job: Job
    prompt: Prompt
    language: str
    language_probability: float
    limit: int


class AttentiveWhisper:
    """The engine, once its model is loaded.

    Args:
        settings: as for any engine.
        loaded: the model.
        capabilities: what it can do.
        draft: a smaller model with the same tokens, which makes answers about whole utterances
            faster.
    """

    def __init__(
        self,
        settings: EngineSettings,
        loaded: Loaded,
        capabilities: Capabilities,
        draft: Loaded | None = None,
    ) -> None:
        self.capabilities = capabilities
        self._settings = settings
        self._loaded = loaded
        self._draft = draft

    def open(self, options: Any) -> None:
        """Whisper keeps no state between jobs, so a stream is nothing."""

    def release(self, stream: None) -> None: ...

    def reset(self, stream: None) -> None: ...

    def batch_key(self, job: Job) -> Hashable:
        """Equal windows can share a batch, whatever their prompts."""
        return bucket_seconds(len(job.audio), self._settings.window)

    def answer(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        """Answer a batch, each doubtful job a second time on the full window."""
        return answer(jobs, self._answer, self._settings.window)

    def _answer(self, jobs: Sequence[Job], mode: WindowMode) -> list[Hypothesis]:
        seconds = bucket_seconds(len(jobs[0].audio), mode)
        encoded = _encode(self._loaded, [job.audio for job in jobs], seconds)
        rows = self._rows(jobs, encoded)
        decoded = self._decode(rows, encoded, seconds)
        return [self._hypothesis(row, one) for row, one in zip(rows, decoded, strict=True)]

    def _rows(self, jobs: Sequence[Job], encoded: Any) -> list[_Row]:
        loaded, vocabulary = self._loaded, self._loaded.vocabulary
        told = {i: self._language(job) for i, job in enumerate(jobs)}
        unknown = [i for i, language in told.items() if language is None]
        detected: dict[int, tuple[str, float]] = {}
        if unknown:
            some = loaded.model.take(encoded, unknown)
            found = detect_languages(loaded.model, vocabulary, some, len(unknown))
            detected = dict(zip(unknown, found, strict=True))
        rows = []
        for i, job in enumerate(jobs):
            language, probability = detected.get(i) or (told[i] or "en", 1.0)
            start = vocabulary.start(language, job.options.task)
            prompt = Prompt(self._context(job), start, word_tokens(job.prefix))
            limit = max_new_tokens(unheard_seconds(job))
            rows.append(_Row(job, prompt, language, probability, limit))
        return rows

    def _language(self, job: Job) -> str | None:
        return job.options.language if self.capabilities.detects_language else "en"

    def _context(self, job: Job) -> tuple[int, ...]:
        prompt = hotwords_prompt(job.options.prompt, job.options.hotwords)
        fixed = self._loaded.vocabulary.text_tokens(f" {prompt}") if prompt else ()
        return context_tokens(fixed, word_tokens(job.context), self._settings.max_context_tokens)

    def _decode(self, rows: Sequence[_Row], encoded: Any, seconds: int) -> list[Decoded]:
        model, vocabulary = self._loaded.model, self._loaded.vocabulary
        if self._draft is not None and len(rows) == 1 and rows[0].job.final:
            row = rows[0]
            ahead = _encode(self._draft, [row.job.audio], seconds)
            both = (encoded, ahead)
            return [speculate(model, self._draft.model, vocabulary, both, row.prompt, row.limit)]
        prompts, limits = [row.prompt for row in rows], [row.limit for row in rows]
        return greedy(model, vocabulary, encoded, prompts, limits)

    def _hypothesis(self, row: _Row, decoded: Decoded) -> Hypothesis:
        job = row.job
        pieces = self._loaded.vocabulary.words(decoded.tokens, row.language)
        looked, heard = _places(row, decoded)

        def at(position: int) -> int:
            return min(job.end, job.start + position * TOKEN_FRAME)

        words, _ = timed_words(pieces, heard, decoded.scores, at, row.language)
        instants = [Span(position, position) for position in looked]
        _, attended = timed_words(pieces, instants, decoded.scores, at, row.language)
        step = guards.Step(
            tokens=decoded.tokens,
            scores=decoded.scores,
            centres=tuple(span.centre for span in heard),
            text="".join(piece.text for piece in pieces),
            seconds=unheard_seconds(job),
            no_speech=decoded.no_speech,
            hit_limit=not decoded.complete,
        )
        return Hypothesis(
            words,
            attended,
            language=row.language,
            language_probability=row.language_probability,
            rejected=guards.fault(step),
            details={"no_speech": step.no_speech, "tokens": float(len(decoded.tokens))},
        )


def _places(row: _Row, decoded: Decoded) -> tuple[list[int], list[Span]]:
    """For each new token where it was looked for, and its span in time."""
    if not decoded.tokens:
        return [], []
    content = -(-len(row.job.audio) // TOKEN_FRAME)
    looked, heard = places(decoded.attention[:, :, :content], len(row.prompt.start) - 1)
    new = slice(len(row.prompt.prefix), len(row.prompt.prefix) + len(decoded.tokens))
    return looked[new], heard[new]


def _encode(loaded: Loaded, audio: Sequence[Samples], seconds: int) -> Any:
    """Encoder output of equally long windows; each padded to the same length."""
    features: list[FloatArray] = [
        pad_features(log_mel(samples, loaded.bands), seconds) for samples in audio
    ]
    return loaded.model.encode(np.stack(features))
