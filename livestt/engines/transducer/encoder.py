"""The encoder, one chunk at a time, for several sessions at once.

A cache-aware FastConformer (Noroozi et al., "Stateful Conformer with Cache-based Inference for
Streaming ASR", ICASSP 2024, arXiv 2312.17279) sees each frame once: attention looks at a bounded
number of earlier frames, whose keys and values are kept, and every convolution is causal and
keeps its last inputs. transformers has it as ``NemotronAsrStreamingEncoder``; its own streaming
``generate`` holds one session per model and blocks its thread, so the modules are called here,
with caches that can be stacked.

Sessions share a step whatever their age: shorter attention caches are padded on the left and
masked, which changes nothing since positions are relative. Only the first chunk of an utterance
is ``factor - 1`` mel frames shorter than the others; its subsampling runs apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

Tensor = Any
"""A ``torch.Tensor``."""


@dataclass(frozen=True, slots=True)
class EncoderState:
    """What one session keeps between chunks. Never changed, only replaced."""

    frames: int = 0
    """Encoder frames kept in ``keys_values``."""
    keys_values: Tensor | None = None
    """``[layers, 2, heads, frames, head_dim]``; None before the first chunk."""
    convolutions: Mapping[str, Tensor] = field(default_factory=dict)
    """The last inputs of each causal convolution, ``[channels, left, ...]``: time is second."""

    @property
    def first(self) -> bool:
        return self.keys_values is None


class Encoder:
    """Steps of a loaded model's encoder.

    Args:
        model: ``NemotronAsrStreamingForRNNT`` or ``Nemotron3_5AsrForRNNT``, in eval mode.
        chunk: encoder frames per step; the model must have been trained for it.
    """

    def __init__(self, model: Any, chunk: int) -> None:
        config = model.config.encoder_config
        self._model = model
        self._encoder = model.encoder
        self._factor = int(config.subsampling_factor)
        self._prompts: int | None = getattr(model.config, "num_prompts", None)
        self.chunk = chunk
        self.keep = (int(config.sliding_window) - 1) // chunk * chunk
        """Earlier frames that attention looks at: whole chunks, as in training."""

    def mel_frames(self, *, first: bool) -> int:
        """Mel frames that one chunk takes."""
        return self._factor * self.chunk - (self._factor - 1 if first else 0)

    def step(
        self, features: Sequence[Tensor], states: Sequence[EncoderState], prompts: Sequence[int]
    ) -> tuple[Tensor, list[EncoderState]]:
        """Encode one chunk of each session.

        Args:
            features: per session, log-mel ``[mel_frames(first), mels]``.
            states: per session, what the step before returned.
            prompts: per session, the language prompt; ignored by models that have none.

        Returns:
            Projected frames ``[sessions, chunk, joint_width]``, and the new states.
        """
        embedded, convolutions = self._subsample(features, states)
        past, visible = _stacked(states, self.keep)
        keys_values = _KeysValues(past)
        tails = _Convolutions([state.convolutions for state in states])
        mask = None
        if visible is not None:
            now = visible.new_ones(len(states), self.chunk)
            mask = torch.cat([visible, now], dim=1)[:, None, None, :]
            mask = mask.expand(-1, 1, self.chunk, -1)
        hidden = embedded * self._encoder.input_scale
        cached = 0 if past is None else past.shape[-2]
        positions = self._encoder.encode_positions(hidden, cached_frames=cached)
        for layer in self._encoder.layers:
            hidden = layer(
                hidden,
                attention_mask=mask,
                position_embeddings=positions,
                past_key_values=keys_values,
                padding_cache=tails,
            )
        now_kept = keys_values.kept()
        after = [
            self._after(state, now_kept[:, :, i], {**convolutions[i], **tails.row(i)})
            for i, state in enumerate(states)
        ]
        return self._project(hidden, prompts), after

    def _subsample(
        self, features: Sequence[Tensor], states: Sequence[EncoderState]
    ) -> tuple[Tensor, list[Mapping[str, Tensor]]]:
        """Embedded frames ``[sessions, chunk, width]``, and what the convolutions keep."""
        embedded: list[Tensor] = [None] * len(states)
        kept: list[Mapping[str, Tensor]] = [{}] * len(states)
        for first in (True, False):
            rows = [i for i, state in enumerate(states) if state.first is first]
            if not rows:
                continue
            tails = _Convolutions([states[i].convolutions for i in rows])
            stacked = torch.stack([features[i] for i in rows])
            for at, frames in enumerate(self._encoder.subsampling(stacked, padding_cache=tails)):
                embedded[rows[at]], kept[rows[at]] = frames, tails.row(at)
        return torch.stack(embedded), kept

    def _after(
        self, before: EncoderState, stacked: Tensor, convolutions: Mapping[str, Tensor]
    ) -> EncoderState:
        frames = min(before.frames + self.chunk, self.keep)
        own = stacked[..., stacked.shape[-2] - frames :, :]
        return EncoderState(frames, own.clone(), convolutions)

    def _project(self, hidden: Tensor, prompts: Sequence[int]) -> Tensor:
        """Into the joint network's width; language-prompted models are told the language here."""
        if self._prompts is not None:
            ids = torch.tensor(prompts, device=hidden.device)
            told = torch.nn.functional.one_hot(ids, num_classes=self._prompts).to(hidden.dtype)
            told = told[:, None, :].expand(-1, hidden.shape[1], -1)
            hidden = self._model.prompt_projector(torch.cat([hidden, told], dim=-1))
        return self._model.encoder_projector(hidden)


