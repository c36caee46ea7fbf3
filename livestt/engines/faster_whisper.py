"""Whisper on CTranslate2, loaded by faster-whisper: the default engine.

Facts it relies on (measured with ctranslate2 4.8.5): the encoder takes any window length and
any batch of equal lengths; rows of one ``generate`` may have prefixes of different length but
need their start token at the same position; ``align`` takes one start sequence per call and
per-row frame counts; padding a session always to its own bucket makes a batched answer equal to
the solo one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from livestt.engines import (
    Capabilities,
    EngineSettings,
    Hypothesis,
    Job,
    Samples,
    StreamOptions,
    Task,
)
from livestt.engines.whisper import guards
from livestt.engines.whisper.alignment import (
    Piece,
    Span,
    merge_punctuation,
    timed_words,
    token_spans,
)
from livestt.engines.whisper.prompts import (
    Prompt,
    context_tokens,
    hotwords_prompt,
    max_new_tokens,
    word_tokens,
)
from livestt.engines.whisper.windows import FRAME, TOKEN_FRAME, bucket_seconds, pad_features
from livestt.errors import BadModel, EngineError
from livestt.timebase import SAMPLE_RATE

log = logging.getLogger(__name__)

MAX_BATCH = 8
ENCODER_BATCH = 4
"""A CPU encoder gains nothing from larger batches and loses its cache to them."""
MIN_ALIGN_FRAMES = 7
SHORTEST = 10 * FRAME
"""Samples; less audio than this is answered with no words."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One job of a batch on its way through the model."""

    job: Job
    prompt: Prompt
    language: str
    language_probability: float


