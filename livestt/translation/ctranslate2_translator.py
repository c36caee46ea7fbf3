"""Models that translate between many languages, on CTranslate2: NLLB-200 and MADLAD-400.

Both are one encoder and decoder for all pairs; they differ in how they are told the languages.
NLLB (Costa-jussà et al. 2022, arXiv 2207.04672) has the source's token before the text and the
target's as the first token of the answer; MADLAD-400 (Kudugunta et al. 2023, arXiv 2309.04662) has
the target's before the text and guesses the source.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import ctranslate2
from tokenizers import Tokenizer

from livestt.errors import BadModel, EngineError
from livestt.languages import CODES
from livestt.models.translators import TOKENIZER, resolve
from livestt.translation import TranslationJob, TranslatorCapabilities, TranslatorSettings
from livestt.translation.codes import flores_tokens, madlad_tokens
from livestt.translation.sentences import join, split

END = "</s>"
MAX_TOKENS = 256
"""Of a sentence; what is longer is cut."""
GROWTH, AT_LEAST = 2.0, 24
"""Tokens an answer may have: so many times those of the question, and so many in any case. A model
that repeats itself stops there."""
MOST = 250
"""Most tokens written for a sentence; models have only so many places."""
BEAMS = 2
BATCH = 16


class CTranslate2Translator:
    """A folder in CTranslate2's format with its ``tokenizer.json``.

    Raises:
        BadModel: the folder holds no such model.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        MissingExtra: it would have to be converted, which needs torch.
    """

    def __init__(self, settings: TranslatorSettings) -> None:
        folder = resolve(settings.model, settings.model_dir)
        self._tokenizer = _tokenizer(folder)
        self._tokens, self._nllb = _languages(self._tokenizer, folder)
        device = _device(settings.device)
        try:
            self._model = ctranslate2.Translator(
                str(folder),
                device=device,
                compute_type=settings.compute_type,
                intra_threads=settings.threads,
            )
        except (RuntimeError, ValueError) as error:
            raise BadModel(f"{folder} cannot be loaded by CTranslate2: {error}") from error
        self.capabilities = TranslatorCapabilities(
            name="ctranslate2",
            model=Path(settings.model).name,
            languages=frozenset(self._tokens),
            max_batch=BATCH,
            device=device,
        )

    def batch_key(self, job: TranslationJob) -> Hashable:
        return ()

    def run(self, jobs: Sequence[TranslationJob]) -> list[str]:
        parts = [split(job.text) for job in jobs]
        asked = [
            (job, part) for job, sentences in zip(jobs, parts, strict=True) for part in sentences
        ]
        sources = [self._source(job, one) for job, one in asked]
        prefixes = [[self._tokens[job.target]] for job, _ in asked] if self._nllb else None
        most = min(MOST, round(GROWTH * max(map(len, sources))) + AT_LEAST)
        try:
            answers = self._model.translate_batch(
                sources,
                prefixes,
                max_batch_size=2 * BATCH,
                beam_size=BEAMS,
                max_input_length=MAX_TOKENS,
                max_decoding_length=most,
            )
        except RuntimeError as error:
            raise EngineError(f"the translator failed: {error}") from error
        texts = iter([self._text(answer.hypotheses[0]) for answer in answers])
        return [join(islice(texts, len(some))) for some in parts]

    def close(self) -> None:
        self._model.unload_model()

    def _source(self, job: TranslationJob, sentence: str) -> list[str]:
        tokens = self._tokenizer.encode(sentence, add_special_tokens=False).tokens
        first = self._tokens[job.source if self._nllb else job.target]
        return [first, *tokens[: MAX_TOKENS - 2], END]

    def _text(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens]
        known = [one for one in ids if one is not None]
        return str(self._tokenizer.decode(known, skip_special_tokens=True)).strip()


def _tokenizer(folder: Path) -> Any:
    try:
        return Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # the library raises nothing narrower
        raise BadModel(f"{folder / TOKENIZER} cannot be read: {error}") from error


def _languages(tokenizer: Any, folder: Path) -> tuple[dict[str, str], bool]:
    """The model's token by language, and whether it is told them as NLLB is."""

    def knows(token: str) -> bool:
        return tokenizer.token_to_id(token) is not None

    added = json.loads(tokenizer.to_str())["added_tokens"]
    flores = flores_tokens(knows, [entry["content"] for entry in added])
    if flores:
        return flores, True
    madlad = madlad_tokens(knows, CODES)
    if not madlad:
        raise BadModel(
            f"{folder} is not a model that livestt can translate with: neither an NLLB nor a "
            "MADLAD-400."
        )
    return madlad, False


def _device(wanted: str) -> str:
    if wanted == "auto":
        return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    return "cpu" if wanted == "mps" else wanted
