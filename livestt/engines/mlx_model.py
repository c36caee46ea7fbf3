"""The forward pass of Whisper in MLX, on the modules of mlx-whisper.

mlx-whisper's own encoder insists on 30 s windows and its decoder on prompts of equal length; here
neither does. MLX arrays are lazy and belong to the thread that made them: all calls to one model
come from one thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from livestt.engines.whisper.attention import Heads, by_layer
from livestt.engines.whisper.decoding import FloatArray, IntArray


class MlxCache:
    """Keys and values by decoder layer, ``[batch, heads, n, head width]``."""

    def __init__(self, layers: int) -> None:
        self.own: list[tuple[Any, Any] | None] = [None] * layers
        self.audio: list[tuple[Any, Any] | None] = [None] * layers

    @property
    def length(self) -> int:
        return 0 if self.own[0] is None else int(self.own[0][0].shape[2])

    def crop(self, length: int) -> None:
        self.own = [
            None if pair is None else (pair[0][:, :, :length], pair[1][:, :, :length])
            for pair in self.own
        ]

    def extend(self, layer: int, keys: Any, values: Any) -> tuple[Any, Any]:
        """Add tokens; all keys and values of the layer."""
        before = self.own[layer]
        if before is not None:
            keys = mx.concatenate((before[0], keys), axis=2)
            values = mx.concatenate((before[1], values), axis=2)
        self.own[layer] = (keys, values)
        return keys, values


class MlxWhisper:
    """A `livestt.engines.whisper.decoding.Model`.

    Args:
        whisper: an ``mlx_whisper.whisper.Whisper``.
        heads: alignment heads.
        suppressed: tokens never written, besides all above ``eot``.
        eot: the end of text.
        dtype: of the computation.
    """

    def __init__(
        self, whisper: Any, heads: Heads, suppressed: Iterable[int], eot: int, dtype: Any
    ) -> None:
        self._encoder = whisper.encoder
        self._decoder = whisper.decoder
        self._heads = by_layer(heads)
        self._dtype = dtype
        bias = np.zeros(whisper.dims.n_vocab, np.float32)
        bias[eot + 1 :] = -np.inf
        bias[list(suppressed)] = -np.inf
        bias[eot] = 0.0
        self._bias = mx.array(bias)

    def encode(self, features: FloatArray) -> Any:
        encoder = self._encoder
        x = mx.array(features.transpose(0, 2, 1)).astype(self._dtype)
        x = nn.gelu(encoder.conv1(x))
        x = nn.gelu(encoder.conv2(x))
        x = x + encoder._positional_embedding[: x.shape[1]]
        for block in encoder.blocks:
            own = block.attn
            h = block.attn_ln(x)
            q, k, v = (_split(part(h), own.n_head) for part in (own.query, own.key, own.value))
            x = _feed_forward(block, x + own.out(_join(_attend(q, k, v))))
        x = encoder.ln_post(x)
        mx.eval(x)
        return x

    def take(self, encoded: Any, rows: Sequence[int]) -> Any:
        return encoded[mx.array(list(rows))]

    def new_cache(self) -> MlxCache:
        return MlxCache(len(self._decoder.blocks))

    def decode(
        self, encoded: Any, ids: IntArray, pads: IntArray, cache: MlxCache, keep: int
    ) -> tuple[Any, Any]:
        decoder, past, count = self._decoder, cache.length, ids.shape[1]
        places = np.maximum(np.arange(past, past + count)[None] - pads[:, None], 0)
        x = decoder.token_embedding(mx.array(ids))
        x = x + decoder.positional_embedding[mx.array(places)]
        mask = _visible(past, count, pads)
        looked: list[Any] = []
        for i, block in enumerate(decoder.blocks):
            own = block.attn
            h = block.attn_ln(x)
            q, k, v = (_split(part(h), own.n_head) for part in (own.query, own.key, own.value))
            keys, values = cache.extend(i, k, v)
            x = x + own.out(_join(_attend(q, keys, values, mask)))
            x = x + self._listen(i, block, x, encoded, cache, keep, looked)
            x = _feed_forward(block, x)
        x = decoder.ln(x[:, -keep:])
        logits = decoder.token_embedding.as_linear(x).astype(mx.float32)
        attention = mx.concatenate(looked, axis=1)
        mx.eval(logits, attention)
        return logits, attention

    def _listen(
        self,
        index: int,
        block: Any,
        x: Any,
        encoded: Any,
        cache: MlxCache,
        keep: int,
        looked: list[Any],
    ) -> Any:
        """Cross-attention; what alignment heads look at goes to ``looked``."""
        cross = block.cross_attn
        q = _split(cross.query(block.cross_attn_ln(x)), cross.n_head)
        pair = cache.audio[index]
        if pair is None:
            pair = (
                _split(cross.key(encoded), cross.n_head),
                _split(cross.value(encoded), cross.n_head),
            )
            cache.audio[index] = pair
        keys, values = pair
        chosen = self._heads.get(index)
        if chosen:
            heads = mx.array(chosen)
            some = q[:, heads][:, :, -keep:] * q.shape[-1] ** -0.5
            scores = some @ keys[:, heads].transpose(0, 1, 3, 2)
            looked.append(mx.softmax(scores.astype(mx.float32), axis=-1))
        return cross.out(_join(_attend(q, keys, values)))

    def pick(self, logits: Any) -> tuple[IntArray, FloatArray]:
        best = mx.argmax(logits + self._bias, axis=-1)
        chosen = mx.take_along_axis(logits, best[..., None], axis=-1)[..., 0]
        scores = mx.exp(chosen - mx.logsumexp(logits, axis=-1))
        return np.array(best).astype(np.int64), np.array(scores)

    def probabilities(self, logits: Any, tokens: Sequence[int]) -> FloatArray:
        some = logits[..., mx.array(list(tokens))] - mx.logsumexp(logits, axis=-1, keepdims=True)
        return np.array(mx.exp(some))

    def gather(self, parts: Sequence[Any]) -> FloatArray:
        return np.array(mx.concatenate(list(parts), axis=2))


def _visible(past: int, count: int, pads: IntArray) -> Any:
    """Which tokens each token may look back at, ``[batch, 1, count, past + count]``."""
    if count == 1 and not pads.any():
        return None
    keys = np.arange(past + count)[None, None]
    queries = np.arange(past, past + count)[None, :, None]
    # Padding sees itself: a row of nothing would become NaN and spread.
    visible = (keys <= queries) & ((keys >= pads[:, None, None]) | (keys == queries))
    return mx.array(visible[:, None])


def _attend(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    return mx.fast.scaled_dot_product_attention(q, k, v, scale=q.shape[-1] ** -0.5, mask=mask)


def _split(x: Any, heads: int) -> Any:
    """``[batch, n, width]`` by heads: ``[batch, heads, n, head width]``."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def _join(x: Any) -> Any:
    return x.transpose(0, 2, 1, 3).flatten(2)


def _feed_forward(block: Any, x: Any) -> Any:
    return x + block.mlp2(nn.gelu(block.mlp1(block.mlp_ln(x))))
