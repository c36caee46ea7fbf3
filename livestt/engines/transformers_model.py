"""The forward pass of Whisper in PyTorch, on the modules of a Hugging Face model.

Not ``model.generate``: its encoder insists on 30 s windows, and it keeps the attention of every
head. Here windows are as long as the audio, rows of a batch may have prompts of any length, and
only the alignment heads show where they look; all others use fused attention.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from livestt.engines.whisper.attention import Heads, by_layer
from livestt.engines.whisper.decoding import FloatArray, IntArray

CPU_ENCODER_BATCH = 4
"""A CPU encoder gains nothing from larger batches and loses its cache to them."""


class TorchCache:
    """Keys and values by decoder layer, ``[batch, heads, n, head width]``."""

    def __init__(self, layers: int) -> None:
        self.own: list[tuple[Tensor, Tensor] | None] = [None] * layers
        self.audio: list[tuple[Tensor, Tensor] | None] = [None] * layers

    @property
    def length(self) -> int:
        return 0 if self.own[0] is None else self.own[0][0].shape[2]

    def crop(self, length: int) -> None:
        self.own = [
            None if pair is None else (pair[0][:, :, :length], pair[1][:, :, :length])
            for pair in self.own
        ]

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add tokens; all keys and values of the layer."""
        before = self.own[layer]
        if before is not None:
            keys = torch.cat((before[0], keys), dim=2)
            values = torch.cat((before[1], values), dim=2)
        self.own[layer] = (keys, values)
        return keys, values


