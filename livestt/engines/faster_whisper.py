"""Whisper on CTranslate2, in the format of faster-whisper: the default engine."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal

from threadpoolctl import threadpool_limits

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job, Samples
from livestt.engines.ctranslate2_pass import CTranslate2Pass
from livestt.engines.replicas import Replicas, cuda_devices
from livestt.engines.vocabularies import from_folder
from livestt.engines.whisper.engine import WhisperEngine, windows
from livestt.errors import EngineError
from livestt.models.folder import check

MAX_BATCH = {"cpu": 8, "cuda": 32}


class FasterWhisperEngine(WhisperEngine):
    """A CTranslate2 Whisper shared by all sessions.

    Raises:
        BadModel: the folder is not a CTranslate2 Whisper model.
        UnsupportedOption: the device or compute type cannot be used.
        EngineError: it does not load.
    """

    weights: ClassVar[Literal["ctranslate2"] | None] = "ctranslate2"
    scores_forget_context = True

    def __init__(self, settings: EngineSettings) -> None:
        folder = Path(settings.model)
        check(folder)
        self._replicas = Replicas(folder, settings)
        # For the small products of feature extraction OpenBLAS wakes a thread per core, which
        # takes four times the CPU and no less time.
        threadpool_limits(limits=1, user_api="blas")
        whisper = self._replicas.many
        multilingual = bool(whisper.is_multilingual)
        vocabulary = from_folder(folder, multilingual=multilingual)
        self._bands = int(whisper.n_mels)
        device = str(whisper.device)
        capabilities = Capabilities(
            name="faster-whisper",
            model=folder.name,
            streaming="window",
            languages=frozenset(vocabulary.languages) or frozenset({"en"}),
            detects_language=multilingual,
            translates=multilingual,
            attends=True,
            max_batch=MAX_BATCH[device],
            parallel=self._replicas.parallel,
            device=device,
        )
        super().__init__(settings, vocabulary, capabilities)

    @staticmethod
    def devices(settings: EngineSettings) -> int:
        """How many devices could each have an engine of its own."""
        return max(1, cuda_devices(settings))

    def close(self) -> None:
        self._replicas.close()

    def batch_key(self, job: Job) -> Hashable:
        """Equal windows and equal context lengths can share a batch."""
        return super().batch_key(job), len(self._context(job))

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        try:
            return self.answer(jobs)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"CTranslate2 failed: {error}") from error

    @contextmanager
    def _begin(self, audio: Sequence[Samples], seconds: int) -> Iterator[CTranslate2Pass]:
        features = windows(audio, self._bands, seconds)
        with self._replicas.lend(len(audio)) as whisper:
            yield CTranslate2Pass(whisper, self._vocabulary, features)