class FasterWhisperEngine:
    """A CTranslate2 Whisper shared by all sessions.

    Raises:
        BadModel: the folder is not a CTranslate2 Whisper model.
        EngineError: the device or compute type cannot be used.
    """

    weights: ClassVar[Literal["ctranslate2"] | None] = "ctranslate2"

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._model = _load(settings)
        self._whisper: Any = self._model.model
        multilingual = bool(self._whisper.is_multilingual)
        languages = frozenset(self._model.supported_languages)
        self.capabilities = Capabilities(
            name="faster-whisper",
            model=Path(settings.model).name,
            streaming="window",
            languages=languages,
            detects_language=multilingual,
            translates=multilingual,
            attends=True,
            max_batch=MAX_BATCH,
            device=str(self._whisper.device),
        )

    def open(self, options: StreamOptions) -> None:
        """Whisper keeps no state between jobs, so a stream is nothing."""

    def release(self, stream: None) -> None: ...

    def reset(self, stream: None) -> None: ...

    def close(self) -> None:
        self._whisper.unload_model()

    def batch_key(self, job: Job) -> Hashable:
        """Equal windows and equal context lengths can share a batch."""
        return bucket_seconds(len(job.audio), self._settings.window), len(self._context(job))

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        answers = [Hypothesis(())] * len(jobs)
        heard = [i for i, job in enumerate(jobs) if len(job.audio) >= SHORTEST]
        try:
            for i, answer in zip(heard, self._run([jobs[i] for i in heard]), strict=True):
                answers[i] = answer if answer.rejected is None else self._redo(jobs[i], answer)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"CTranslate2 failed: {error}") from error
        return answers

    def _redo(self, job: Job, first: Hypothesis) -> Hypothesis:
        """A suspicious step again, solo, on the full window and without context."""
        if first.rejected == "no_speech":
            return first
        alone = replace_context(job)
        [second] = self._run([alone], full=True)
        log.debug("step rejected (%s), on the full window: %s", first.rejected, second.rejected)
        return second

    def _run(self, jobs: Sequence[Job], *, full: bool = False) -> list[Hypothesis]:
        if not jobs:
            return []
        mode = "full30" if full else self._settings.window
        seconds = bucket_seconds(len(jobs[0].audio), mode)
        encoded = self._encode([pad_features(self._features(job.audio), seconds) for job in jobs])
        rows = self._rows(jobs, encoded)
        results = self._generate(rows, encoded)
        spans, scores = self._align(rows, results, encoded)
        return [
            self._hypothesis(row, result, spans[i], scores[i])
            for i, (row, result) in enumerate(zip(rows, results, strict=True))
        ]

    def _features(self, audio: Samples) -> npt.NDArray[np.float32]:
        features: npt.NDArray[np.float32] = self._model.feature_extractor(audio, padding=FRAME)
        return features[:, : len(audio) // FRAME]

    def _encode(self, features: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """Encoder output ``[batch, positions, width]`` of equally long windows."""
        parts = []
        for i in range(0, len(features), ENCODER_BATCH):
            group = np.ascontiguousarray(np.stack(features[i : i + ENCODER_BATCH]))
            output = self._whisper.encode(_view(group), to_cpu=True)
            parts.append(np.array(output))
        return np.concatenate(parts)

    def _rows(self, jobs: Sequence[Job], encoded: npt.NDArray[np.float32]) -> list[_Row]:
        unknown = [i for i, job in enumerate(jobs) if self._language(job) is None]
        detected = dict(zip(unknown, self._detect(encoded[unknown]), strict=True))
        rows = []
        for i, job in enumerate(jobs):
            language, probability = detected.get(i) or (self._language(job) or "en", 1.0)
            tokenizer = self._tokenizer(language, job.options.task)
            start = (*tokenizer.sot_sequence, tokenizer.no_timestamps)
            prompt = Prompt(self._context(job), start, self._tokens(job.prefix))
            rows.append(_Row(job, prompt, language, probability))
        return rows

    def _language(self, job: Job) -> str | None:
        return job.options.language if self.capabilities.detects_language else "en"

    def _detect(self, encoded: npt.NDArray[np.float32]) -> list[tuple[str, float]]:
        if not len(encoded):
            return []
        found = self._whisper.detect_language(_view(np.ascontiguousarray(encoded)))
        return [(best[0][0].strip("<|>"), float(best[0][1])) for best in found]

    def _generate(self, rows: Sequence[_Row], encoded: npt.NDArray[np.float32]) -> list[Any]:
        previous = self._tokenizer("en", "transcribe").sot_prev
        prompts = [row.prompt.ids(previous) for row in rows]
        steps = max(len(row.prompt.prefix) + _limit(row) for row in rows)
        longest = max(len(ids) for ids in prompts)
        return list(
            self._whisper.generate(
                _view(encoded),
                prompts,
                beam_size=1,
                # CTranslate2 decodes min(max_length / 2, max_length - prompt) steps.
                max_length=min(448, max(2 * steps, longest + steps)),
                suppress_blank=False,
                return_no_speech_prob=True,
            )
        )

    def _align(
        self, rows: Sequence[_Row], results: Sequence[Any], encoded: npt.NDArray[np.float32]
    ) -> tuple[list[list[Span]], list[list[float]]]:
        """Spans and probabilities of each row's tokens, its prefix included."""
        spans: list[list[Span]] = [[] for _ in rows]
        scores: list[list[float]] = [[] for _ in rows]
        groups: dict[tuple[int, ...], list[int]] = {}
        for i, row in enumerate(rows):
            if self._new_tokens(row, results[i]):
                groups.setdefault(row.prompt.start[:-1], []).append(i)
        for start, members in groups.items():
            texts = [
                [*rows[i].prompt.prefix, *self._new_tokens(rows[i], results[i])] for i in members
            ]
            frames = [max(MIN_ALIGN_FRAMES * 2, len(rows[i].job.audio) // FRAME) for i in members]
            view = _view(np.ascontiguousarray(encoded[members]))
            for i, text, found in zip(
                members, texts, self._whisper.align(view, list(start), texts, frames), strict=True
            ):
                spans[i] = token_spans(found.alignments, len(text))
                scores[i] = list(found.text_token_probs)
        return spans, scores

    def _new_tokens(self, row: _Row, result: Any) -> tuple[int, ...]:
        """The tokens written after the prefix. A row may have run past its own limit because
        another of its batch was allowed more; what it would not have written alone is cut."""
        eot = self._tokenizer("en", "transcribe").eot
        ids = result.sequences_ids[0][len(row.prompt.prefix) :]
        return tuple(t for t in ids[: _limit(row)] if t < eot)

    def _hypothesis(
        self, row: _Row, result: Any, spans: Sequence[Span], scores: Sequence[float]
    ) -> Hypothesis:
        job, skip = row.job, len(row.prompt.prefix)
        tokens = self._new_tokens(row, result)
        tokenizer = self._tokenizer(row.language, job.options.task)
        pieces = self._pieces(tokenizer, tokens)
        words, attended = timed_words(
            pieces,
            spans[skip:],
            scores[skip:],
            lambda position: min(job.end, job.start + position * TOKEN_FRAME),
            row.language,
        )
        step = guards.Step(
            tokens=tokens,
            scores=tuple(scores[skip:]),
            centres=tuple(span.centre for span in spans[skip:]),
            text="".join(p.text for p in pieces),
            seconds=_unheard_seconds(job),
            no_speech=float(result.no_speech_prob),
            hit_limit=len(tokens) >= _limit(row),
        )
        return Hypothesis(
            words,
            attended,
            language=row.language,
            language_probability=row.language_probability,
            rejected=guards.fault(step),
            details={"no_speech": step.no_speech, "tokens": float(len(tokens))},
        )

    def _pieces(self, tokenizer: Tokenizer, tokens: Sequence[int]) -> list[Piece]:
        if not tokens:
            return []
        texts, ids = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        pieces = [Piece(t, tuple(i)) for t, i in zip(texts, ids, strict=True)]
        return merge_punctuation([p for p in pieces if tokenizer.eot not in p.tokens])

    def _tokenizer(self, language: str, task: Task) -> Tokenizer:
        return _tokenizer(
            self._model.hf_tokenizer, self.capabilities.detects_language, task, language
        )

    def _encode_text(self, text: str) -> tuple[int, ...]:
        return _encode_text(self._model.hf_tokenizer, text)

    def _tokens(self, words: Sequence[Any]) -> tuple[int, ...]:
        return word_tokens(words)

    def _context(self, job: Job) -> tuple[int, ...]:
        prompt = hotwords_prompt(job.options.prompt, job.options.hotwords)
        fixed = self._encode_text(f" {prompt}") if prompt else ()
        return context_tokens(fixed, word_tokens(job.context), self._settings.max_context_tokens)


def replace_context(job: Job) -> Job:
    """The same question without earlier text or prompt."""
    bare = replace(job.options, prompt="", hotwords=())
    return Job(job.stream, job.audio, job.start, job.final, bare, prefix=job.prefix)


def _unheard_seconds(job: Job) -> float:
    """Audio of a job after its committed prefix."""
    begin = job.prefix[-1].end if job.prefix else job.start
    return max(0, job.end - begin) / SAMPLE_RATE


def _limit(row: _Row) -> int:
    return max_new_tokens(_unheard_seconds(row.job))


def _view(array: npt.NDArray[np.float32]) -> Any:
    return ctranslate2.StorageView.from_array(array)


@lru_cache(maxsize=256)
def _tokenizer(hf_tokenizer: Any, multilingual: bool, task: Task, language: str) -> Tokenizer:
    return Tokenizer(hf_tokenizer, multilingual, task=task, language=language)


@lru_cache(maxsize=256)
def _encode_text(hf_tokenizer: Any, text: str) -> tuple[int, ...]:
    return tuple(hf_tokenizer.encode(text, add_special_tokens=False).ids)


def _load(settings: EngineSettings) -> WhisperModel:
    folder = Path(settings.model)
    if not (folder / "tokenizer.json").is_file():
        raise BadModel(f"{folder} has no tokenizer.json, so it is not a complete Whisper model")
    cuda = settings.device == "cuda" or (
        settings.device == "auto" and ctranslate2.get_cuda_device_count() > 0
    )
    fastest = "float16" if cuda else "int8"
    try:
        return WhisperModel(
            str(folder),
            device="cuda" if cuda else "cpu",
            compute_type=fastest if settings.compute_type == "default" else settings.compute_type,
            cpu_threads=settings.threads or len(os.sched_getaffinity(0)),
            local_files_only=True,
        )
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"cannot load the model in {folder}: {error}") from error
