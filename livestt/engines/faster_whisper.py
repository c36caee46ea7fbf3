"""Whisper on CTranslate2, loaded by faster-whisper: the default engine.

Facts it relies on (measured with ctranslate2 4.8.5): the encoder takes any window length and
any batch of equal lengths; rows of one ``generate`` may have prefixes of different length but
need their start token at the same position; ``align`` takes one start sequence per call and
per-row frame counts; padding a session always to its own bucket makes a batched answer equal to
the solo one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer as HfTokenizer

from livestt.engines import (
    Capabilities,
    EngineSettings,
    Hypothesis,
    Job,
    Samples,
    StreamOptions,
    Task,
)
from livestt.engines.ctranslate2_steps import Places, align, detect_languages, encode, generate
from livestt.engines.replicas import Replicas
from livestt.engines.whisper import guards
from livestt.engines.whisper.alignment import (
    Piece,
    merge_punctuation,
    timed_words,
)
from livestt.engines.whisper.prompts import (
    Prompt,
    context_tokens,
    hotwords_prompt,
    max_new_tokens,
    word_tokens,
)
from livestt.engines.whisper.steps import answer, unheard_seconds
from livestt.engines.whisper.windows import (
    FRAME,
    TOKEN_FRAME,
    WindowMode,
    bucket_seconds,
    pad_features,
)
from livestt.errors import BadModel, EngineError

MAX_BATCH = 8
LANGUAGE_TOKEN = re.compile(r"<\|([a-z]{2,3})\|>")


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
        folder = Path(settings.model)
        self._settings = settings
        self._hf_tokenizer, self._extract = _load_text_and_features(folder)
        self._replicas = Replicas(folder, settings)
        # For the small products of feature extraction OpenBLAS wakes a thread per core, which
        # takes four times the CPU and no less time.
        threadpool_limits(limits=1, user_api="blas")
        whisper = self._replicas.many
        multilingual = bool(whisper.is_multilingual)
        self.capabilities = Capabilities(
            name="faster-whisper",
            model=folder.name,
            streaming="window",
            languages=_languages(self._hf_tokenizer) if multilingual else frozenset({"en"}),
            detects_language=multilingual,
            translates=multilingual,
            attends=True,
            max_batch=MAX_BATCH,
            parallel=self._replicas.parallel,
            device=str(whisper.device),
        )

    def open(self, options: StreamOptions) -> None:
        """Whisper keeps no state between jobs, so a stream is nothing."""

    def release(self, stream: None) -> None: ...

    def reset(self, stream: None) -> None: ...

    def close(self) -> None:
        self._replicas.close()

    def batch_key(self, job: Job) -> Hashable:
        """Equal windows and equal context lengths can share a batch."""
        return bucket_seconds(len(job.audio), self._settings.window), len(self._context(job))

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        try:
            return answer(jobs, self._ask, self._settings.window)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"CTranslate2 failed: {error}") from error

    def _ask(self, jobs: Sequence[Job], mode: WindowMode) -> list[Hypothesis]:
        seconds = bucket_seconds(len(jobs[0].audio), mode)
        features = [pad_features(self._features(job.audio), seconds) for job in jobs]
        with self._replicas.lend(len(jobs)) as whisper:
            encoded = encode(whisper, features)
            rows = self._rows(jobs, self._detected(whisper, jobs, encoded))
            previous = self._tokenizer("en", "transcribe").sot_prev
            written = generate(
                whisper, encoded, [(row.prompt, _limit(row)) for row in rows], previous
            )
            texts = [
                (row.prompt, self._new_tokens(row, answer.sequences_ids[0]), len(row.job.audio))
                for row, answer in zip(rows, written, strict=True)
            ]
            placed = align(whisper, encoded, texts)
        return [
            self._hypothesis(row, text[1], float(answer.no_speech_prob), places)
            for row, text, answer, places in zip(rows, texts, written, placed, strict=True)
        ]

    def _features(self, audio: Samples) -> npt.NDArray[np.float32]:
        features: npt.NDArray[np.float32] = self._extract(audio, padding=FRAME)
        return features[:, : len(audio) // FRAME]

    def _rows(self, jobs: Sequence[Job], detected: Mapping[int, tuple[str, float]]) -> list[_Row]:
        rows = []
        for i, job in enumerate(jobs):
            language, probability = detected.get(i) or (self._language(job) or "en", 1.0)
            tokenizer = self._tokenizer(language, job.options.task)
            start = (*tokenizer.sot_sequence, tokenizer.no_timestamps)
            prompt = Prompt(self._context(job), start, word_tokens(job.prefix))
            rows.append(_Row(job, prompt, language, probability))
        return rows

    def _language(self, job: Job) -> str | None:
        return job.options.language if self.capabilities.detects_language else "en"

    def _detected(
        self, whisper: Any, jobs: Sequence[Job], encoded: npt.NDArray[np.float32]
    ) -> dict[int, tuple[str, float]]:
        """Language and its probability of the jobs that do not know theirs, by their place."""
        unknown = [i for i, job in enumerate(jobs) if self._language(job) is None]
        if not unknown:
            return {}
        return dict(zip(unknown, detect_languages(whisper, encoded[unknown]), strict=True))

    def _new_tokens(self, row: _Row, ids: Sequence[int]) -> tuple[int, ...]:
        """The tokens written after the prefix. A row may have run past its own limit because
        another of its batch was allowed more; what it would not have written alone is cut."""
        eot = self._tokenizer("en", "transcribe").eot
        new = ids[len(row.prompt.prefix) :][: _limit(row)]
        return tuple(token for token in new if token < eot)

    def _hypothesis(
        self, row: _Row, tokens: tuple[int, ...], no_speech: float, places: Places
    ) -> Hypothesis:
        job, skip = row.job, len(row.prompt.prefix)
        spans, scores = places.spans[skip:], places.scores[skip:]
        pieces = self._pieces(self._tokenizer(row.language, job.options.task), tokens)
        words, attended = timed_words(
            pieces,
            spans,
            scores,
            lambda position: min(job.end, job.start + position * TOKEN_FRAME),
            row.language,
        )
        step = guards.Step(
            tokens=tokens,
            scores=tuple(scores),
            centres=tuple(span.centre for span in spans),
            text="".join(piece.text for piece in pieces),
            seconds=unheard_seconds(job),
            no_speech=no_speech,
            hit_limit=len(tokens) >= _limit(row),
            has_context=bool(row.prompt.context and job.context),
        )
        return Hypothesis(
            words,
            attended,
            language=row.language,
            language_probability=row.language_probability,
            rejected=guards.fault(step),
            details={"no_speech": no_speech, "tokens": float(len(tokens))},
        )

    def _pieces(self, tokenizer: Tokenizer, tokens: Sequence[int]) -> list[Piece]:
        if not tokens:
            return []
        texts, ids = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        pieces = [Piece(t, tuple(i)) for t, i in zip(texts, ids, strict=True)]
        return merge_punctuation([p for p in pieces if tokenizer.eot not in p.tokens])

    def _tokenizer(self, language: str, task: Task) -> Tokenizer:
        return _tokenizer(self._hf_tokenizer, self.capabilities.detects_language, task, language)

    def _encode_text(self, text: str) -> tuple[int, ...]:
        return _encode_text(self._hf_tokenizer, text)

    def _context(self, job: Job) -> tuple[int, ...]:
        prompt = hotwords_prompt(job.options.prompt, job.options.hotwords)
        fixed = self._encode_text(f" {prompt}") if prompt else ()
        return context_tokens(fixed, word_tokens(job.context), self._settings.max_context_tokens)


def _limit(row: _Row) -> int:
    return max_new_tokens(unheard_seconds(row.job))


@lru_cache(maxsize=256)
def _tokenizer(hf_tokenizer: Any, multilingual: bool, task: Task, language: str) -> Tokenizer:
    return Tokenizer(hf_tokenizer, multilingual, task=task, language=language)


@lru_cache(maxsize=256)
def _encode_text(hf_tokenizer: Any, text: str) -> tuple[int, ...]:
    return tuple(hf_tokenizer.encode(text, add_special_tokens=False).ids)


def _languages(hf_tokenizer: HfTokenizer) -> frozenset[str]:
    """The language codes among the special tokens."""
    special = (str(token) for token in hf_tokenizer.get_added_tokens_decoder().values())
    return frozenset(found[1] for text in special if (found := LANGUAGE_TOKEN.search(text)))


def _load_text_and_features(folder: Path) -> tuple[HfTokenizer, FeatureExtractor]:
    """The tokenizer and the feature extractor that a model folder describes."""
    tokenizer, features = folder / "tokenizer.json", folder / "preprocessor_config.json"
    if not tokenizer.is_file():
        raise BadModel(f"{folder} has no tokenizer.json, so it is not a complete Whisper model")
    written = json.loads(features.read_text("utf-8")) if features.is_file() else {}
    known = {"feature_size", "sampling_rate", "hop_length", "chunk_length", "n_fft"}
    return (
        HfTokenizer.from_file(str(tokenizer)),
        FeatureExtractor(**{key: value for key, value in written.items() if key in known}),
    )
