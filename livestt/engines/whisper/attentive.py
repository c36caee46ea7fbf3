"""A Whisper engine around any `Model` that shows its cross-attention.

What the engines on PyTorch and MLX have in common; they load the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from livestt.engines import Capabilities, EngineSettings, Samples
from livestt.engines.whisper.alignment import Span
from livestt.engines.whisper.attention import places
from livestt.engines.whisper.decoding import (
    Decoded,
    Model,
    detect_languages,
    greedy,
    speculate,
)
from livestt.engines.whisper.engine import Row, WhisperEngine, Written, windows
from livestt.engines.whisper.vocabulary import Vocabulary
from livestt.engines.whisper.windows import TOKEN_FRAME


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and what is needed to talk to it."""

    model: Model
    vocabulary: Vocabulary
    bands: int
    """Mel bands of its features."""

    def encode(self, audio: Sequence[Samples], seconds: int) -> Any:
        """Encoder output of windows of this length."""
        return self.model.encode(windows(audio, self.bands, seconds))


class AttentiveWhisper(WhisperEngine):
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
        super().__init__(settings, loaded.vocabulary, capabilities)
        self._loaded = loaded
        self._draft = draft

    @contextmanager
    def _begin(self, audio: Sequence[Samples], seconds: int) -> Iterator[AttentivePass]:
        encoded = self._loaded.encode(audio, seconds)
        yield AttentivePass(self._loaded, self._draft, encoded, seconds)


class AttentivePass:
    """A batch inside the model."""

    def __init__(self, loaded: Loaded, draft: Loaded | None, encoded: Any, seconds: int) -> None:
        self._loaded = loaded
        self._draft = draft
        self._encoded = encoded
        self._seconds = seconds

    def languages(self, rows: Sequence[int]) -> list[tuple[str, float]]:
        model = self._loaded.model
        some = model.take(self._encoded, rows)
        return detect_languages(model, self._loaded.vocabulary, some, len(rows))

    def write(self, rows: Sequence[Row]) -> list[Written]:
        return [
            _written(row, decoded) for row, decoded in zip(rows, self._decode(rows), strict=True)
        ]

    def _decode(self, rows: Sequence[Row]) -> list[Decoded]:
        model, vocabulary = self._loaded.model, self._loaded.vocabulary
        if self._draft is not None and len(rows) == 1 and rows[0].job.final:
            row = rows[0]
            both = (self._encoded, self._draft.encode([row.job.audio], self._seconds))
            return [speculate(model, self._draft.model, vocabulary, both, row.prompt, row.limit)]
        prompts, limits = [row.prompt for row in rows], [row.limit for row in rows]
        return greedy(model, vocabulary, self._encoded, prompts, limits)


def _written(row: Row, decoded: Decoded) -> Written:
    looked, heard = _places(row, decoded)
    return Written(
        decoded.tokens, decoded.scores, heard, decoded.no_speech, decoded.complete, looked
    )


def _places(row: Row, decoded: Decoded) -> tuple[list[int], list[Span]]:
    """For each new token where it was looked for, and its span in time."""
    if not decoded.tokens:
        return [], []
    content = -(-len(row.job.audio) // TOKEN_FRAME)
    looked, heard = places(decoded.attention[:, :, :content], len(row.prompt.start) - 1)
    new = slice(len(row.prompt.prefix), len(row.prompt.prefix) + len(decoded.tokens))
    return looked[new], heard[new]
