"""Greedy RNN-T decoding (Graves, arXiv 1211.3711), several sessions in step.

For each frame the joint network is asked for a symbol until it says blank. A session's state is
the prediction network's output after its last symbol; sessions that have said blank wait, with
their state unchanged, until all are done with the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

Tensor = Any
"""A ``torch.Tensor``."""


@dataclass(frozen=True, slots=True)
class Emission:
    """A symbol the model wrote."""

    token: int
    frame: int
    """Encoder frame of the chunk at which it was written."""
    place: float
    """Where in that frame, 0 to 1: symbols of one frame share it evenly."""
    room: float
    """How much of the frame is its own."""
    score: float
    """Its probability."""


@dataclass(frozen=True, slots=True)
class DecoderState:
    """What one session keeps. Never changed, only replaced."""

    output: Tensor
    """Projected prediction-network output, ``[1, width]``."""
    hidden: Tensor
    """``[layers, width]``"""
    cell: Tensor
    """``[layers, width]``"""


class Decoder:
    """Prediction and joint networks of a loaded model."""

    def __init__(self, model: Any) -> None:
        self._network = model.decoder
        self._joint = model.joint
        self._blank = int(model.config.blank_token_id)
        self._most = int(model.config.max_symbols_per_step)
        weight = self._network.embedding.weight
        layers, width = self._network.lstm.num_layers, self._network.lstm.hidden_size
        zeros = weight.new_zeros(layers, 1, width)
        blank = torch.tensor([[self._blank]], device=weight.device)
        output, hidden, cell = self._predict(blank, zeros, zeros)
        self.start = DecoderState(output[0], hidden[:, 0], cell[:, 0])
        """Where every utterance starts."""

    def step(
        self, frames: Tensor, states: Sequence[DecoderState]
    ) -> tuple[list[list[Emission]], list[DecoderState]]:
        """Decode a chunk of each session.

        Args:
            frames: ``[sessions, chunk, width]``, as `livestt.engines.transducer.encoder` gives.
            states: per session, what the step before returned.
        """
        output = torch.stack([state.output for state in states])
        hidden = torch.stack([state.hidden for state in states], dim=1)
        cell = torch.stack([state.cell for state in states], dim=1)
        emitted: list[list[Emission]] = [[] for _ in states]
        for at in range(frames.shape[1]):
            symbols: list[list[tuple[int, float]]] = [[] for _ in states]
            active = list(range(len(states)))
            for _ in range(self._most):
                tokens, scores = self._best(frames[:, at : at + 1], output)
                active = [i for i in active if tokens[i] != self._blank]
                if not active:
                    break
                for i in active:
                    symbols[i].append((tokens[i], scores[i]))
                written = torch.tensor([[token] for token in tokens], device=frames.device)
                rows = torch.tensor(active, device=frames.device)
                after = self._predict(written[rows], hidden[:, rows], cell[:, rows])
                output = output.index_copy(0, rows, after[0])
                hidden = hidden.index_copy(1, rows, after[1])
                cell = cell.index_copy(1, rows, after[2])
            for i, found in enumerate(symbols):
                emitted[i] += _placed(found, at)
        after_all = [DecoderState(output[i], hidden[:, i], cell[:, i]) for i in range(len(states))]
        return emitted, after_all

    def _best(self, frame: Tensor, output: Tensor) -> tuple[list[int], list[float]]:
        """Each session's most probable symbol, and how probable it is."""
        logits = self._joint(
            encoder_hidden_states=frame[:, :, None, :], decoder_hidden_states=output[:, None]
        )[:, 0, 0]
        scores, tokens = torch.softmax(logits.float(), dim=-1).max(dim=-1)
        return tokens.tolist(), scores.tolist()

    def _predict(
        self, tokens: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One step of the prediction network: ``[n, 1, width]`` and its new state."""
        output, (hidden, cell) = self._network.lstm(
            self._network.embedding(tokens), (hidden.contiguous(), cell.contiguous())
        )
        return self._network.decoder_projector(output), hidden, cell


def _placed(symbols: Sequence[tuple[int, float]], frame: int) -> list[Emission]:
    room = 1 / max(1, len(symbols))
    return [
        Emission(token, frame, i * room, room, score) for i, (token, score) in enumerate(symbols)
    ]
