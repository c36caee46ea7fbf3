"""Greedy decoding that remembers where each token looked, over any Whisper with a cache.

`greedy` decodes a batch whose rows have prompts of different length: they are padded on the left,
and every row keeps its own positions. `speculate` decodes one row with a draft model: the draft
writes a few tokens, the model checks them in one pass and keeps those it would have written
itself (Leviathan et al., arXiv 2211.17192), so the answer is the same and comes sooner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from livestt.engines.whisper.prompts import Prompt
from livestt.engines.whisper.vocabulary import Vocabulary

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

MAX_TOKENS = 448
"""Positions of Whisper's decoder."""
DRAFT = 6
"""Tokens a draft model writes ahead."""


class Cache(Protocol):
    """Keys and values of the tokens a decoder has read."""

    @property
    def length(self) -> int: ...

    def crop(self, length: int) -> None:
        """Forget all tokens from this one on."""


class Model(Protocol):
    """A Whisper on some device. Arrays named *device* are its own; nobody else looks inside."""

    def encode(self, features: FloatArray) -> Any:
        """Log-mel features ``[batch, bands, frames]`` to a device array ``[batch, positions, d]``;
        there is a position for every two frames."""

    def take(self, encoded: Any, rows: Sequence[int]) -> Any:
        """Some rows of what `encode` gave."""

    def new_cache(self) -> Cache: ...

    def decode(
        self, encoded: Any, ids: IntArray, pads: IntArray, cache: Any, keep: int
    ) -> tuple[Any, Any]:
        """Read tokens.

        Args:
            encoded: device array ``[batch, positions, d]``.
            ids: ``[batch, n]``.
            pads: for each row, how many of the tokens read since the cache was new are padding
                on its left.
            cache: what came before; grows by ``n``.
            keep: how many of the last tokens to answer for.

        Returns:
            device arrays: logits ``[batch, keep, vocabulary]``, and the attention of the
            alignment heads ``[batch, heads, keep, positions]``.
        """

    def pick(self, logits: Any) -> tuple[IntArray, FloatArray]:
        """The likeliest text token (or the end) at each place, and its probability:
        two arrays ``[batch, keep]``."""

    def probabilities(self, logits: Any, tokens: Sequence[int]) -> FloatArray:
        """``[batch, keep, len(tokens)]`` out of a softmax over all tokens."""

    def gather(self, parts: Sequence[Any]) -> FloatArray:
        """Device arrays of attention, joined along the tokens: ``[batch, heads, n, positions]``."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was written for one row."""

    tokens: tuple[int, ...]
    """Text tokens after the prefix."""
    scores: tuple[float, ...]
    """Probability of each."""
    no_speech: float
    attention: FloatArray
    """``[heads, tokens read, positions]``, from the first of `Prompt.start` on. The row of a token
    shows where the *next* one was heard."""
    complete: bool
    """Whether the end was written, rather than the limit reached."""


def detect_languages(
    model: Model, vocabulary: Vocabulary, encoded: Any, rows: int
) -> list[tuple[str, float]]:
    """For each row the likeliest language and its probability among all languages."""
    names = list(vocabulary.languages)
    ids = np.full((rows, 1), vocabulary.begin, np.int64)
    logits, _ = model.decode(encoded, ids, np.zeros(rows, np.int64), model.new_cache(), 1)
    found = model.probabilities(logits, list(vocabulary.languages.values()))[:, 0]
    shares = found / np.maximum(found.sum(axis=1, keepdims=True), 1e-30)
    return [(names[int(row.argmax())], float(row.max())) for row in shares]


