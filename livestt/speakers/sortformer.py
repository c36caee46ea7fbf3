"""Streaming Sortformer by onnxruntime: up to four speakers, 80 ms frames.

The model is split into two graphs (`livestt.speakers.model_card`); between them stands the
session's memory (`livestt.speakers.sortformer_state`), which is ours. Steps of several sessions
run as one batch, padded and masked, so that each gets what it would get alone.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from livestt.errors import BadModel
from livestt.speakers import (
    Activity,
    DiarizerCapabilities,
    DiarizerJob,
    DiarizerSettings,
    Probabilities,
    onnx_graph,
)
from livestt.speakers.features import HOP, LogMel
from livestt.speakers.model_card import HEAD, PRE, read
from livestt.speakers.sortformer_state import Embeddings, Memory, forget, remember
from livestt.speakers.steps import Progress, Step, StepSizes, cut, hear, ready

MAX_BATCH = 16


class SortformerStream:
    """The state of one session."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress


class SortformerDiarizer:
    """Runs a converted Sortformer.

    Args:
        settings: ``model`` is the folder of a converted model.

    Raises:
        BadModel: the folder holds none, or one of another kind.
        UnsupportedOption: the model has no such latency, or there is no such device.
    """

    kind: ClassVar[str] = "sortformer"

    def __init__(self, settings: DiarizerSettings) -> None:
        # The features' small matrix products are slower on many threads, which then also spin.
        threadpool_limits(limits=1, user_api="blas")
        folder = Path(settings.model)
        card = read(folder)
        if card.kind != self.kind:
            raise BadModel(f"{folder} is a model for {card.kind}, not for {self.kind}.")
        self._card = card
        self._mel = LogMel(card.mels)
        self._silence = None if card.silence is None else np.array(card.silence, np.float32)
        providers = onnx_graph.providers(settings.device)
        self._pre = onnx_graph.load(folder / PRE, settings.threads, providers)
        self._head = onnx_graph.load(folder / HEAD, settings.threads, providers)
        self._device = onnx_graph.device(providers)
        self._take_preset(settings.latency)

    def at(self, latency: str) -> Self:
        other = copy.copy(self)
        other._take_preset(latency)
        return other

    def _take_preset(self, latency: str) -> None:
        card = self._card
        preset = card.preset(latency)
        self._policy = card.policy(preset)
        self._sizes = StepSizes(
            preset.chunk * card.subsampling,
            card.left * card.subsampling,
            preset.right * card.subsampling,
        )
        self.capabilities = DiarizerCapabilities(
            name=self.kind,
            model=card.name,
            max_speakers=card.speakers,
            frame=HOP * card.subsampling // card.upsampling,
            step=HOP * self._sizes.chunk,
            latency=self._sizes.latency,
            preset=latency,
            max_batch=MAX_BATCH,
            device=self._device,
        )

    def open(self) -> SortformerStream:
        memory = forget(self._card.size, self._silence)
        nothing = np.zeros((0, self._card.mels), np.float32)
        return SortformerStream(Progress(self._mel.start(), memory, nothing))

    def release(self, stream: SortformerStream) -> None: ...

    def batch_key(self, job: DiarizerJob) -> Hashable:
        return None

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        streams: list[SortformerStream] = [job.stream for job in jobs]
        states = [
            hear(self._mel, stream.progress, job.audio, job.final)
            for stream, job in zip(streams, jobs, strict=True)
        ]
        starts = [state.position * HOP for state in states]
        answers: list[list[Probabilities]] = [[] for _ in jobs]
        while turn := [i for i, state in enumerate(states) if ready(self._sizes, state)]:
            for i, state, rows in zip(turn, *self._step([states[i] for i in turn]), strict=True):
                states[i] = state
                answers[i].append(rows)
        # Only now, when nothing can fail any more: a job that fails is run again.
        for stream, state in zip(streams, states, strict=True):
            stream.progress = state
        frame = self.capabilities.frame
        return [
            Activity(start, frame, self._joined(rows))
            for start, rows in zip(starts, answers, strict=True)
        ]

    def close(self) -> None:
        del self._pre, self._head

    def _joined(self, rows: list[Probabilities]) -> Probabilities:
        if not rows:
            return np.zeros((0, self._card.speakers), np.float32)
        return np.concatenate(rows)

    def _step(self, states: list[Progress]) -> tuple[list[Progress], list[Probabilities]]:
        """Take one step of each session."""
        steps, after = zip(*(cut(self._mel, self._sizes, state) for state in states), strict=True)
        embedded = self._embed([step.window for step in steps])
        shown = [state.memory.before(chunk) for state, chunk in zip(states, embedded, strict=True)]
        said = self._listen(shown)
        done = [self._conclude(*one) for one in zip(steps, after, embedded, said, strict=True)]
        return [state for state, _ in done], [rows for _, rows in done]

    def _embed(self, windows: list[npt.NDArray[np.float32]]) -> list[Embeddings]:
        factor = self._card.subsampling
        lengths = [len(window) for window in windows]
        x = _padded(windows, -(-max(lengths) // factor) * factor)
        emb = _run(self._pre, {"x": x, "n": np.array(lengths, np.int64)})
        return [emb[i, : -(-length // factor)] for i, length in enumerate(lengths)]

    def _listen(self, shown: list[Embeddings]) -> list[Probabilities]:
        lengths = [len(embeddings) for embeddings in shown]
        x = _padded(shown, max(lengths))
        p = _run(self._head, {"emb": x, "n": np.array(lengths, np.int64)})
        return [p[i, : length * self._card.upsampling] for i, length in enumerate(lengths)]

    def _conclude(
        self, step: Step, after: Progress, embedded: Embeddings, said: Probabilities
    ) -> tuple[Progress, Probabilities]:
        """The session after a step, and the probabilities of the step's chunk."""
        factor, up = self._card.subsampling, self._card.upsampling
        memory: Memory = after.memory
        left, own = step.left // factor, -(-step.chunk // factor)
        begin = (len(memory) + left) * up
        rows = said[begin : begin + -(-step.chunk * up // factor)]
        per_frame = said if up == 1 else said.reshape(-1, up, said.shape[1]).mean(1)
        memory = remember(self._policy, memory, embedded[left : left + own], per_frame, left)
        return replace(after, memory=memory), rows


def _run(graph: Any, feeds: dict[str, Any]) -> npt.NDArray[np.float32]:
    answer: npt.NDArray[np.float32] = graph.run(None, feeds)[0]
    return answer


def _padded(rows: Sequence[npt.NDArray[np.float32]], length: int) -> npt.NDArray[np.float32]:
    """Of unlike length, side by side, zeros after their ends."""
    out = np.zeros((len(rows), length, rows[0].shape[1]), np.float32)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out
