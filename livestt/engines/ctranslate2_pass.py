"""One batch through a Whisper on CTranslate2: encode, generate, align.

Facts it relies on (measured with ctranslate2 4.8.5): the encoder takes any window length and
any batch of equal lengths; rows of one ``generate`` may have prefixes of different length but
need their start token at the same position; ``align`` takes one start sequence per call and
per-row frame counts; padding a session always to its own bucket makes a batched answer equal to
the solo one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt

from livestt.engines.whisper.alignment import Span, token_spans
from livestt.engines.whisper.engine import Row, Written
from livestt.engines.whisper.vocabulary import Vocabulary
from livestt.engines.whisper.windows import FRAME

ENCODER_BATCH = 4
"""A CPU encoder gains nothing from larger batches and loses its cache to them."""
MIN_ALIGN_FRAMES = 14
"""Mel frames; a window shorter than a few of them has crashed ``align``."""
MAX_LENGTH = 448
"""Positions of Whisper's decoder."""

FloatArray = npt.NDArray[np.float32]
Placed = tuple[Sequence[Span], Sequence[float]]
"""Where each token was heard, and how probable it is."""


class Encoded:
    """Encoder output of a batch, ``[batch, positions, width]`` with a position per 20 ms.

    It stays where the model is: on a GPU it would cost more to fetch than to make.

    Args:
        whisper: the model.
        features: ``[batch, bands, frames]``.
    """

    def __init__(self, whisper: Any, features: FloatArray) -> None:
        self._count = len(features)
        self._array: FloatArray | None = None
        if whisper.device == "cuda":
            self.view = whisper.encode(_view(features))
            return
        parts = [
            np.array(whisper.encode(_view(features[i : i + ENCODER_BATCH]), to_cpu=True))
            for i in range(0, len(features), ENCODER_BATCH)
        ]
        self._array = np.concatenate(parts)
        self.view = _view(self._array)

    def rows(self, rows: Sequence[int]) -> Any:
        """The same of some rows."""
        if list(rows) == list(range(self._count)):
            return self.view
        if self._array is None:
            self._array = np.array(self.view.to_device(ctranslate2.Device.cpu))
        return _view(np.ascontiguousarray(self._array[list(rows)]))


class CTranslate2Pass:
    """A batch inside the model.

    Args:
        whisper: the model.
        vocabulary: its tokens.
        features: ``[batch, bands, frames]``.
    """

    def __init__(self, whisper: Any, vocabulary: Vocabulary, features: FloatArray) -> None:
        self._whisper = whisper
        self._vocabulary = vocabulary
        self._encoded = Encoded(whisper, features)

    def languages(self, rows: Sequence[int]) -> list[tuple[str, float]]:
        found = self._whisper.detect_language(self._encoded.rows(rows))
        return [(answer[0][0].strip("<|>"), float(answer[0][1])) for answer in found]

    def write(self, rows: Sequence[Row]) -> list[Written]:
        answers = self._generate(rows)
        texts = [
            self._new_tokens(row, answer.sequences_ids[0])
            for row, answer in zip(rows, answers, strict=True)
        ]
        placed = self._align(rows, texts)
        return [
            _written(row, tokens, spans, scores, float(answer.no_speech_prob))
            for row, tokens, (spans, scores), answer in zip(
                rows, texts, placed, answers, strict=True
            )
        ]

    def _generate(self, rows: Sequence[Row]) -> list[Any]:
        """Greedy decoding. All contexts are equally long; the ids begin with the prefix."""
        prompts = [row.prompt.ids(self._vocabulary.previous) for row in rows]
        steps = max(len(row.prompt.prefix) + row.limit for row in rows)
        longest = max(len(ids) for ids in prompts)
        return list(
            self._whisper.generate(
                self._encoded.view,
                prompts,
                beam_size=1,
                # CTranslate2 decodes min(max_length / 2, max_length - prompt) steps.
                max_length=min(MAX_LENGTH, max(2 * steps, longest + steps)),
                suppress_blank=False,
                return_no_speech_prob=True,
            )
        )

    def _new_tokens(self, row: Row, ids: Sequence[int]) -> tuple[int, ...]:
        """The tokens written after the prefix. A row may have run past its own limit because
        another of its batch was allowed more; what it would not have written alone is cut."""
        new = ids[len(row.prompt.prefix) :][: row.limit]
        return tuple(token for token in new if token < self._vocabulary.eot)

    def _align(self, rows: Sequence[Row], texts: Sequence[tuple[int, ...]]) -> list[Placed]:
        """Find out where the tokens were heard, those of the prefix first. Rows without tokens
        cost nothing."""
        placed: list[Placed] = [((), ())] * len(rows)
        groups: dict[tuple[int, ...], list[int]] = {}
        for i, (row, tokens) in enumerate(zip(rows, texts, strict=True)):
            if tokens:
                groups.setdefault(row.prompt.start[:-1], []).append(i)
        for start, members in groups.items():
            wanted = [[*rows[i].prompt.prefix, *texts[i]] for i in members]
            frames = [max(MIN_ALIGN_FRAMES, len(rows[i].job.audio) // FRAME) for i in members]
            found = self._whisper.align(self._encoded.rows(members), list(start), wanted, frames)
            for i, text, answer in zip(members, wanted, found, strict=True):
                spans = token_spans(answer.alignments, len(text))
                placed[i] = (spans, list(answer.text_token_probs))
        return placed


def _written(
    row: Row,
    tokens: tuple[int, ...],
    spans: Sequence[Span],
    scores: Sequence[float],
    silence: float,
) -> Written:
    skip = len(row.prompt.prefix)
    complete = len(tokens) < min(row.limit, MAX_LENGTH // 2 - skip)
    return Written(tokens, scores[skip:], spans[skip:], silence, complete)


def _view(array: FloatArray) -> Any:
    return ctranslate2.StorageView.from_array(array)
