"""Whisper in PyTorch, as small as this recipe needs it and fast enough to train on a CPU.

Modules carry the names that transformers gives them, so that exporting is renaming nothing.
Two things differ from the original while training, and only then:

* windows may be shorter than 30 seconds;
* only the tokens in use have a row in the embedding. The rows of all others are zero in the
  exported model, so their logits are 0 there. Here one extra logit stands for all of them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import tokens
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import WhisperFeatureExtractor

WIDTH = 128
FEED_FORWARD = 512
HEADS = 2
ENCODER_LAYERS = 3
DECODER_LAYERS = 2
MEL_BANDS = 80
MEL_HOP, MEL_WINDOW = 160, 400
MAX_FRAMES = 1_500  # of the encoder, 50 a second
MAX_TOKENS = 448
ALIGNMENT_HEADS = [[DECODER_LAYERS - 1, head] for head in range(HEADS)]


class Output(NamedTuple):
    logits: Tensor  # (batch, tokens, used vocabulary + 1)
    attention: Tensor  # (batch, heads, tokens, frames), of the decoder's last layer
    ctc_logits: Tensor  # (batch, frames, text symbols + 1); symbol 0 is the blank


class LogMel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        bank = WhisperFeatureExtractor(feature_size=MEL_BANDS).mel_filters
        self.register_buffer("bank", torch.tensor(bank.T, dtype=torch.float32))
        self.register_buffer("window", torch.hann_window(MEL_WINDOW))

    def forward(self, samples: Tensor) -> Tensor:
        spectrum = torch.stft(samples, MEL_WINDOW, MEL_HOP, window=self.window, return_complex=True)
        power = self.bank @ spectrum[..., :-1].abs().square()
        mel = power.clamp(min=1e-10).log10()
        mel = torch.maximum(mel, mel.amax(dim=(1, 2), keepdim=True) - 8.0)
        return (mel + 4.0) / 4.0


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj = nn.Linear(WIDTH, WIDTH)
        self.k_proj = nn.Linear(WIDTH, WIDTH, bias=False)
        self.v_proj = nn.Linear(WIDTH, WIDTH)
        self.out_proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, source: Tensor, causal: bool = False) -> Tensor:
        q, k, v = self._project(x, source)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self._merge(mixed)

    def with_weights(self, x: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """The same, slower, and the attention weights (in float32) with it."""
        q, k, v = self._project(x, source)
        scores = (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1])
        weights = scores.softmax(-1)
        return self._merge(weights.to(v.dtype) @ v), weights

    def _project(self, x: Tensor, source: Tensor) -> list[Tensor]:
        flat = (self.q_proj(x), self.k_proj(source), self.v_proj(source))
        return [y.unflatten(-1, (HEADS, -1)).transpose(1, 2) for y in flat]

    def _merge(self, mixed: Tensor) -> Tensor:
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """A layer of the encoder, or (with cross-attention and a causal mask) of the decoder."""

    def __init__(self, decoder: bool, dropout: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.dropout = nn.Dropout(dropout)
        self.self_attn = Attention()
        self.self_attn_layer_norm = nn.LayerNorm(WIDTH)
        if decoder:
            self.encoder_attn = Attention()
            self.encoder_attn_layer_norm = nn.LayerNorm(WIDTH)
        self.fc1 = nn.Linear(WIDTH, FEED_FORWARD)
        self.fc2 = nn.Linear(FEED_FORWARD, WIDTH)
        self.final_layer_norm = nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor, encoded: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        normed = self.self_attn_layer_norm(x)
        x = x + self.dropout(self.self_attn(normed, normed, causal=self.decoder))
        weights = None
        if encoded is not None:
            heard, weights = self.encoder_attn.with_weights(
                self.encoder_attn_layer_norm(x), encoded
            )
            x = x + self.dropout(heard)
        hidden = functional.gelu(self.fc1(self.final_layer_norm(x)))
        return x + self.dropout(self.fc2(hidden)), weights


class Encoder(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MEL_BANDS, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding.from_pretrained(sinusoids(MAX_FRAMES, WIDTH))
        self.layers = nn.ModuleList(Layer(False, dropout) for _ in range(ENCODER_LAYERS))
        self.layer_norm = nn.LayerNorm(WIDTH)

    def forward(self, mel: Tensor) -> Tensor:
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.embed_positions.weight[: x.shape[1]]
        for layer in self.layers:
            x, _ = layer(x)
        return self.layer_norm(x)


class Decoder(nn.Module):
    def __init__(self, vocabulary: int, dropout: float) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, WIDTH)
        self.embed_positions = nn.Embedding(MAX_TOKENS, WIDTH)
        for embedding in (self.embed_tokens, self.embed_positions):
            nn.init.normal_(embedding.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(True, dropout) for _ in range(DECODER_LAYERS))
        self.layer_norm = nn.LayerNorm(WIDTH)

    def forward(self, ids: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        x = self.embed_tokens(ids) + self.embed_positions.weight[: ids.shape[1]]
        weights = None
        for layer in self.layers:
            x, weights = layer(x, encoded)
        return self.layer_norm(x) @ self.embed_tokens.weight.t(), weights


class SynthWhisper(nn.Module):
    def __init__(self, vocabulary: int, text_symbols: int, dropout: float = 0.05) -> None:
        super().__init__()
        self.encoder = Encoder(dropout)
        self.decoder = Decoder(vocabulary, dropout)
        self.ctc = nn.Linear(WIDTH, text_symbols + 1)
        self.other_tokens_logit = math.log(tokens.VOCABULARY_SIZE - vocabulary)

    def forward(self, mel: Tensor, ids: Tensor) -> Output:
        encoded = self.encoder(mel)
        logits, attention = self.decoder(ids, encoded)
        logits = functional.pad(logits.float(), (0, 1), value=self.other_tokens_logit)
        return Output(logits, attention, self.ctc(encoded).float())


def sinusoids(length: int, width: int) -> Tensor:
    half = width // 2
    rates = torch.exp(-math.log(10_000) / (half - 1) * torch.arange(half))
    angles = torch.arange(length)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
