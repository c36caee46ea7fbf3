"""A model that is in memory only while somebody needs it.

`Resident` stands in front of an engine, `ResidentDiarizer` in front of a diarizer and
`ResidentEmbedder` in front of an embedder. Whoever opens a stream of the engine makes the models
come back, and waits for them, and so does whoever asks the embedder; while nobody has a stream they
may be put out of memory with `Residence.evict`.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from livestt.engines import Capabilities, Engine, Hypothesis, Job, StreamOptions
from livestt.errors import EngineError, SetupError
from livestt.settings import Settings
from livestt.speakers import Activity, Diarizer, DiarizerCapabilities, DiarizerJob
from livestt.speakers.embeddings import Embedder, EmbedderCapabilities, EmbedderJob, Embedding

log = logging.getLogger(__name__)

State = Literal["loaded", "loading", "unloading", "unloaded"]


class Closable(Protocol):
    """What engines, diarizers and embedders have in common."""

    @property
    def capabilities(self) -> Any: ...

    def close(self) -> None: ...


class Models(NamedTuple):
    """What a server runs; they come and go together, as some share their weights."""

    engine: Engine
    diarizer: Diarizer | None = None
    file_diarizer: Diarizer | None = None
    """Of files; may be the same."""
    embedder: Embedder | None = None
    """Compares voices."""

    @property
    def all(self) -> list[Closable]:
        """Each of them once."""
        found: list[Closable] = [self.engine]
        for one in (self.diarizer, self.file_diarizer, self.embedder):
            if one is not None and not any(one is other for other in found):
                found.append(one)
        return found


@dataclass(slots=True)
class ResidenceStats:
    """Counted since the start."""

    loads: int = 0
    """How often the model came back; its first time does not count."""
    evictions: int = 0
    seconds: float = 0.0
    """Spent waiting for the model to come back."""


class Residence:
    """Where the models are kept. Thread-safe.

    Args:
        models: loaded; they belong to this from now on.
        load: loads the same ones again.

    Attributes:
        state: where they are.
        failure: why they could not be loaded, if the last attempt failed.
        stats: counted since the start.
    """

    def __init__(self, models: Models, load: Callable[[], Models]) -> None:
        self.state: State = "loaded"
        self.failure: str | None = None
        self.stats = ResidenceStats()
        self._able = _abilities(models)
        self._models: Models | None = models
        self._load = load
        self._moving = threading.Lock()  # held while they come or go, which takes long
        self._counting = threading.Lock()
        self._holders = 0
        self._needed = time.monotonic()

    def hold(self) -> Models:
        """The models, which stay in memory until `let_go` is called as often. Blocking.

        Raises:
            EngineError: they cannot be loaded again.
        """
        with self._moving:
            models = self._models or self._come_back()
            with self._counting:
                self._holders += 1
            return models

    def let_go(self) -> None:
        """Whoever held the models does not need them any more."""
        with self._counting:
            self._holders -= 1
            self._needed = time.monotonic()

    @property
    def held(self) -> Models:
        """The models, for somebody who holds them.

        Raises:
            EngineError: nobody does.
        """
        if self._models is None:
            raise EngineError("the model is not loaded")
        return self._models

    def evict(self, idle: float = 0.0) -> bool:
        """Put the models out of memory, unless they were needed in the last seconds. Blocking.

        Returns:
            Whether they were in memory, and are not any more.
        """
        with self._moving:
            with self._counting:
                since = time.monotonic() - self._needed
                if self._models is None or self._holders or since < idle:
                    return False
            models, self._models = self._models, None
            self.state = "unloading"
            try:
                _close(models)
            finally:
                del models
                give_back_memory()
                self.state = "unloaded"
                self.stats.evictions += 1
        log.info("nobody needs the model: it is unloaded")
        return True

    def close(self) -> None:
        """Free the models, if they are in memory. No call follows."""
        with self._moving:
            models, self._models = self._models, None
            if models is not None:
                _close(models)

    def _come_back(self) -> Models:
        started = time.monotonic()
        self.state = "loading"
        log.info("the model is loaded again")
        try:
            models = self._load()
            if _abilities(models) != self._able:
                _close(models)
                raise SetupError("the model was replaced by another one; restart the server")
        except (EngineError, SetupError) as error:
            self.state, self.failure = "unloaded", str(error)
            raise EngineError(f"the model cannot be loaded again: {error}") from error
        except BaseException as error:
            self.state, self.failure = "unloaded", f"{type(error).__name__}: {error}"
            raise
        self._models, self.state, self.failure = models, "loaded", None
        self.stats.loads += 1
        self.stats.seconds += time.monotonic() - started
        return models


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


def _abilities(models: Models) -> list[Any]:
    return [model.capabilities for model in models.all]


def _close(models: Models) -> None:
    """Close all, whatever one of them raises."""
    with ExitStack() as closing:
        for model in models.all:
            closing.callback(model.close)


def state_of(engine: object) -> State:
    """Where an engine's model is; one that is not a `Resident` is always there."""
    return engine.residence.state if isinstance(engine, Resident) else "loaded"


def give_back_memory() -> None:
    """What the process has freed goes to the system at once; glibc would keep some of it."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