def _stacked(states: Sequence[EncoderState], keep: int) -> tuple[Tensor | None, Tensor | None]:
    """The sessions' keys and values, padded on the left to the longest, and which are real.

    Returns:
        ``[layers, 2, sessions, heads, frames, head_dim]`` and bool ``[sessions, frames]``; both
        None if there are none, the second alone if all are real.
    """
    longest = max(state.frames for state in states)
    if longest == 0:
        return None, None
    like: Any = next(state.keys_values for state in states if state.frames == longest)
    padded = []
    for state in states:
        room = list(like.shape)
        room[-2] = longest - state.frames
        blank = like.new_zeros(room)
        own = [] if state.keys_values is None else [state.keys_values]
        padded.append(torch.cat([blank, *own], dim=-2) if room[-2] else own[0])
    ages = torch.tensor([state.frames for state in states], device=like.device)
    real = torch.arange(longest, device=like.device) >= longest - ages[:, None]
    return torch.stack(padded, dim=2), None if bool(real.all()) else real


class _KeysValues:
    """Looks to an attention layer like a transformers ``Cache``."""

    def __init__(self, past: Tensor | None) -> None:
        self._past = past
        self._now: list[Tensor] = []

    def update(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        if self._past is not None:
            keys = torch.cat([self._past[layer, 0], keys], dim=-2)
            values = torch.cat([self._past[layer, 1], values], dim=-2)
        self._now.append(torch.stack([keys, values]))
        return keys, values

    def kept(self) -> Tensor:
        """``[layers, 2, sessions, heads, frames, head_dim]``, this chunk's included."""
        return torch.stack(self._now)


class _Convolutions:
    """Looks to a causal convolution like its ``padding_cache``: time is dimension 2."""

    def __init__(self, kept: Sequence[Mapping[str, Tensor]]) -> None:
        self._kept = kept
        self._now: dict[str, Tensor] = {}

    def update(self, hidden: Tensor, key: str, convolution: Any) -> Tensor:
        """The input with what came before it; its end is kept for the next chunk."""
        left = convolution.left_pad
        shape = list(hidden.shape[1:])
        # A strided convolution starts with more zeros than it keeps from chunk to chunk.
        shape[1] = getattr(convolution, "left_pad_init", left)
        before = [kept[key] if key in kept else hidden.new_zeros(shape) for kept in self._kept]
        whole = torch.cat([torch.stack(before), hidden], dim=2)
        self._now[key] = whole[:, :, whole.shape[2] - left :].clone()
        return whole

    def row(self, index: int) -> dict[str, Tensor]:
        return {key: tail[index] for key, tail in self._now.items()}
