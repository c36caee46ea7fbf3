"""Engines, diarizers and embedders whose models are in memory only while somebody needs them.

`Resident` stands in front of an engine, `ResidentDiarizer` in front of a diarizer and
`ResidentEmbedder` in front of an embedder. Opening a stream of the engine loads the models and
waits for them, and so does a question to the embedder; `livestt.residence` keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from typing import Any

from livestt.engines import Capabilities, Hypothesis, Job, StreamOptions
from livestt.errors import EngineError
from livestt.residence import Models, Residence, State
from livestt.settings import Settings
from livestt.speakers import Activity, Diarizer, DiarizerCapabilities, DiarizerJob
from livestt.speakers.embeddings import Embedder, EmbedderCapabilities, EmbedderJob, Embedding


class Resident:
    """An engine whose model is in memory only while somebody has a stream of it.

    Args:
        residence: where the model is kept; closed with this.
        capabilities: of the engine.
    """

    def __init__(self, residence: Residence, capabilities: Capabilities) -> None:
        self.residence = residence
        self.capabilities = capabilities

    def open(self, options: StreamOptions) -> Any:
        models = self.residence.hold()
        try:
            return models.engine.open(options)
        except BaseException:
            self.residence.let_go()
            raise

    def release(self, stream: Any) -> None:
        try:
            self.residence.held.engine.release(stream)
        finally:
            self.residence.let_go()

    def reset(self, stream: Any) -> None:
        self.residence.held.engine.reset(stream)

    def batch_key(self, job: Job) -> Hashable:
        return self.residence.held.engine.batch_key(job)

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        return self.residence.held.engine.run(jobs)

    def close(self) -> None:
        self.residence.close()


class ResidentDiarizer:
    """A diarizer that comes and goes with an engine. Its streams belong to sessions that hold the
    engine, so nobody waits for it.

    Args:
        residence: where it is kept.
        find: which of the models it is.
        capabilities: of the diarizer.
    """

    def __init__(
        self,
        residence: Residence,
        find: Callable[[Models], Diarizer | None],
        capabilities: DiarizerCapabilities,
    ) -> None:
        self.capabilities = capabilities
        self._residence = residence
        self._find = find

    @property
    def _model(self) -> Diarizer:
        model = self._find(self._residence.held)
        assert model is not None
        return model

    def open(self) -> Any:
        return self._model.open()

    def release(self, stream: Any) -> None:
        self._model.release(stream)

    def batch_key(self, job: DiarizerJob) -> Hashable:
        return self._model.batch_key(job)

    def run(self, jobs: Sequence[DiarizerJob]) -> list[Activity]:
        return self._model.run(jobs)

    def close(self) -> None:
        """Nothing: the engine's residence closes all."""


class ResidentEmbedder:
    """An embedder that comes and goes with an engine. Voices are also enrolled while nobody speaks,
    so each batch holds the models while it lasts.

    Args:
        residence: where it is kept.
        capabilities: of the embedder.
    """

    def __init__(self, residence: Residence, capabilities: EmbedderCapabilities) -> None:
        self.capabilities = capabilities
        self._residence = residence

    def batch_key(self, job: EmbedderJob) -> Hashable:
        try:
            return _embedder(self._residence.held).batch_key(job)
        except EngineError:
            return job  # only the model knows what goes with it: alone, it may fetch the model

    def run(self, jobs: Sequence[EmbedderJob]) -> list[Embedding]:
        models = self._residence.hold()
        try:
            return _embedder(models).run(jobs)
        finally:
            self._residence.let_go()

    def close(self) -> None:
        """Nothing: the engine's residence closes all."""


def load_models(settings: Settings, say: Callable[[str], None] | None = None) -> Models:
    """What a server with these settings runs. Blocking, and may download.

    The largest comes last, so that nobody waits for it and is then told that another is missing.

    Raises:
        SetupError: something of it cannot be loaded.
    """
    from livestt.engines.registry import load_engine
    from livestt.speakers.embedder_registry import load_embedder
    from livestt.speakers.registry import load_diarizer, load_file_diarizer

    with ExitStack() as loaded:
        embedder = load_embedder(settings)
        if embedder is not None:
            loaded.callback(embedder.close)
        diarizer = file_diarizer = None
        if settings.diarization:
            diarizer = load_diarizer(settings, say)
            loaded.callback(diarizer.close)
            file_diarizer = load_file_diarizer(settings, diarizer, say)
            if file_diarizer is not diarizer:
                loaded.callback(file_diarizer.close)
        engine = load_engine(settings, say)
        loaded.pop_all()
    return Models(engine, diarizer, file_diarizer, embedder)


def resident(models: Models, settings: Settings) -> Models:
    """The same models, so that they can be put out of memory; at once, where they are not to be
    preloaded.

    Args:
        models: loaded with these settings.
        settings: the operator's.
    """
    residence = Residence(models, lambda: load_models(settings))
    diarizer = file_diarizer = None
    if (live := models.diarizer) is not None:
        diarizer = ResidentDiarizer(residence, lambda m: m.diarizer, live.capabilities)
    if (patient := models.file_diarizer) is live:
        file_diarizer = diarizer
    elif patient is not None:
        file_diarizer = ResidentDiarizer(residence, lambda m: m.file_diarizer, patient.capabilities)
    embedder = None
    if models.embedder is not None:
        embedder = ResidentEmbedder(residence, models.embedder.capabilities)
    engine = Resident(residence, models.engine.capabilities)
    if not settings.preload:
        residence.evict()
    return Models(engine, diarizer, file_diarizer, embedder)


def _embedder(models: Models) -> Embedder:
    assert models.embedder is not None, "the same models were loaded again"
    return models.embedder


def state_of(engine: object) -> State:
    """Where an engine's model is; one that is not a `Resident` is always there."""
    return engine.residence.state if isinstance(engine, Resident) else "loaded"
