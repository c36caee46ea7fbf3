"""Speaker models in ONNX: WeSpeaker's, 3D-Speaker's and NeMo's, as they are published.

What a model hears shows in its inputs. One of ``[batch, frames, 80]`` hears Kaldi's features
(`livestt.speakers.fbank`); ``audio_signal`` of ``[batch, 80, frames]`` with a length beside it
hears NeMo's (`livestt.speakers.features`), each filter brought to mean 0 and deviation 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from livestt.engines import Samples
from livestt.errors import BadModel, EngineError
from livestt.models.embedders import resolve
from livestt.speakers.embeddings import (
    LEAST,
    EmbedderCapabilities,
    EmbedderJob,
    EmbedderSettings,
    Embedding,
    unit,
)
from livestt.speakers.fbank import BINS, Fbank
from livestt.speakers.features import BEFORE, HOP, LogMel
from livestt.speakers.onnx_graph import device, errors, load, providers

MAX_BATCH = 8
THREADS = 2
"""Unless the operator names a number: a few seconds of speech take such a model milliseconds."""
THRESHOLD = 0.5
"""Without a word from the operator or the model. Models differ: measure yours."""
NEMO_INPUT = "audio_signal"

Features = npt.NDArray[np.float32]


class OnnxEmbedder:
    """A speaker model run by onnxruntime. Jobs of equal length share a batch.

    Args:
        settings: which model.

    Raises:
        BadModel: it is no speaker model that can be run.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        MissingExtra: kaldi-native-fbank is not installed.
        UnsupportedOption: a device that is not there.
    """

    def __init__(self, settings: EmbedderSettings) -> None:
        path = resolve(settings.model, settings.model_dir)
        chosen = providers(settings.device)
        self._session = load(path, settings.threads or THREADS, chosen)
        self._input = self._session.get_inputs()[0].name
        self._nemo = self._input == NEMO_INPUT
        self._output = _embeddings_of(self._session, path)
        meta = self._session.get_modelmeta().custom_metadata_map
        self._features = _nemo_features() if self._nemo else _kaldi_features(meta)
        try:
            dimensions = len(self._ask(self._features(_sound())[None])[0])
        except EngineError as error:
            raise BadModel(
                f"{path} is not a speaker model that livestt can run: {error}"
            ) from error
        self.capabilities = EmbedderCapabilities(
            name="onnx",
            model=f"{path.parent.name}/{path.stem}#{_fingerprint(path)}",
            dimensions=dimensions,
            threshold=_threshold(meta, path),
            max_batch=MAX_BATCH,
            device=device(chosen),
        )

    def batch_key(self, job: EmbedderJob) -> Hashable:
        return len(job.audio) // HOP

    def run(self, jobs: Sequence[EmbedderJob]) -> list[Embedding]:
        features = [self._features(job.audio) for job in jobs]
        shortest = min(map(len, features))
        given = self._ask(np.stack([frames[:shortest] for frames in features]))
        return [unit(vector) for vector in given]

    def close(self) -> None:
        del self._session

    def _ask(self, features: Features) -> npt.NDArray[np.float32]:
        """Embeddings ``[batch, dimensions]`` of features ``[batch, frames, 80]``."""
        batch, frames, _ = features.shape
        feed: dict[str, Any] = {self._input: features}
        if self._nemo:
            lengths = np.full(batch, frames, np.int64)
            feed = {self._input: features.transpose(0, 2, 1), self._lengths: lengths}
        try:
            given = self._session.run([self._output], feed)[0]
        except errors() as error:
            raise EngineError(f"the speaker model failed: {error}") from error
        answer = np.asarray(given, np.float32)
        if answer.ndim != 2 or len(answer) != batch or not np.isfinite(answer).all():
            raise EngineError(f"the speaker model answered {answer.shape} to {batch} voices")
        return answer

    @property
    def _lengths(self) -> str:
        return str(self._session.get_inputs()[1].name)


def _embeddings_of(session: Any, path: Path) -> str:
    """The output that holds embeddings: a classifier's scores may stand before it."""
    names = [output.name for output in session.get_outputs()]
    named = [name for name in names if "emb" in name.lower()]
    if not names:
        raise BadModel(f"{path} has no output")
    return str((named or names)[-1])


def _kaldi_features(meta: dict[str, str]) -> Callable[[Samples], Features]:
    return Fbank("povey" if meta.get("framework", "") == "3d-speaker" else "hamming")


def _nemo_features() -> Callable[[Samples], Features]:
    mel = LogMel(BINS)

    def features(audio: Samples) -> Features:
        pending = mel.push(mel.start(), np.pad(audio, (0, BEFORE)))
        frames, _ = mel.take(pending, len(audio) // HOP)
        spread = frames.std(axis=0, ddof=1) + 1e-5
        return np.asarray((frames - frames.mean(axis=0)) / spread, np.float32)

    return features


def _threshold(meta: dict[str, str], path: Path) -> float:
    """What the model's file says of itself, under ``threshold``."""
    written = meta.get("threshold", str(THRESHOLD))
    try:
        return float(written)
    except ValueError:
        raise BadModel(f"{path}: its threshold {written[:20]!r} is no number") from None


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()[:12]


def _sound() -> Samples:
    return np.random.default_rng(0).normal(0, 0.1, 2 * LEAST).astype(np.float32)