def greedy(
    model: Model,
    vocabulary: Vocabulary,
    encoded: Any,
    prompts: Sequence[Prompt],
    limits: Sequence[int],
) -> list[Decoded]:
    """Continue each prompt until the end of text or its limit.

    Args:
        model: the model.
        vocabulary: its tokens.
        encoded: device array with a row for each prompt.
        prompts: any lengths.
        limits: most tokens to write for each.
    """
    asked = [prompt.ids(vocabulary.previous) for prompt in prompts]
    longest = max(len(ids) for ids in asked)
    pads = np.array([longest - len(ids) for ids in asked], np.int64)
    ids = np.array([[vocabulary.eot] * (longest - len(a)) + a for a in asked], np.int64)
    cache = model.new_cache()
    keep = max(len(p.start) + len(p.prefix) for p in prompts)
    logits, attention = model.decode(encoded, ids, pads, cache, keep)
    silence = model.probabilities(logits, [vocabulary.no_speech])[:, :, 0]
    parts = [attention]
    rows = [
        _Row(min(limit, MAX_TOKENS - len(a)), vocabulary.eot)
        for limit, a in zip(limits, asked, strict=True)
    ]
    best, score = model.pick(logits[:, -1:])
    for row, token, sure in zip(rows, best[:, 0], score[:, 0], strict=True):
        row.take(int(token), float(sure))
    while not all(row.done for row in rows):
        logits, attention = model.decode(encoded, best[:, -1:], pads, cache, 1)
        parts.append(attention)
        best, score = model.pick(logits)
        for row, token, sure in zip(rows, best[:, 0], score[:, 0], strict=True):
            row.take(int(token), float(sure))
    looked = model.gather(parts)
    answers = []
    for i, (row, prompt) in enumerate(zip(rows, prompts, strict=True)):
        first = keep - len(prompt.start) - len(prompt.prefix)
        answers.append(row.decoded(float(silence[i, first]), looked[i][:, first:], prompt))
    return answers


def speculate(
    model: Model,
    draft: Model,
    vocabulary: Vocabulary,
    encoded: tuple[Any, Any],
    prompt: Prompt,
    limit: int,
) -> Decoded:
    """What `greedy` gives for one prompt, with a draft model that has the same tokens.

    Args:
        model: the model whose answer it is.
        draft: a smaller one.
        vocabulary: the tokens of both.
        encoded: what each of the two made of the audio, one row.
        prompt: what to continue.
        limit: most tokens to write.
    """
    asked = prompt.ids(vocabulary.previous)
    none = np.zeros(1, np.int64)
    cache, ahead = model.new_cache(), draft.new_cache()
    keep = len(prompt.start) + len(prompt.prefix)
    logits, attention = model.decode(encoded[0], np.array([asked]), none, cache, keep)
    silence = model.probabilities(logits, [vocabulary.no_speech])[0, 0, 0]
    best, score = model.pick(logits[:, -1:])
    row = _Row(min(limit, MAX_TOKENS - len(asked)), vocabulary.eot)
    row.take(int(best[0, 0]), float(score[0, 0]))
    parts = [attention]
    while not row.done:
        read = [*asked, *row.tokens]
        room = min(DRAFT, row.limit - len(row.tokens), MAX_TOKENS - len(read))
        guesses = _draft(draft, encoded[1], read, ahead, room)
        ids = np.array([[row.tokens[-1], *guesses]], np.int64)
        logits, attention = model.decode(encoded[0], ids, none, cache, ids.shape[1])
        best, score = model.pick(logits)
        right = next((i for i, guess in enumerate(guesses) if guess != best[0, i]), len(guesses))
        parts.append(attention[:, :, : right + 1])
        for i in range(right + 1):
            row.take(int(best[0, i]), float(score[0, i]))
        cache.crop(len(read) + right)
        ahead.crop(min(ahead.length, len(read) + right))
    return row.decoded(float(silence), model.gather(parts)[0], prompt)


def _draft(draft: Model, encoded: Any, read: Sequence[int], cache: Cache, count: int) -> list[int]:
    """The tokens a draft model would write after those read."""
    none = np.zeros(1, np.int64)
    ids = np.array([read[cache.length :]], np.int64)
    guesses: list[int] = []
    for _ in range(count):
        logits, _ = draft.decode(encoded, ids, none, cache, 1)
        ids, _ = draft.pick(logits)
        guesses.append(int(ids[0, 0]))
    return guesses


class _Row:
    """What one row has written so far."""

    def __init__(self, limit: int, eot: int) -> None:
        self.limit = limit
        self.tokens: list[int] = []
        self.scores: list[float] = []
        self._eot = eot
        self.complete = False

    @property
    def done(self) -> bool:
        return self.complete or len(self.tokens) >= self.limit

    def take(self, token: int, score: float) -> None:
        """The next token; ignored once the row is done."""
        if self.done:
            return
        if token == self._eot:
            self.complete = True
        else:
            self.tokens.append(token)
            self.scores.append(score)

    def decoded(self, no_speech: float, looked: FloatArray, prompt: Prompt) -> Decoded:
        count = len(prompt.start) + len(prompt.prefix) + len(self.tokens)
        count -= not self.complete  # a token written at the limit has not been read
        return Decoded(
            tuple(self.tokens),
            tuple(self.scores),
            no_speech,
            looked[:, :count],
            self.complete,
        )