class TorchWhisper:
    """A `livestt.engines.whisper.decoding.Model`. Call it under ``torch.inference_mode()``.

    Args:
        whisper: a ``WhisperForConditionalGeneration`` in evaluation mode, on its device.
        heads: alignment heads.
        suppressed: tokens never written, besides all above ``eot``.
        eot: the end of text.
    """

    def __init__(self, whisper: Any, heads: Heads, suppressed: Iterable[int], eot: int) -> None:
        self._encoder = whisper.model.encoder
        self._decoder = whisper.model.decoder
        self._project = whisper.proj_out
        self._heads = by_layer(heads)
        self._device = whisper.device
        self._dtype = whisper.dtype
        self._group = CPU_ENCODER_BATCH if self._device.type == "cpu" else 16
        bias = torch.zeros(whisper.config.vocab_size, device=self._device)
        bias[eot + 1 :] = -torch.inf
        bias[list(suppressed)] = -torch.inf
        bias[eot] = 0.0
        self._bias = bias

    def encode(self, features: FloatArray) -> Tensor:
        groups = [features[i : i + self._group] for i in range(0, len(features), self._group)]
        return torch.cat([self._encode(group) for group in groups])

    def _encode(self, features: FloatArray) -> Tensor:
        encoder = self._encoder
        x = torch.from_numpy(features).to(self._device, self._dtype)
        x = functional.gelu(encoder.conv1(x))
        x = functional.gelu(encoder.conv2(x)).transpose(1, 2)
        x = x + encoder.embed_positions.weight[: x.shape[1]]
        for layer in encoder.layers:
            own = layer.self_attn
            h = layer.self_attn_layer_norm(x)
            q, k, v = (_split(p(h), own) for p in (own.q_proj, own.k_proj, own.v_proj))
            mixed = functional.scaled_dot_product_attention(q, k, v)
            x = _feed_forward(layer, x + own.out_proj(_join(mixed)))
            if x.dtype == torch.float16:
                limit = torch.finfo(x.dtype).max - 1000
                x = x.clamp(-limit, limit)
        encoded: Tensor = encoder.layer_norm(x)
        return encoded

    def take(self, encoded: Tensor, rows: Sequence[int]) -> Tensor:
        return encoded[list(rows)]

    def new_cache(self) -> TorchCache:
        return TorchCache(len(self._decoder.layers))

    def decode(
        self, encoded: Tensor, ids: IntArray, pads: IntArray, cache: TorchCache, keep: int
    ) -> tuple[Tensor, Tensor]:
        decoder, past, count = self._decoder, cache.length, ids.shape[1]
        places = np.maximum(np.arange(past, past + count)[None] - pads[:, None], 0)
        x = decoder.embed_tokens(self._ints(ids))
        x = x + decoder.embed_positions.weight[self._ints(places)]
        mask = self._visible(past, count, pads)
        looked: list[Tensor] = []
        for i, layer in enumerate(decoder.layers):
            own = layer.self_attn
            h = layer.self_attn_layer_norm(x)
            q, k, v = (_split(p(h), own) for p in (own.q_proj, own.k_proj, own.v_proj))
            keys, values = cache.extend(i, k, v)
            mixed = functional.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
            x = x + own.out_proj(_join(mixed))
            x = x + self._listen(i, layer, x, encoded, cache, keep, looked)
            x = _feed_forward(layer, x)
        x = decoder.layer_norm(x[:, -keep:])
        return self._project(x).float(), torch.cat(looked, dim=1)

    def _listen(
        self,
        index: int,
        layer: Any,
        x: Tensor,
        encoded: Tensor,
        cache: TorchCache,
        keep: int,
        looked: list[Tensor],
    ) -> Tensor:
        """Cross-attention; what alignment heads look at goes to ``looked``."""
        cross = layer.encoder_attn
        q = _split(cross.q_proj(layer.encoder_attn_layer_norm(x)), cross)
        pair = cache.audio[index]
        if pair is None:
            pair = _split(cross.k_proj(encoded), cross), _split(cross.v_proj(encoded), cross)
            cache.audio[index] = pair
        keys, values = pair
        chosen = self._heads.get(index)
        if chosen:
            some = q[:, chosen, -keep:] * cross.head_dim**-0.5
            scores = some @ keys[:, chosen].transpose(2, 3)
            looked.append(scores.float().softmax(dim=-1))
        mixed = functional.scaled_dot_product_attention(q, keys, values)
        heard: Tensor = cross.out_proj(_join(mixed))
        return heard

    def _visible(self, past: int, count: int, pads: IntArray) -> Tensor | None:
        """Which tokens each token may look back at, ``[batch, 1, count, past + count]``."""
        if count == 1 and not pads.any():
            return None
        keys = np.arange(past + count)
        queries = np.arange(past, past + count)
        causal = keys[None, None] <= queries[None, :, None]
        real = keys[None, None] >= pads[:, None, None]
        # Padding sees itself: a row of nothing would become NaN and spread.
        itself = keys[None, None] == queries[None, :, None]
        return torch.from_numpy((causal & (real | itself))[:, None]).to(self._device)

    def pick(self, logits: Tensor) -> tuple[IntArray, FloatArray]:
        best = (logits + self._bias).argmax(dim=-1)
        chosen = logits.gather(-1, best[..., None])[..., 0]
        scores = (chosen - logits.logsumexp(dim=-1)).exp()
        return best.cpu().numpy(), scores.cpu().numpy()

    def probabilities(self, logits: Tensor, tokens: Sequence[int]) -> FloatArray:
        some = logits[..., list(tokens)] - logits.logsumexp(dim=-1, keepdim=True)
        array: FloatArray = some.exp().cpu().numpy()
        return array

    def gather(self, parts: Sequence[Tensor]) -> FloatArray:
        array: FloatArray = torch.cat(list(parts), dim=2).cpu().numpy()
        return array

    def _ints(self, array: IntArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


def _split(x: Tensor, attention: Any) -> Tensor:
    """``[batch, n, width]`` by heads: ``[batch, heads, n, head width]``."""
    return x.view(*x.shape[:2], attention.num_heads, attention.head_dim).transpose(1, 2)


def _join(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def _feed_forward(layer: Any, x: Tensor) -> Tensor:
    h: Tensor = layer.fc2(layer.activation_fn(layer.fc1(layer.final_layer_norm(x))))
    return x + h
