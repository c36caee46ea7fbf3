"""The four things livestt asks of a CTranslate2 Whisper, for a batch of rows each.

Shapes: encoder output is float32 ``[batch, positions, width]`` with one position per 20 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt

from livestt.engines.whisper.alignment import Span, token_spans
from livestt.engines.whisper.prompts import Prompt
from livestt.engines.whisper.windows import FRAME

ENCODER_BATCH = 4
"""A CPU encoder gains nothing from larger batches and loses its cache to them."""
MIN_ALIGN_FRAMES = 14
"""Mel frames; a window shorter than a few of them has crashed ``align``."""
MAX_LENGTH = 448
"""Positions of Whisper's decoder."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where each token of a row was heard, its prefix included, and how probable it is."""

    spans: Sequence[Span] = ()
    scores: Sequence[float] = ()


def encode(whisper: Any, features: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Encode equally long windows of features ``[n_mels, frames]``."""
    parts = []
    for i in range(0, len(features), ENCODER_BATCH):
        group = np.ascontiguousarray(np.stack(features[i : i + ENCODER_BATCH]))
        parts.append(np.array(whisper.encode(_view(group), to_cpu=True)))
    return np.concatenate(parts)


def detect_languages(whisper: Any, encoded: npt.NDArray[np.float32]) -> list[tuple[str, float]]:
    """The most probable language of each row, and its probability."""
    found = whisper.detect_language(_view(np.ascontiguousarray(encoded)))
    return [(answer[0][0].strip("<|>"), float(answer[0][1])) for answer in found]


def generate(
    whisper: Any,
    encoded: npt.NDArray[np.float32],
    rows: Sequence[tuple[Prompt, int]],
    start_of_previous: int,
) -> list[Any]:
    """Greedy decoding.

    Args:
        whisper: the model.
        encoded: the rows' encoder output.
        rows: prompt, and how many tokens may follow it. All contexts are equally long.
        start_of_previous: the token before a context.

    Returns:
        CTranslate2's results; their ids begin with the prefix.
    """
    prompts = [prompt.ids(start_of_previous) for prompt, _ in rows]
    steps = max(len(prompt.prefix) + limit for prompt, limit in rows)
    longest = max(len(ids) for ids in prompts)
    return list(
        whisper.generate(
            _view(encoded),
            prompts,
            beam_size=1,
            # CTranslate2 decodes min(max_length / 2, max_length - prompt) steps.
            max_length=min(MAX_LENGTH, max(2 * steps, longest + steps)),
            suppress_blank=False,
            return_no_speech_prob=True,
        )
    )


def align(
    whisper: Any,
    encoded: npt.NDArray[np.float32],
    rows: Sequence[tuple[Prompt, tuple[int, ...], int]],
) -> list[Places]:
    """Find out where the tokens were heard.

    Args:
        whisper: the model.
        encoded: the rows' encoder output.
        rows: prompt, tokens written after its prefix, samples of content. Rows without tokens
            cost nothing.
    """
    places = [Places()] * len(rows)
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, (prompt, tokens, _) in enumerate(rows):
        if tokens:
            groups.setdefault(prompt.start[:-1], []).append(i)
    for start, members in groups.items():
        texts = [[*rows[i][0].prefix, *rows[i][1]] for i in members]
        frames = [max(MIN_ALIGN_FRAMES, rows[i][2] // FRAME) for i in members]
        view = _view(np.ascontiguousarray(encoded[members]))
        found = whisper.align(view, list(start), texts, frames)
        for i, text, answer in zip(members, texts, found, strict=True):
            spans = token_spans(answer.alignments, len(text))
            places[i] = Places(spans, list(answer.text_token_probs))
    return places


def _view(array: npt.NDArray[np.float32]) -> Any:
    return ctranslate2.StorageView.from_array(array)
